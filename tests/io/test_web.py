"""Folders, archives and images on servers that are slow, endless or false."""

from __future__ import annotations

import base64
import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran
from serving import Server, serving

from bench.errors import BenchError, ImageError, UsageError
from bench.io import files, web, web_folder
from bench.io.files import File, open_folder


def page(*links: str) -> bytes:
    return "".join(f'<li><A class=x HREF="{link}">a</A>\n' for link in links).encode()


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    faults = Server(page("1.png"))
    with serving(faults) as address:
        yield faults, address


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "WINDOW", 0.5)


def listed(address: str) -> list[str]:
    return open_folder(address, "--dataset").files()


def test_links_are_names_below_the_page(server: tuple[Server, str]) -> None:
    faults, address = server
    faults.files = {
        "/a%20set/": page(
            "?C=N;O=D", "/", "../", "#top", "x.png", "./x.png", f"{address}/a%20set/y.png?v=1", "/a%20set/b%2Bc.png",
            "&#100;.png", "sub/", "/other/z.png", "http://elsewhere.org/a%20set/w.png", "mailto:x@y",
            "http://[", ".hid",
        ),
        "/a%20set/sub/": page("/a%20set/", "x.png", "%E2%82%AC/"),
        "/a%20set/sub/%E2%82%AC/": page("e.png"),
    }  # fmt: skip
    assert listed(f"{address}/a set") == ["b+c.png", "d.png", "sub/x.png", "sub/€/e.png", "x.png", "y.png"]


def test_a_name_and_a_password_are_sent_to_that_server_alone(server: tuple[Server, str]) -> None:
    seen: list[tuple[str, str | None]] = []

    class Asking(Server):
        def answer(self, handler: BaseHTTPRequestHandler) -> None:
            seen.append((handler.path, handler.headers.get("Authorization")))
            super().answer(handler)

    with serving(Asking(page("1.png"))) as address, serving(leading := Asking()) as first:
        leading.redirect = f"{address}/there/"
        assert listed(f"{first.replace('://', '://me:pass%40word@')}/here") == ["1.png"]
    assert seen == [("/here/", f"Basic {base64.b64encode(b'me:pass@word').decode()}"), ("/there/", None)]


def test_an_endless_index_is_given_up(
    server: tuple[Server, str], bench: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults, address = server
    monkeypatch.setattr(web_folder, "_MOST_BYTES", 10**6)
    faults.endless, faults.length = True, False
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", address)
    assert (done.code, done.err) == (
        2,
        f"bench: error: {address} cannot be listed: there are more than 1,000,000 bytes\n",
    )
    assert faults.sent < 10**8


def test_an_index_of_endless_parts_is_given_up(server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch) -> None:
    faults, address = server
    faults.content = page(*(f"{i}/" for i in range(50)))
    with pytest.raises(UsageError, match=r"has folders more than 7 levels deep: give a folder below it"):
        listed(address)
    monkeypatch.setattr(web_folder, "MAX_NAMES", 100)
    with pytest.raises(UsageError, match=r"lists more than 100 files and folders: give a folder below it"):
        listed(address)
    monkeypatch.setattr(web_folder, "_MOST_SECONDS", -1.0)
    with pytest.raises(UsageError, match=r"cannot be listed: it takes longer than -1 s"):
        listed(address)


def test_a_page_of_beginnings_of_links_is_read_in_one_pass(server: tuple[Server, str]) -> None:
    server[0].content = b"<a " * 10**6
    assert listed(server[1]) == []
    server[0].content = b"<a href " * 10**6
    assert listed(server[1]) == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["drip", "drip_headers"])
@pytest.mark.parametrize("below", ["photos", "set.zip", "set.tar", "1.png"])
def test_a_slow_server_ends_the_command(
    server: tuple[Server, str], bench: Callable[..., Ran], fault: str, below: str
) -> None:
    server[0].content = bytes(10**6)
    setattr(server[0], fault, 1)
    done = bench("score", f"{server[1]}/{below}", "--method", "bytes-per-pixel")
    assert done.code in (1, 2)
    assert re.search(r"the server sent \d+ bytes in 1 s", done.err)
    assert len(server[0].asked) <= 3, "nothing is tried after it"


