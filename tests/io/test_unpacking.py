from __future__ import annotations

import gzip
import random
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from archives import FILES, add, make, tree

from bench.errors import BenchError
from bench.io import unpacking
from bench.io.unpacking import Limits, safe_parts, unpack

KINDS = ("set.zip", "set.tar", "set.tar.gz", "set.TGZ")


def entry(name: str, mode: int = 0, **more: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    for key, value in more.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize("name", KINDS)
def test_what_was_packed_comes_out(tmp_path: Path, name: str) -> None:
    archive = make(tmp_path / name, FILES)
    assert unpacking.is_archive(name)
    assert unpack(archive, tmp_path / "out") == []
    assert tree(tmp_path / "out") == FILES


def test_folders_come_out_too_and_nothing_is_executable(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        add(archive, "./", kind=tarfile.DIRTYPE)
        add(archive, "./empty", kind=tarfile.DIRTYPE, mode=0)
        add(archive, "./tool", b"x", mode=0o6777)
    unpack(tmp_path / "set.tar", tmp_path / "out")
    assert (tmp_path / "out" / "empty").is_dir()
    assert not (tmp_path / "out" / "tool").stat().st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR)


def test_backslashes_separate(tmp_path: Path) -> None:
    unpack(make(tmp_path / "set.zip", {"images\\1.png": b"x", "more\\": b""}), tmp_path / "out")
    assert tree(tmp_path / "out") == {"images/1.png": b"x"}
    assert (tmp_path / "out" / "more").is_dir()


@pytest.mark.parametrize("kind", ["set.zip", "set.tar"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "outside the folder"),
        ("\\etc\\passwd", "outside the folder"),
        ("//host/share/x", "outside the folder"),
        ("../x", "outside the folder"),
        ("images/../../x", "outside the folder"),
        ("images\\..\\..\\x", "outside the folder"),
        ("C:\\x", "outside the folder"),
        ("c:x", "outside the folder"),
        ("a\x1b[2Jb", "has unprintable characters"),
        ("a\nb", "has unprintable characters"),
        ("a\u202egnp.exe", "has unprintable characters"),
        ("n" * 256, "a name that is too long"),
        ("é" * 128, "a name that is too long"),
        ("d/" * 600 + "x", "a name that is too long"),
    ],
)
def test_names_that_are_refused(tmp_path: Path, kind: str, name: str, reason: str) -> None:
    archive = make(tmp_path / kind, {name: b"x"})
    with pytest.raises(BenchError, match=rf"^{kind} was not unpacked: its member '.*{reason}") as caught:
        unpack(archive, tmp_path / "deep" / "out")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250
    assert {path.name for path in tmp_path.iterdir()} == {kind, "deep"}
    assert tree(tmp_path / "deep") == {}


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    archive = make(tmp_path / "set.tar", {"caf\udce9.png": b"x"})
    with pytest.raises(BenchError, match="has unprintable characters"):
        unpack(archive, tmp_path / "out")


def test_a_name_does_not_end_at_a_nul(tmp_path: Path) -> None:
    body = make(tmp_path / "set.zip", {"a.png#.exe": b"x"}).read_bytes()
    (tmp_path / "set.zip").write_bytes(body.replace(b"a.png#.exe", b"a.png\0.exe"))
    with pytest.raises(BenchError, match="has unprintable characters"):
        unpack(tmp_path / "set.zip", tmp_path / "out")


@pytest.mark.parametrize(("name", "parts"), [("a/./b//c", ("a", "b", "c")), ("./", ()), ("..a/b..", ("..a", "b.."))])
def test_names_that_are_taken(name: str, parts: tuple[str, ...]) -> None:
    assert safe_parts(name) == parts


@pytest.mark.parametrize("kind", ["set.zip", "set.tar"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.png", "./a.png"),
        ("A.png", "a.PNG"),
        ("Strasse/x", "Straße/x"),
        ("caf\u00e9", "cafe\u0301"),
        ("a", "a/b"),
        ("a/b", "a"),
    ],
)
def test_a_name_is_used_once(tmp_path: Path, kind: str, first: str, second: str) -> None:
    archive = make(tmp_path / kind, {first: b"1", second: b"2"})
    with pytest.raises(BenchError, match="exists twice, or differs from another only in case"):
        unpack(archive, tmp_path / "out")
    assert list(tree(tmp_path / "out").values()) == [b"1"]


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"mine")
    with pytest.raises(BenchError, match="'a' already exists, from another archive"):
        unpack(make(tmp_path / "set.zip", {"a": b"2"}), tmp_path / "out")
    with pytest.raises(BenchError, match="'a/b' already exists, from another archive"):
        unpack(make(tmp_path / "set.zip", {"a/b": b"2"}), tmp_path / "out")
    assert tree(tmp_path / "out") == {"a": b"mine"}


