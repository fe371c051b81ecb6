"""Files in a folder, in a zip or tar archive (read without unpacking), or at any URL that fsspec supports.

Everything that reads a dataset goes through a ``Folder``, so that images and label files need not be on
this machine's disk. Names inside a folder are relative and have ``/``; a name out of an archive or from a
server is only ever compared, never joined to a local path.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import os
import re
import tarfile
import threading
import urllib.error
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from bench.errors import BenchError, ImageError, MissingRequirementError, UsageError
from bench.io import web
from bench.io.images import MAX_FILE_BYTES, is_image_name, read_bytes
from bench.io.visible import quoted
from bench.io.web_file import WebFile
from bench.io.web_folder import MAX_LEVELS, MAX_NAMES, names_below, refuse_depth

_ARCHIVES = {".zip": "zip", ".tar": "tar"}
_COMPRESSED = (".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".rar", ".7z")
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_CHUNK = 2**20
# Of an archive on a server: bytes that are read ahead, and of its directory. A zip's is in one place, a tar's all over.
_AHEAD = {"zip": 2**20, "tar": 2**12}
_DIRECTORY = {"zip": 2**26, "tar": 2**28}
_DIRECTORY_SECONDS = 900.0


class Folder(ABC):
    """A place with files below it. Instances compare by value and travel to other processes."""

    @abstractmethod
    def files(self) -> list[str]:
        """Return the names of all files below, sorted; hidden ones are left out.

        Raises:
            UsageError: it is not there, is no such folder, or a part of it cannot be seen.
            MissingRequirementError: a package is needed for this kind of URL.
        """

    def length(self, name: str) -> int | None:  # noqa: ARG002 - for those who know
        """Return how many bytes a file has, where that is known without reading it; None where not."""
        return None

    @abstractmethod
    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a file's bytes.

        Args:
            name: of the file.
            most: bytes that it may have; None: as many as an image.

        Raises:
            ImageError: there is no such file, it is empty or over the limit of size, or cannot be read.
            BenchError: its server is too slow for any file.
        """


@dataclass(frozen=True)
class File:
    """One file of a folder."""

    folder: Folder
    name: str

    def read(self, most: int | None = None) -> bytes:
        """Return its bytes; raises ImageError with the reason where they cannot be had, or are more than ``most``."""
        return self.folder.read(self.name, most)

    def __str__(self) -> str:
        return f"{str(self.folder).rstrip('/')}/{self.name}"


def file_at(path: Path) -> File:
    """Return one file of this machine."""
    return File(LocalFolder(path.parent), path.name)


@dataclass(frozen=True)
class LocalFolder(Folder):
    """A folder of this machine; links in it are followed."""

    path: Path

    def files(self) -> list[str]:  # noqa: D102
        return sorted(self._walk())

    def read(self, name: str, most: int | None = None) -> bytes:  # noqa: D102
        return read_bytes(self.path / name, most)

    def length(self, name: str) -> int | None:  # noqa: D102
        try:
            return (self.path / name).stat().st_size
        except (OSError, ValueError):
            return None

    def __str__(self) -> str:
        return str(self.path)

    def __reduce__(self) -> tuple[type[LocalFolder], tuple[Path]]:
        # Whoever takes it up may have another working directory.
        return LocalFolder, (self.path.absolute(),)

    def _walk(self) -> Iterator[str]:
        def refuse(error: OSError) -> None:
            # A part of the set that cannot be seen must not shrink it in silence.
            raise UsageError(f"the folder {error.filename} cannot be read: {error.strerror}")

        seen: set[str] = set()
        for parent, folders, files in os.walk(self.path, onerror=refuse, followlinks=True):
            real = os.path.realpath(parent)
            if real in seen:  # a link to a folder above it
                folders.clear()
                continue
            seen.add(real)
            folders[:] = [name for name in folders if not is_hidden(name)]
            # A folder named like an image is listed too: it fails by name instead of vanishing.
            names = [*files, *(name for name in folders if is_image_name(name))]
            below = os.path.relpath(parent, self.path).replace(os.sep, "/")
            start = "" if below == "." else f"{below}/"
            yield from (start + name for name in names if not is_hidden(name))


