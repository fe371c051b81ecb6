"""Images and labels from folders, archives that stay packed, and URLs."""

from __future__ import annotations

import functools
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Ran

from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.io import files
from bench.io.files import Elsewhere, File, LocalFolder, open_folder

Bench = Callable[..., Ran]


@pytest.fixture
def zipped(photos: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        for path in sorted(photos.rglob("*.*")):
            archive.write(path, path.relative_to(photos))
        archive.writestr("__MACOSX/._0.png", b"resource fork")
    return tmp_path / "packed.zip"


@pytest.fixture
def tarred(photos: Path, tmp_path: Path) -> Path:
    with tarfile.open(tmp_path / "packed.tar", "w") as archive:
        for path in sorted(photos.rglob("*.*")):
            archive.add(path, path.relative_to(photos))
    return tmp_path / "packed.tar"


@pytest.fixture
def server(photos: Path) -> Iterator[str]:
    """A server that lists its folders, as most do."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(photos.parent))
    ) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def scores(bench: Bench, dataset: object) -> list[str]:
    done = bench("score", dataset, "--method", "bytes-per-pixel", "--format", "csv")
    assert done.code == 0, done.err
    return done.out.splitlines()[1:]


def test_a_zip_and_a_tar_score_as_the_folder_does(bench: Bench, photos: Path, zipped: Path, tarred: Path) -> None:
    expected = scores(bench, photos)
    assert len(expected) == 8
    assert scores(bench, zipped) == scores(bench, tarred) == expected


def test_a_memory_file_system_scores_as_the_folder_does(bench: Bench, photos: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    for path in photos.rglob("*.*"):
        memory.pipe_file(f"/store/photos/{path.relative_to(photos).as_posix()}", path.read_bytes())
    assert scores(bench, "memory://store/photos") == scores(bench, photos)


def test_a_server_scores_as_the_folder_does(bench: Bench, photos: Path, server: str) -> None:
    (photos / "images" / "a b+c.png").write_bytes((photos / "images" / "0.png").read_bytes())
    with (photos / "scores.csv").open("a") as file:
        file.write("images/a b+c.png,4,test\n")
    assert scores(bench, f"{server}/photos") == scores(bench, photos)


def test_workers_open_an_archive_of_their_own(bench: Bench, photos: Path, zipped: Path) -> None:
    for dataset in (photos, zipped):
        done = bench("run", "--method", "bytes-per-pixel", "--dataset", dataset, "--workers", "2", "--strict")
        assert done.code == 0, done.err


def test_a_run_from_a_zip_has_the_identity_of_one_from_a_folder(bench: Bench, photos: Path, zipped: Path) -> None:
    zipped.rename(zipped.with_name("photos.zip"))
    bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", "photos.zip")
    assert "(already stored)" in done.out


def test_an_archive_of_a_folder_and_one_of_its_inside_are_alike(bench: Bench, photos: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "dot.tar", "w") as archive:
        archive.add(photos, ".")
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as packed:
        for path in sorted(photos.rglob("*.*")):
            packed.write(path, path.relative_to(photos.parent))
    assert scores(bench, tmp_path / "dot.tar") == scores(bench, tmp_path / "whole.zip") == scores(bench, photos)
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", tmp_path / "whole.zip")
    assert "SRCC" in done.out
    assert "no SRCC" not in done.out


def test_what_is_deep_down_is_read_or_refused_and_never_lost(bench: Bench, photos: Path, tmp_path: Path) -> None:
    import fsspec

    picture = (photos / "images" / "0.png").read_bytes()
    deep = "/".join("abcdefghijkl")
    with zipfile.ZipFile(tmp_path / "deep.zip", "w") as packed:
        packed.writestr(f"{deep}/1.png", picture)
        packed.writestr("0.png", picture)
    assert len(scores(bench, tmp_path / "deep.zip")) == 2
    fsspec.filesystem("memory").pipe_file(f"/deep/{deep}/1.png", picture)
    with pytest.raises(UsageError, match="has folders more than 7 levels deep: give a folder below it"):
        open_folder("memory://deep", "--root").files()


def test_a_zip_with_two_files_of_one_name_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "twice.tar", "w") as archive:
        for name in ("a.png", "./a.png"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(UsageError, match="has several files with the same name"):
        open_folder(str(tmp_path / "twice.tar"), "--root").files()


@pytest.mark.parametrize("text", ["~nosuchuser/x", "http://[x/y"])
def test_a_path_that_is_none_is_a_mistake_and_no_traceback(bench: Bench, text: str) -> None:
    for command in (
        ("run", "--method", "bytes-per-pixel", "--dataset", text),
        ("doctor", "koniq", "--root", f"koniq={text}"),
    ):
        done = bench(*command)
        assert done.code in (1, 2)
        assert (
            "this home folder does not exist" in done.err + done.out
            or "which is not a valid URL" in done.err + done.out
        )


def test_an_empty_scores_csv_is_named(bench: Bench, photos: Path) -> None:
    (photos / "scores.csv").write_bytes(b"")
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos)
    assert done.code == 2
    assert "scores.csv cannot be read: the file is empty (0 bytes); repair or remove it" in done.err


def test_resource_forks_and_hidden_files_are_no_images(zipped: Path) -> None:
    assert len(open_folder(str(zipped), "--root").files()) == 9


def test_a_folder_leaves_out_what_an_archive_leaves_out(photos: Path) -> None:
    before = LocalFolder(photos).files()
    for hidden in ("__MACOSX/a.png", ".thumbnails/a.png", "images/._0.png", "images/.ipynb_checkpoints/a.png"):
        (photos / hidden).parent.mkdir(exist_ok=True)
        (photos / hidden).write_bytes(b"x")
    assert LocalFolder(photos).files() == before


def test_a_link_to_a_folder_is_followed_and_a_loop_ends(photos: Path) -> None:
    (photos / "linked").symlink_to(photos / "images")
    (photos / "loop").symlink_to(photos)
    names = LocalFolder(photos).files()
    assert len([name for name in names if name.endswith(".png")]) == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere", r"--root got 'nowhere', which is not a folder, a \.zip or \.tar archive, or a URL"),
        ("set.tgz", "compressed as a whole cannot be read file by file; unpack it"),
        ("http://127.0.0.1:9/set.tar.gz", "compressed as a whole"),
    ],
)
def test_what_cannot_be_a_folder_is_told(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_folder(text, "--root")


def test_a_damaged_archive_is_refused_by_name(tmp_path: Path, zipped: Path) -> None:
    zipped.write_bytes(zipped.read_bytes()[:2000])
    with pytest.raises(UsageError, match=r"packed\.zip is not a zip archive, or is incomplete"):
        open_folder(str(zipped), "--root").files()
    (tmp_path / "none.tar").write_bytes(b"x" * 3000)
    with pytest.raises(UsageError, match=r"none\.tar is not a tar archive"):
        open_folder(str(tmp_path / "none.tar"), "--root").files()


def test_an_unknown_protocol_and_a_dead_server_say_so() -> None:
    with pytest.raises(MissingRequirementError, match=r"cannot be opened.*s3fs"):
        Elsewhere("nosuch://bucket/set").files()
    with pytest.raises(UsageError, match="cannot be listed"):
        Elsewhere("http://127.0.0.1:9/set").files()


def test_a_file_that_is_not_there_is_that_images_failure(zipped: Path, server: str) -> None:
    for folder in (open_folder(str(zipped), "--root"), open_folder(f"{server}/photos", "--root")):
        with pytest.raises(ImageError, match="no such file"):
            File(folder, "images/99.png").read()


def test_a_bomb_in_a_zip_is_refused_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", b"\0" * 2**24)
        archive.writestr("empty.png", b"")
    folder = open_folder(str(tmp_path / "bomb.zip"), "--root")
    with pytest.raises(ImageError, match="more than 1,048,576 bytes: not read"):
        folder.read("bomb.png")
    with pytest.raises(ImageError, match="empty"):
        folder.read("empty.png")


def test_a_tars_links_and_devices_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    with tarfile.open(tmp_path / "hostile.tar", "w") as archive:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
        pipe = tarfile.TarInfo("pipe.png")
        pipe.type = tarfile.FIFOTYPE
        archive.addfile(pipe)
        up = tarfile.TarInfo("../up.png")
        up.size = 3
        archive.addfile(up, io.BytesIO(b"abc"))
    folder = open_folder(str(tmp_path / "hostile.tar"), "--root")
    for name in folder.files():
        try:
            assert folder.read(name) == b"abc"
        except ImageError:
            continue
    assert secret.read_bytes() == b"secret"