def test_links_and_devices_are_left_out_and_nothing_goes_through_them(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        add(archive, "images", kind=tarfile.SYMTYPE, linkname=str(tmp_path / "secret"))
        add(archive, "images/1.png", b"x")
        add(archive, "hard", kind=tarfile.LNKTYPE, linkname="/etc/passwd")
        add(archive, "pipe", kind=tarfile.FIFOTYPE)
        add(archive, "disk", kind=tarfile.BLKTYPE, devmajor=8)
        add(archive, "tty", kind=tarfile.CHRTYPE)
        add(archive, "odd", kind=b"Z")
        add(archive, "2.png", b"y")
    assert unpack(tmp_path / "set.tar", tmp_path / "out") == ["images", "hard", "pipe", "disk", "tty", "odd"]
    assert tree(tmp_path / "out") == {"images/1.png": b"x", "2.png": b"y"}
    assert tree(tmp_path / "secret") == {}


def test_links_in_a_zip_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr(entry("images", stat.S_IFLNK | 0o777), str(tmp_path / "secret"))
        archive.writestr(entry("pipe", stat.S_IFIFO | 0o777), "")
        archive.writestr(entry("images/1.png", stat.S_IFREG | 0o777), b"x")
    assert unpack(tmp_path / "set.zip", tmp_path / "out") == ["images", "pipe"]
    assert tree(tmp_path / "out") == {"images/1.png": b"x"}
    assert tree(tmp_path / "secret") == {}


@pytest.mark.parametrize("kind", KINDS)
def test_more_bytes_than_allowed_are_not_written(tmp_path: Path, kind: str) -> None:
    archive = make(tmp_path / kind, FILES)
    with pytest.raises(BenchError, match="contains more than 5,011 bytes"):
        unpack(archive, tmp_path / "out", Limits(total=5011))
    written = sum(map(len, tree(tmp_path / "out").values()))
    assert written == 0 if kind == "set.zip" else written <= 5011, "a zip says beforehand what it holds"
    unpack(archive, tmp_path / "whole", Limits(total=5012))


@pytest.mark.parametrize("kind", KINDS)
def test_more_members_than_allowed_are_not_written(tmp_path: Path, kind: str) -> None:
    archive = make(tmp_path / kind, FILES)
    with pytest.raises(BenchError, match="more than 2 members"):
        unpack(archive, tmp_path / "out", Limits(members=2))
    unpack(archive, tmp_path / "whole", Limits(members=3))


@pytest.mark.parametrize("kind", ["bomb.zip", "bomb.tgz"])
def test_a_bomb_is_known_by_its_ratio(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make(tmp_path / kind, {"zeros": bytes(2**22), "more": bytes(2**22)})
    monkeypatch.setattr(unpacking, "_SMALL", 0)
    with pytest.raises(BenchError, match="contains more than"):
        unpack(archive, tmp_path / "out")
    monkeypatch.setattr(unpacking, "_SMALL", 2**24)
    unpack(archive, tmp_path / "whole")


def test_a_bomb_among_what_is_left_out_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(tmp_path / "set.tgz", "w:gz") as archive:
        add(archive, "odd", bytes(2**22), kind=b"Z")
    monkeypatch.setattr(unpacking, "_SMALL", 2**20)
    with pytest.raises(BenchError, match="contains more than"):
        unpack(tmp_path / "set.tgz", tmp_path / "out")


def test_a_disk_that_is_too_small_is_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make(tmp_path / "set.zip", FILES)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100}))
    with pytest.raises(BenchError, match="contains more than 100 bytes"):
        unpack(archive, tmp_path / "out", Limits(total=10**9))


def test_an_encrypted_zip_is_one_sentence(tmp_path: Path) -> None:
    body = bytearray(make(tmp_path / "set.zip", {"a": b"x"}).read_bytes())
    body[6] |= 1  # the flag in the local header
    body[body.index(b"PK\1\2") + 8] |= 1  # and in the directory
    (tmp_path / "set.zip").write_bytes(body)
    with pytest.raises(BenchError, match=r"^set\.zip was not unpacked: it is encrypted: unpack it by hand$"):
        unpack(tmp_path / "set.zip", tmp_path / "out")