@dataclass(frozen=True)
class Beside(Folder):
    """A folder with another one that lies elsewhere, as if that were in it.

    Attributes:
        folder: the one.
        name: what the other is called in it.
        other: the other.
    """

    folder: Folder
    name: str
    other: Folder

    def files(self) -> list[str]:  # noqa: D102
        return sorted([*self.folder.files(), *(f"{self.name}/{name}" for name in self.other.files())])

    def read(self, name: str, most: int | None = None) -> bytes:  # noqa: D102
        folder, below = self._place(name)
        return folder.read(below, most)

    def length(self, name: str) -> int | None:  # noqa: D102
        folder, below = self._place(name)
        return folder.length(below)

    def __str__(self) -> str:
        return str(self.folder)

    def _place(self, name: str) -> tuple[Folder, str]:
        start = f"{self.name}/"
        return (self.other, name.removeprefix(start)) if name.startswith(start) else (self.folder, name)


@dataclass(frozen=True)
class Elsewhere(Folder):
    """An archive on this machine, or a folder or archive at a URL, through fsspec.

    Attributes:
        location: a path, or a URL.
        archive: ``zip``, ``tar``, or empty for a folder at a URL.
    """

    location: str
    archive: str = ""

    def files(self) -> list[str]:  # noqa: D102
        if self.archive:
            return sorted(_listing(self))
        names = names_below(self.location) if _is_http(self.location) else self._walk()
        return sorted(name for name in names if not is_hidden(name))

    def _walk(self) -> Iterator[str]:
        system, root, _ = _open(self)
        count = 0
        try:
            # Not by find(), which leaves out in silence what it cannot see.
            for parent, folders, names in system.walk(root, maxdepth=MAX_LEVELS + 1, on_error="raise"):
                below = parent.removeprefix(root).strip("/")
                if folders:
                    refuse_depth(self.location, below.count("/") + 2 if below else 1)
                count += len(folders) + len(names)
                _refuse_many(self.location, count)
                yield from (f"{below}/{name}".lstrip("/") for name in names if name)
        except UsageError:
            raise
        except Exception as error:  # every back end has errors of its own
            raise UsageError(f"{self.location} cannot be listed: {_reason(error)}") from None

    def read(self, name: str, most: int | None = None) -> bytes:  # noqa: D102
        limit = MAX_FILE_BYTES if most is None else most
        try:
            data = self._read(name, limit)
        except (FileNotFoundError, KeyError):
            raise ImageError("no such file") from None
        except web.TooMuchError:
            raise ImageError(f"the file has more than {limit:,} bytes: not read") from None
        except web.TooSlowError as error:
            # Every other file would take as long to fail.
            raise BenchError(f"{self.location} is too slow, as {error}; run the same command again later") from None
        except BenchError:
            raise
        except Exception as error:
            raise ImageError(f"cannot be read: {_reason(error)}") from None
        if not data:
            raise ImageError("the file is empty (0 bytes)")
        return data

    def _read(self, name: str, most: int) -> bytes:
        if _is_http(self.location) and not self.archive:
            try:
                return web.read(f"{self.location.rstrip('/')}/{quote(name)}", web.Budget(most))[0]
            except urllib.error.HTTPError as error:
                with contextlib.closing(error):
                    raise FileNotFoundError if error.code in (404, 410) else OSError(web.reason(error)) from None
        system, root, lock = _open(self)
        path = _listing(self)[name] if self.archive else f"{root.rstrip('/')}/{name}"
        with lock, system.open(path, "rb") as file:
            return _read_limited(file, most)

    def __str__(self) -> str:
        return self.location


@functools.lru_cache(maxsize=32)
def _listing(folder: Elsewhere) -> dict[str, str]:
    """Return name → what the archive calls it, ``./`` before it or a slash, of every file in an archive."""
    system, root, _ = _open(folder)
    try:
        members = system.find(root)
    except Exception as error:
        raise UsageError(f"{folder.location} cannot be listed: {_reason(error)}") from None
    _refuse_many(folder.location, len(members))
    # Some programs of Windows write backslashes between folders.
    names = {re.sub(r"^(\.?/)+", "", member.replace("\\", "/")): member for member in members}
    if len(names) < len(members):
        raise UsageError(f"{folder.location} has several files with the same name: unpack it by hand")
    return {name: member for name, member in names.items() if name and not is_hidden(name)}


def _refuse_many(where: str, count: int) -> None:
    if count > MAX_NAMES:
        raise UsageError(f"{where} has more than {MAX_NAMES:,} files and folders: give a part of it")


def _read_limited(file: Any, most: int) -> bytes:
    # What an archive or a server says of a size is not to be trusted: count what comes.
    budget, parts = web.Budget(most), []
    while chunk := file.read(_CHUNK):
        budget.spend(len(chunk))
        parts.append(chunk)
    return b"".join(parts)


