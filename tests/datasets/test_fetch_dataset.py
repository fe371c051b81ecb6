"""`bench fetch dataset` against a local server."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from archives import FILES, add, make, tree
from dataset_site import LABELS, Site, names, serving_dataset

from bench.datasets import fetch_plan
from bench.datasets.card import Archive
from bench.io import download, unpacking


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with serving_dataset(tmp_path, monkeypatch) as site:
        yield site


@pytest.fixture
def fetch(bench: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    return lambda *more: bench("fetch", "dataset", "koniq10k", "--output", tmp_path / "data" / "set", *more)


def test_a_dataset_arrives_and_its_terms_are_said_first(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.offer(site.archive("set.zip", size=1_000_000))
    ran = fetch("--yes")
    target = tmp_path / "data" / "set"
    assert ran.code == 0, ran.err
    assert ran.out == f"koniq is in {target}\nsee whether all is there: bench doctor koniq --root koniq={target}\n"
    said = ran.err.splitlines()
    assert said[:3] == [
        "koniq: KonIQ-10k",
        "licence: free for research; images from Flickr under their Creative Commons licences",
        "source: https://database.mmsp-kn.de/koniq-10k-database.html",
    ]
    assert said[3] == f"set.zip: about 1 MB, from {site.address}/dir/set.zip; checked by its SHA-256"
    assert said[4].startswith(f"to: {target}, where ")
    assert tree(target) == FILES
    assert names(tmp_path / "data") == ["set"]


def test_several_files_make_one_dataset(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.offer(
        site.archive("set.zip"),
        site.archive("more.tgz", into="b/c"),
        site.archive("labels%202.csv", sha256="", into="b"),
    )
    ran = fetch("--yes", "--keep-archive")
    assert ran.code == 0, ran.err
    assert tree(tmp_path / "data" / "set") == {**FILES, "b/c/images/3.png": b"3", "b/labels 2.csv": LABELS}
    kept = tmp_path / "data" / "set.download" / "archives"
    assert f"the archives are kept in {kept}\n" in ran.out
    assert {"set.zip", "more.tgz", "labels 2.csv"} <= set(names(kept))
    assert "labels 2.csv: size not known, from" in ran.err
    assert "no hash is published to check it by" in ran.err
    # Kept archives serve again.
    asked = len(site.server.asked)
    shutil.rmtree(tmp_path / "data" / "set")
    assert fetch("--yes").code == 0
    assert len(site.server.asked) == asked
    assert names(tmp_path / "data") == ["bench.lock", "set"]


def test_two_archives_that_bring_the_same_file(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.offer(site.archive("set.zip"), site.archive("set.zip", name="again.zip"))
    ran = fetch("--yes")
    assert ran.code == 1
    assert "again.zip was not unpacked: its member 'labels.csv' already exists, from another archive" in ran.err
    site.server.files["/dir/labels.csv"] = LABELS
    site.offer(site.archive("set.zip"), site.archive("labels.csv"))
    ran = fetch("--yes")
    assert ran.code == 1
    assert "File exists" in ran.err
    assert names(tmp_path / "data") == ["set.download"]


def test_what_is_left_out_is_said(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "l.tar", "w") as archive:
        add(archive, "1.png", b"x")
        add(archive, "images", kind=tarfile.SYMTYPE, linkname="/etc")
    site.server.files["/dir/l.tar"] = (tmp_path / "l.tar").read_bytes()
    site.offer(site.archive("l.tar"))
    ran = fetch("--yes")
    assert ran.code == 0
    assert "left out, being neither files nor folders: 1, such as 'images'\n" in ran.out


def test_a_cut_connection_goes_on(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.server.cut, site.server.cuts = 1000, download._ATTEMPTS
    ran = fetch("--yes")
    assert ran.code == 1
    assert "failed 5 times; 5,000 bytes are kept in" in ran.err
    assert not (tmp_path / "data" / "set").exists()
    assert fetch("--yes").code == 0
    assert site.server.asked[-1] == "bytes=5000-"
    assert tree(tmp_path / "data" / "set") == FILES


def test_a_wrong_hash_unpacks_nothing(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.offer(site.archive("set.zip", sha256="0" * 64))
    ran = fetch("--yes")
    assert ran.code == 1
    assert "begins" in ran.err
    assert "it was deleted: try again, or download the file by hand to" in ran.err
    assert tree(tmp_path / "data").keys() <= {"set.download/lock", "set.download/archives/set.zip.lock"}


def test_a_missing_archive_points_to_the_page(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.offer(site.archive("set.zip"), site.archive("none.zip"))
    ran = fetch("--yes")
    assert ran.code == 2
    assert "none.zip cannot be downloaded (HTTP 404" in ran.err
    assert ran.err.endswith("The dataset's page is https://database.mmsp-kn.de/koniq-10k-database.html\n")
    assert not (tmp_path / "data" / "set").exists()


def test_an_endless_archive_is_given_up(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.server.endless, site.server.length = True, False
    site.offer(site.archive("set.zip", size=20_000_000))
    ran = fetch("--yes")
    assert ran.code == 1
    assert "the server sends more than 30,000,000 bytes" in ran.err
    assert site.server.sent < 10**9
    # A small file may be several times as large as its card says.
    site.server.endless, site.server.length = False, True
    shutil.rmtree(tmp_path / "data")
    site.offer(site.archive("set.zip", size=1000))
    assert fetch("--yes").code == 0


def locked(folder: Path) -> list[str]:
    return [line for line in (folder / "bench.lock").read_text().splitlines() if not line.startswith("#")]


def test_a_hash_that_nobody_publishes_is_recorded(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    data, url = tmp_path / "data", f"{site.address}/dir/set.zip"
    before = site.server.files["/dir/set.zip"]
    site.offer(site.archive("set.zip", sha256=""), site.archive("more.tgz"))
    assert fetch("--yes").code == 0
    (line,) = locked(data)
    assert tomllib.loads(line)[url] == {
        "sha256": hashlib.sha256(before).hexdigest(),
        "size": len(before),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "file": "set.zip",
    }
    # The same again is the same.
    shutil.rmtree(data / "set")
    assert fetch("--yes").code == 0
    assert locked(data) == [line]
    # Another file is refused, also when it is here already, until the line is deleted.
    shutil.rmtree(data / "set")
    after = site.server.files["/dir/set.zip"] = make(tmp_path / "set.zip", {"new.png": b"1"}).read_bytes()
    for _ in range(2):
        ran = fetch("--yes")
        assert ran.code == 1
        was, now = (f"{hashlib.sha256(each).hexdigest()[:12]} ({len(each):,} bytes)" for each in (before, after))
        assert (
            f"set.zip: {url} is another file than on {datetime.now(UTC):%Y-%m-%d}: its SHA-256 began {was} and now "
            f"begins {now}. If you trust it, delete its line from {data / 'bench.lock'} and run the command again; "
            f"to download it again, delete {data / 'set.download' / 'archives' / 'set.zip'}\n" in ran.err
        )
        assert not (data / "set").exists()
    asked = len(site.server.asked)
    (data / "bench.lock").write_text("")
    assert fetch("--yes").code == 0
    assert len(site.server.asked) == asked
    assert hashlib.sha256(after).hexdigest() in locked(data)[0]


def test_a_published_hash_is_not_recorded_and_wins(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert fetch("--yes").code == 0
    assert names(data) == ["set"]
    shutil.rmtree(data / "set")
    url, other = f"{site.address}/dir/set.zip", "0" * 64
    (data / "bench.lock").write_text(f'"{url}" = {{ sha256 = "{other}", size = 1, date = "2020-01-01", file = "x" }}\n')
    assert fetch("--yes").code == 0


def test_what_cannot_be_unpacked_is_not_recorded(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.server.files["/dir/set.zip"] = site.server.files["/dir/set.zip"][:-30]
    site.offer(site.archive("set.zip", sha256=""))
    assert fetch("--yes").code == 1
    assert not (tmp_path / "data" / "bench.lock").exists()


@pytest.mark.parametrize(
    "text",
    ["<<<<<<< HEAD", '"u" = 3', '"u" = { sha256 = "xyz", size = 1, date = "2020-01-01", file = "x" }', "\xff"],
)
def test_a_damaged_lock_file_is_one_sentence(site: Site, fetch: Callable[..., Any], tmp_path: Path, text: str) -> None:
    site.offer(site.archive("set.zip", sha256=""))
    path = tmp_path / "data" / "bench.lock"
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    ran = fetch("--yes")
    assert ran.code == 2
    assert f"{path} holds hashes of downloads, but cannot be read (" in ran.err
    assert "repair it, or delete it so that they are recorded again" in ran.err
    assert site.server.asked == []
    assert path.read_bytes() == text.encode("latin-1")


def test_a_web_page_in_place_of_an_archive(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    site.server.files["/dir/set.zip"] = b"<!DOCTYPE html><title>Sign in</title>"
    site.offer(site.archive("set.zip", sha256=""))
    ran = fetch("--yes")
    assert ran.code == 2
    assert "set.zip sent a web page (to log in, to accept terms, or an error) in place of the file" in ran.err
    assert ran.err.endswith("The dataset's page is https://database.mmsp-kn.de/koniq-10k-database.html\n")


@pytest.mark.parametrize(
    ("files", "about", "reason"),
    [
        ({"../x": b"x"}, {}, "its member '../x' would be written outside the folder"),
        ({"a": bytes(2000)}, {"unpacked": 1000}, "it contains more than 1,500 bytes"),
    ],
)
def test_a_hostile_archive_leaves_nothing_unpacked(
    site: Site, fetch: Callable[..., Any], tmp_path: Path, files: dict[str, bytes], about: dict[str, Any], reason: str
) -> None:
    site.server.files["/dir/bad.zip"] = make(tmp_path / "bad.zip", files).read_bytes()
    site.offer(site.archive("set.zip"), site.archive("bad.zip", **about))
    ran = fetch("--yes")
    assert ran.code == 1
    work = tmp_path / "data" / "set.download"
    assert f"bad.zip was not unpacked: {reason}" in ran.err
    assert f"The download is kept in {work}: delete it to download again" in ran.err
    assert names(tmp_path / "data") == ["set.download"]
    assert not (work / "unpacked").exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_unpacking_starts_again(
    site: Site, fetch: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    saved = unpacking._save

    def stopping(member: Any, *rest: Any) -> None:
        saved(member, *rest)
        raise stop

    with monkeypatch.context() as patch:
        patch.setattr(unpacking, "_save", stopping)
        fetch("--yes")
    target = tmp_path / "data" / "set"
    assert not target.exists()
    assert tree(tmp_path / "data" / "set.download" / "unpacked") == {"labels.csv": FILES["labels.csv"]}
    (tmp_path / "data" / "set.download" / "unpacked" / "labels.csv").write_bytes(b"half")
    assert fetch("--yes").code == 0
    assert tree(target) == FILES
    assert len(site.server.asked) == 1, "what was downloaded is not downloaded again"


def test_a_full_disk_leaves_no_half(
    site: Site, fetch: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*rest: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpacking, "_save", full)
    ran = fetch("--yes")
    assert ran.code == 1
    assert "No space left on device. The download is kept in" in ran.err
    assert "unpacked" not in names(tmp_path / "data" / "set.download")


def test_mirrors(site: Site, fetch: Callable[..., Any], tmp_path: Path) -> None:
    own, copy = site.archive("set.zip"), site.archive("more.tgz", mirror="pyiqa's archive on a hub")
    other = site.archive("labels%202.csv", mirror="pyiqa")
    site.offer(own, copy)
    assert fetch_plan.plan("koniq", tmp_path / "x").archives == (own,)
    assert fetch_plan.plan("koniq", tmp_path / "x", "PYIQA").archives == (copy,)
    ran = fetch("--mirror", "nobody")
    assert ran.code == 2
    assert "--mirror got 'nobody'; give the beginning of one mirror's name: \"pyiqa's archive on" in ran.err
    site.offer(copy)
    assert fetch_plan.plan("koniq", tmp_path / "x").archives == (copy,)
    assert "\nmirror: pyiqa's archive on a hub\n" in fetch().err
    site.offer(copy, other)
    assert fetch_plan.plan("koniq", tmp_path / "x", "pyiqa").archives == (other,)
    assert "there are several mirrors; give the beginning" in fetch("--yes").err
    site.offer(own)
    assert "give the beginning of one mirror's name: there are no mirrors" in fetch("--mirror", "pyiqa").err


@pytest.mark.parametrize("name", ["set.rar", "set.7z", "SET.RAR"])
def test_what_cannot_be_unpacked_is_said_before_it_is_fetched(
    site: Site, fetch: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    site.offer(site.archive(name, into="images"))
    ran = fetch("--yes")
    assert ran.code == 2
    assert (
        f"download it from {site.address}/dir/{name}, unpack it by hand with unrar or 7z to {tmp_path}/data/set/images"
        in ran.err
    )
    assert "--mirror" not in ran.err
    assert site.server.asked == []
    site.offer(site.archive(name), site.archive("set.zip", mirror="pyiqa"))
    assert "or give --mirror pyiqa for that copy" in fetch("--yes").err


@pytest.mark.parametrize(
    "about",
    [
        {"url": "http://h/"},
        {"url": "http://h/..%2Fx.zip"},
        {"url": "http://h/x.zip", "name": "a/x.zip"},
        {"url": "http://h/x.zip", "name": ".."},
        {"url": "http://h/x.zip", "into": "../y"},
        {"url": "http://h/x.zip", "into": "/y"},
        {"url": "file:///etc/x.zip"},
    ],
    ids=str,
)
def test_a_card_cannot_lead_out_of_the_folder(site: Site, fetch: Callable[..., Any], about: dict[str, str]) -> None:
    site.offer(Archive(**about))
    ran = fetch("--yes")
    assert ran.code == 2
    assert "the card 'koniq' has an archive with the unsafe file name" in ran.err


def test_two_archives_of_one_name_are_refused(site: Site, fetch: Callable[..., Any]) -> None:
    site.offer(site.archive("set.zip"), Archive(url=f"{site.address}/other/set.zip"))
    assert "has an archive with the unsafe file name 'set.zip'" in fetch("--yes").err


def test_a_set_that_must_be_got_by_hand_says_where(site: Site, fetch: Callable[..., Any]) -> None:
    site.offer()
    ran = fetch("--yes")
    assert ran.code == 2
    assert "get it by hand from https://database.mmsp-kn.de/koniq-10k-database.html" in ran.err


def test_the_sample_and_what_is_unknown(bench: Callable[..., Any]) -> None:
    assert "'sample' needs no download" in bench("fetch", "dataset", "sample", "--output", "x").err
    ran = bench("fetch", "dataset", "konik", "--output", "x")
    assert (ran.code, "ID got 'konik', which is not a known dataset. Did you mean 'koniq'" in ran.err) == (2, True)