def test_a_zip_of_another_method_is_one_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", b"x")
    with pytest.raises(BenchError, match="uses zip compression method 14: unpack it by hand with 7z"):
        unpack(tmp_path / "set.zip", tmp_path / "out")


def test_sizes_that_lie(tmp_path: Path) -> None:
    """A directory that says 10 bytes where 1,000 are packed, and the other way round."""
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"x" * 1000)
    body = (tmp_path / "set.zip").read_bytes()
    for said in (10, 2000):
        (tmp_path / "set.zip").write_bytes(body.replace(struct.pack("<L", 1000), struct.pack("<L", said)))
        with pytest.raises(BenchError, match=r"is damaged|its header says"):
            unpack(tmp_path / "set.zip", tmp_path / f"out{said}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_a_truncated_archive_is_damaged(tmp_path: Path, kind: str, share: float) -> None:
    archive = make(tmp_path / kind, FILES)
    body = archive.read_bytes()
    archive.write_bytes(body[: int(share * len(body))])
    with pytest.raises(BenchError, match=rf"^{kind} is damaged, or no such archive as its name says \("):
        unpack(archive, tmp_path / "out")


def cut_between(body: bytes) -> bytes:
    return body[: body.index(b"images/")]  # tar's reader takes that for the end


def spoil_header(body: bytes) -> bytes:
    return body.replace(b"images/a", b"imagez/a")  # and that too


def spoil_last_byte(body: bytes) -> bytes:
    return body[:-8] + bytes(4) + body[-4:]


@pytest.mark.parametrize(
    ("kind", "spoil"), [("set.tar", cut_between), ("set.tar", spoil_header), ("set.tgz", spoil_last_byte)]
)
def test_damage_that_the_reader_does_not_see(tmp_path: Path, kind: str, spoil: Callable[[bytes], bytes]) -> None:
    archive = make(tmp_path / kind, FILES)
    spoiled = spoil(archive.read_bytes())
    assert spoiled != archive.read_bytes()
    archive.write_bytes(spoiled)
    with pytest.raises(BenchError, match="is damaged"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("kind", KINDS)
def test_a_web_page_under_the_name_of_an_archive(tmp_path: Path, kind: str) -> None:
    (tmp_path / kind).write_bytes(b"<!DOCTYPE html><title>Log in</title>" * 100)
    with pytest.raises(BenchError, match="no such archive as its name says"):
        unpack(tmp_path / kind, tmp_path / "out")


def tar_header(name: bytes, size: bytes, kind: bytes) -> bytes:
    header = bytearray(512)
    header[: len(name)], header[124:136], header[156:157] = name, size.ljust(12, b"\0"), kind
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def test_a_header_may_not_ask_for_all_memory(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "set.tgz", "wb") as file:
        file.write(tar_header(b"././@LongLink", b"77777777777", b"L") + bytes(2**22))
    with pytest.raises(BenchError, match=r"is damaged.*a header of 8,589,934,592 bytes"):
        unpack(tmp_path / "set.tgz", tmp_path / "out")


def test_a_member_may_not_point_backwards(tmp_path: Path) -> None:
    """With a size of -1,024 a reader that believes it comes back to the same header for ever."""
    header = tar_header(b"a", (-1024).to_bytes(12, "big", signed=True), b"Z")
    (tmp_path / "set.tar").write_bytes(header * 4)
    with pytest.raises(BenchError, match=r"is damaged.*points backwards"):
        unpack(tmp_path / "set.tar", tmp_path / "out")


@pytest.mark.parametrize("kind", ["set.zip", "set.tar", "set.tgz"])
def test_whatever_bytes_change_it_is_one_sentence_or_none(tmp_path: Path, kind: str) -> None:
    rng = random.Random(0)
    body = make(tmp_path / kind, FILES).read_bytes()
    for i in range(60):
        spoiled = bytearray(body)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(body) - 2000, len(body)) if i % 2 and len(body) > 2000 else rng.randrange(len(body))
            spoiled[at : at + 4] = rng.choice([rng.randbytes(4), b"\xff" * 4, b"\x80\0\0\0"])
        (tmp_path / kind).write_bytes(spoiled)
        with suppress(BenchError):
            unpack(tmp_path / kind, tmp_path / str(i))