@functools.lru_cache(maxsize=32)
def _open(folder: Elsewhere) -> tuple[Any, str, Any]:
    """Return the file system, the root in it and a lock to read under; one of each a process."""
    import fsspec

    location = folder.location
    try:
        if not is_url(location) or (folder.archive and _is_http(location)):
            return _open_archive(folder), "", threading.Lock()
        if folder.archive:
            location = f"{folder.archive}://::{location}"
        system, root = fsspec.core.url_to_fs(location)
    except ImportError as error:
        raise MissingRequirementError(
            f"{folder.location} cannot be opened: {_reason(error)} (s3fs does s3://)"
        ) from None
    except (zipfile.BadZipFile, tarfile.TarError, EOFError):
        raise UsageError(
            f"{folder.location} is not a {folder.archive} archive, or is incomplete: download it again"
        ) from None
    except Exception as error:
        if "Protocol not known" in str(error):
            raise MissingRequirementError(
                f"{folder.location} cannot be opened: no installed package supports its protocol (s3fs does s3://)"
            ) from None
        by_hand = "; download it and give the local file" if folder.archive else ""
        why = web.reason(error) if isinstance(error, web.FAILURES) else _reason(error)
        raise UsageError(f"{folder.location} cannot be opened: {why}{by_hand}") from None
    # Archives share one open file between all that read from them.
    return system, str(root), threading.Lock() if "::" in location else contextlib.nullcontext()


# Archives stay open as long as the process: methods, workers and hashing all read from them.
_archives = contextlib.ExitStack()
atexit.register(_archives.close)


def _open_archive(folder: Elsewhere) -> Any:
    import fsspec

    with contextlib.ExitStack() as stack:
        if is_url(folder.location):
            budget = web.Budget(_DIRECTORY[folder.archive], _DIRECTORY_SECONDS)
            raw = WebFile(folder.location, budget)
            file: BinaryIO = stack.enter_context(io.BufferedReader(raw, _AHEAD[folder.archive]))
            system = fsspec.filesystem(folder.archive, fo=file)
            raw.budget = None  # the directory is read, and each file has a limit of its own
        else:
            file = stack.enter_context(Path(folder.location).open("rb"))
            system = fsspec.filesystem(folder.archive, fo=file)
        _archives.push(stack.pop_all())
    return system


def _reason(error: BaseException) -> str:
    first = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def is_hidden(name: str) -> bool:
    """Tell whether a relative name leads to what no command takes: hidden files and folders, and macOS's copies."""
    return any((part[:1] == "." and part != ".") or part == "__MACOSX" for part in name.split("/"))


def is_url(text: str) -> bool:
    """Tell whether a text is a URL as fsspec has them: ``s3://``, ``http://``, ``memory://``."""
    return bool(_URL.match(text))


def is_archive(name: str) -> bool:
    """Tell whether a file name is that of an archive, of a kind that can be read packed or not."""
    return name.lower().endswith((*_ARCHIVES, *_COMPRESSED))


def _is_http(location: str) -> bool:
    return location.lower().startswith(("http://", "https://"))


def expand(text: str, parameter: str) -> Path:
    """Return a user's path with ``~`` for the home folder.

    Raises:
        UsageError: there is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"{parameter} got {quoted(text)}: this home folder does not exist") from None


def open_folder(text: str, parameter: str) -> Folder:
    """Return the folder, archive or URL that a user means.

    Args:
        text: a path or a URL.
        parameter: what the user wrote it after, for messages.

    Raises:
        UsageError: there is no such thing, or it is an archive that must be unpacked first.
    """
    try:
        name = urlsplit(text).path if is_url(text) else text
    except ValueError as error:
        raise UsageError(f"{parameter} got {quoted(text)}, which is not a valid URL: {error}") from None
    if name.lower().endswith(_COMPRESSED):
        raise UsageError(
            f"{parameter} got {quoted(text)}: an archive compressed as a whole cannot be read file by file; unpack it "
            "first"
        )
    kind = _ARCHIVES.get(PurePosixPath(name).suffix.lower(), "")
    if is_url(text):
        return Elsewhere(text, kind)
    path = expand(text, parameter)
    if path.is_dir():
        return LocalFolder(path)
    if kind and path.is_file():
        return Elsewhere(str(path.resolve()), kind)
    raise UsageError(f"{parameter} got {quoted(text)}, which is not a folder, a .zip or .tar archive, or a URL")
