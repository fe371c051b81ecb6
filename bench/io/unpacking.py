"""Unpacking of untrusted zip and tar archives into a new folder.

What a member says of its name, kind and size is not believed: names stay below the folder, only files and folders
are made and never links, nothing is overwritten, and what comes out is counted as it comes.
"""

from __future__ import annotations

import errno
import gzip
import re
import shutil
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, cast

from bench.errors import BenchError
from bench.io.progress import bytes_bar
from bench.io.visible import quoted

_PIECE = 2**20
_BLOCK = 512  # bytes of a tar header
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
_SMALL = 2**28  # bytes below which no archive is taken for a bomb
_Kind = Literal["file", "folder", "other"]
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RecursionError,
)
"""Exceptions that the standard library's readers raise on damaged archives."""


@dataclass(frozen=True)
class Limits:
    """Limits of an archive's contents.

    Attributes:
        total: bytes; None for no more than what the disk has free, which always holds.
        members: files, folders and whatever else it lists.
        ratio: bytes a byte of the archive; what stays below 256 MiB is not measured by it.
    """

    total: int | None = None
    members: int = 5_000_000
    ratio: float = 100.0


@dataclass(frozen=True)
class _Member:
    """One entry of an archive: its name and size as claimed, and how to open it."""

    name: str
    size: int
    kind: _Kind
    open: Callable[[], IO[bytes]]


def is_archive(name: str) -> bool:
    """Say whether a file of that name is one that :func:`unpack` reads."""
    return name.lower().endswith(_SUFFIXES)


def unpack(archive: Path, target: Path, limits: Limits = Limits()) -> list[str]:
    """Unpack an archive into a folder. What is there is never overwritten; stopped midway, it leaves half.

    Args:
        archive: a file whose name ends in .zip, .tar, .tar.gz or .tgz.
        target: the folder; made where it is not there.
        limits: what is let out.

    Returns:
        Names of the members left out because they are neither files nor folders: links, devices, pipes.

    Raises:
        BenchError: the archive is damaged, encrypted, larger than the limits, or has a member whose name cannot
            be taken: one that leads out of the folder, is used twice, too long or not printable.
    """
    target.mkdir(parents=True, exist_ok=True)
    packed = archive.stat().st_size
    free = shutil.disk_usage(target).free
    most = min(free, free if limits.total is None else limits.total, max(_SMALL, int(limits.ratio * packed)))
    list_members = _zip_members if archive.name.lower().endswith(".zip") else _tar_members
    try:
        with archive.open("rb") as raw, bytes_bar(packed, f"unpacking {archive.name}", 0) as shown:
            members = list_members(raw, most)
            return _write(members, target, _Budget(most), limits.members, lambda: shown.update(raw.tell() - shown.n))
    except BenchError as error:
        raise BenchError(f"{archive.name} was not unpacked: {error}") from None
    except _DAMAGE as error:
        raise _damaged(archive, error) from None
    except OSError as error:
        if error.filename or error.errno not in (None, errno.EINVAL):
            raise
        raise _damaged(archive, error) from None  # gzip's own, or a seek to where no file can be


def _damaged(archive: Path, error: Exception) -> BenchError:
    return BenchError(f"{archive.name} is damaged, or no such archive as its name says ({error})")


def safe_parts(name: str) -> tuple[str, ...]:
    r"""Return the folders and the name that a member's name consists of; empty for the root itself.

    Both ``/`` and ``\`` separate, for archives written on Windows.

    Raises:
        BenchError: it is absolute, leads upwards, has a drive letter, is not printable, or is too long to be made.
    """
    shown = quoted(name if len(name) <= 80 else name[:77] + "...")
    path = name.replace("\\", "/")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if path.startswith("/") or ".." in parts or re.match(r"\s*[A-Za-z]:", path):
        raise BenchError(f"its member {shown} would be written outside the folder")
    if not name.isprintable():
        raise BenchError(f"its member {shown} has unprintable characters in its name")
    if len(path.encode()) > 1024 or any(len(part.encode()) > 255 for part in parts):
        raise BenchError(f"its member {shown} has a name that is too long")
    return parts