def test_an_image_that_breaks_off_or_is_too_large_is_that_images_failure(
    server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults, address = server
    image = File(open_folder(address, "--dataset"), "1.png")
    faults.content, faults.cut, faults.cuts = bytes(1000), 100, 1
    with pytest.raises(ImageError, match=r"cannot be read: .*only 100 of 1,000 bytes came"):
        image.read()
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 999)
    for length in (True, False):
        faults.length = length
        with pytest.raises(ImageError, match=r"the file has more than 999 bytes: not read"):
            image.read()
    with pytest.raises(ImageError, match=r"the file has more than 10 bytes: not read"):
        image.read(10)
    faults.status = 403
    with pytest.raises(ImageError, match="HTTP 403 Forbidden"):
        image.read()


@pytest.fixture
def packed(photos: Path, server: tuple[Server, str]) -> Callable[[str], str]:
    """Pack photographs and put them on the server; gives the address."""
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive, tarfile.open(fileobj=tarred, mode="w") as tar:
        for path in sorted(photos.rglob("*.*")):
            archive.write(path, path.relative_to(photos))
            tar.add(path, path.relative_to(photos))

    def put(name: str) -> str:
        server[0].content = (zipped if name.endswith(".zip") else tarred).getvalue()
        return f"{server[1]}/{name}"

    return put


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar"])
def test_an_archive_on_a_server_scores_as_the_folder_does(
    bench: Callable[..., Ran], photos: Path, packed: Callable[[str], str], name: str
) -> None:
    def scores(dataset: object) -> str:
        done = bench("score", dataset, "--method", "bytes-per-pixel", "--format", "csv")
        assert done.code == 0, done.err
        return done.out

    assert scores(packed(name)) == scores(photos)


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar"])
def test_an_archive_needs_a_server_that_sends_parts(
    server: tuple[Server, str], packed: Callable[[str], str], name: str
) -> None:
    server[0].ranges = False
    with pytest.raises(
        UsageError, match="cannot be opened: its server sends only whole files; download it and give the local file"
    ):
        listed(packed(name))


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_without_end_is_given_up(
    bench: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    member = tarfile.TarInfo("a.png").tobuf()
    size = 2**40
    end = (
        b"PK\5\6"
        + bytes(4)
        + b"\xff\xff\xff\xff"
        + (2**31).to_bytes(4, "little")
        + (2**32 - 2**31).to_bytes(4, "little")
    )

    class Endless(Server):
        def answer(self, handler: BaseHTTPRequestHandler) -> None:
            first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
            body = (member * (2 + (last - first) // len(member)))[first % len(member) :][: last - first + 1]
            if kind == "zip" and last == size - 1:
                body = (body + end + b"\0\0")[-len(body) :]
            self.send(handler, body, (first, size))

    monkeypatch.setitem(files._DIRECTORY, kind, 3_000_000)
    with (
        serving(Endless()) as address,
        pytest.raises(UsageError, match=r"cannot be opened: there are more than 3,000,000"),
    ):
        listed(f"{address}/set.{kind}")


def test_an_archive_of_too_many_files_is_refused(
    photos: Path, packed: Callable[[str], str], tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = packed("set.zip")
    (tmp_path / "local.zip").write_bytes(server[0].content)
    monkeypatch.setattr(files, "MAX_NAMES", 5)
    for where in (address, str(tmp_path / "local.zip")):
        with pytest.raises(UsageError, match="has more than 5 files and folders: give a part of it"):
            listed(where)


@pytest.mark.usefixtures("impatient")
def test_an_archive_whose_server_becomes_slow_ends_the_command(
    server: tuple[Server, str], packed: Callable[[str], str]
) -> None:
    folder = open_folder(packed("photos.tar"), "--dataset")
    names = folder.files()
    server[0].drip = 10
    with pytest.raises(
        BenchError, match=r"photos\.tar is too slow, as the server sent .*; run the same command again later"
    ):
        folder.read(names[0])