class _Names:
    """The names in use, compared as the strictest file systems do: in one case and one form of Unicode."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders = {""}

    def claim(self, parts: tuple[str, ...], kind: str) -> None:
        """Take a name. Raises BenchError where a file has it, or where a file is to have a folder's."""
        key = unicodedata.normalize("NFC", "/".join(parts)).casefold()
        folders = {key[: match.start()] for match in re.finditer("/", key)}
        if kind == "folder":
            folders.add(key)
        taken = kind == "file" and (key in self._files or key in self._folders)
        if taken or not folders.isdisjoint(self._files):
            name = "/".join(parts)
            raise BenchError(f"its member {quoted(name)} exists twice, or differs from another only in case")
        self._folders |= folders
        if kind == "file":
            self._files.add(key)


class _Budget:
    """Counts bytes and raises BenchError when they are more than allowed."""

    def __init__(self, most: int) -> None:
        self.most = self._left = most

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BenchError(f"it contains more than {self.most:,} bytes, the limit")


class _Forward:
    """A stream for tarfile that only goes forward, in pieces of bounded size, and counts what it reads.

    Without it a header may ask for any number of bytes in memory, or lead back to itself for ever.
    """

    def __init__(self, stream: IO[bytes], budget: _Budget) -> None:
        self._stream, self._budget, self._at = stream, budget, 0
        self.last = b""

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _PIECE:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        self.last = self._stream.read(size)
        self._at += len(self.last)
        self._budget.spend(len(self.last))
        return self.last

    def seek(self, position: int) -> int:
        if position < self._at:
            raise tarfile.ReadError("a member that points backwards")
        while self._at < position and self.read(min(_PIECE, position - self._at)):
            pass
        return self._at

    def tell(self) -> int:
        return self._at


def _zip_members(raw: IO[bytes], most: int) -> Iterator[_Member]:
    with zipfile.ZipFile(raw) as archive:
        _Budget(most).spend(sum(info.file_size for info in archive.infolist()))
        for info in archive.infolist():
            if info.flag_bits & 1:
                raise BenchError("it is encrypted: unpack it by hand")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise BenchError(f"it uses zip compression method {info.compress_type}: unpack it by hand with 7z")
            # The name as stored: `filename` ends at a NUL.
            yield _Member(info.orig_filename, info.file_size, _zip_kind(info), partial(archive.open, info))


def _zip_kind(info: zipfile.ZipInfo) -> _Kind:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.orig_filename.endswith(("/", "\\")):
        return "folder"
    return "file" if kind in (0, stat.S_IFREG) else "other"


def _tar_members(raw: IO[bytes], most: int) -> Iterator[_Member]:
    # Headers and what is left out count here too, hence the margin; what is written is counted on its own.
    zipped = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    stream = _Forward(cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if zipped else raw, _Budget(most + _SMALL))
    with cast(Any, tarfile.TarFile(fileobj=cast(Any, stream), mode="r")) as archive:
        while (info := archive.next()) is not None:
            kind: _Kind = "file" if info.isreg() else "folder" if info.isdir() else "other"
            yield _Member(info.name, info.size, kind, partial(archive.extractfile, info))
            archive.members.clear()
        # A header that is cut off or damaged also ends the loop; only a block of zeros is the end.
        if stream.last != bytes(_BLOCK):
            raise tarfile.ReadError("it ends in the middle")
        while stream.read(_PIECE):
            pass  # gzip compares its checksum at the very end


def _write(
    members: Iterator[_Member], target: Path, budget: _Budget, most_members: int, step: Callable[[], object]
) -> list[str]:
    names, left_out = _Names(), []
    for count, member in enumerate(members, 1):
        if count > most_members:
            raise BenchError(f"it has more than {most_members:,} members")
        parts = safe_parts(member.name)
        if member.kind == "other":
            left_out.append(member.name)
            continue
        names.claim(parts, member.kind)
        try:
            if member.kind == "folder":
                target.joinpath(*parts).mkdir(parents=True, exist_ok=True)
            else:
                _save(member, target.joinpath(*parts), budget, step)
        except (FileExistsError, NotADirectoryError):
            raise BenchError(f"its member {quoted(member.name)} already exists, from another archive") from None
    return left_out


def _save(member: _Member, path: Path, budget: _Budget, step: Callable[[], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with member.open() as stream, path.open("xb") as file:
        while chunk := stream.read(_PIECE):
            budget.spend(len(chunk))
            size += file.write(chunk)
            step()
    if size != member.size:
        raise BenchError(f"its member {quoted(member.name)} has {size:,} bytes, but its header says {member.size:,}")
