"""Writing files so that they appear whole or not at all, after a power cut too; one sentence where that fails."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import UsageError

_MOST_OF_A_LINE = 2**16
_IMAGES = {"image", "images", "image_name", "filename", "file", "name"}
_RATINGS = {"score", "mos", "dmos", "rating"}
_SOURCES = (".py", ".toml")
_PHOTOGRAPHS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_DRAWN_BY = b"Matplotlib"  # stands among the first bytes of a PNG that it wrote
_HEAD = 2048


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never half of it.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    with renamed_into(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def renamed_into(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; it is renamed to ``path`` at the end, and removed after a failure.

    Its content is on the disk before it is renamed, and the new name when the block ends.
    The file behind a symbolic link is replaced, not the link. A device or a pipe (``/dev/stdout``) is written to as
    it is.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk.

    Raises:
        OSError: it cannot be written there.
    """
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do so."""
    # Windows opens no folders, and some network file systems refuse to sync them.
    with suppress(OSError):
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def make_folder(path: Path) -> None:
    """Create a folder and those above it that are missing; their names are on the disk when this returns.

    Raises:
        OSError: one cannot be created.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


def write_output(path: Path, data: str | bytes, parameter: str = "--output") -> None:
    """Write a file that the user asked for, whole or not at all; a text as UTF-8.

    Args:
        path: where to.
        data: all that the file will hold.
        parameter: the option that named the path, for the message.

    Raises:
        UsageError: it cannot be written; the old file is as it was.
    """
    with output_file(path, parameter) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


def check_apart(outputs: Sequence[tuple[str, Path | None]], inputs: Sequence[tuple[str, Path | None]] = ()) -> None:
    """Raise UsageError where two outputs are one file, however their paths are spelled, or an output is also read.

    Args:
        outputs: parameters with the paths that they name; None where one is not given.
        inputs: the same of what is read.
    """
    read = {path.resolve(): name for name, path in inputs if path is not None}
    written: dict[Path, str] = {}
    for name, path in outputs:
        if path is None:
            continue
        place = path.resolve()
        if place in read:
            raise UsageError(f"{name} and {read[place]} name one file, which is read: give {name} another path")
        if place in written:
            raise UsageError(f"{written[place]} and {name} name one file twice: give each a file of its own")
        written[place] = name


def check_replaceable(path: Path, parameter: str = "--output", own: Callable[[Path], object] | None = None) -> None:
    """Raise UsageError where a file is there that no output replaces: one that people made and bench did not write.

    Args:
        path: of the output.
        parameter: what named it, for the message.
        own: reads a file of the output's own kind, and raises UsageError for another; None: every file is replaced
            but labels of images, photographs, and sources (``.py``, ``.toml``).
    """
    if not path.is_file() or not path.stat().st_size:
        return
    what = _made_by_people(path)
    if not what and own is not None:
        try:
            own(path)
        except UsageError:
            what = "is there and is a file of another kind"
    if what:
        raise UsageError(f"{parameter} got {path}, which {what}: give another name, or remove it first")


def _made_by_people(path: Path) -> str:
    """Say what a file is that no output replaces; empty for others."""
    if path.suffix.lower() in _SOURCES:
        return "is a source"
    with path.open("rb") as file:
        head = file.read(_HEAD)
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    if (is_webp or head.startswith(_PHOTOGRAPHS)) and _DRAWN_BY not in head:
        return "is a photograph"
    return "holds labels of images" if _holds_labels(path) else ""


def _holds_labels(path: Path) -> bool:
    """Say whether a file is a table of images with a rating of one at least, and none of methods' scores."""
    with path.open("rb") as file:
        first = file.readline(_MOST_OF_A_LINE).decode("utf-8-sig", errors="replace")
    columns = [cell.strip(' "\r\n').lower() for cell in re.split("[,;\t]", first)]
    named = set(columns)
    if not named & _IMAGES or not named & _RATINGS or "method" in named:
        return False
    ratings = [place for place, name in enumerate(columns) if name in _RATINGS]
    separator = next(each for each in ",;\t" if each in first)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        rows = csv.reader(text, delimiter=separator)
        next(rows)
        try:
            # A row that does not fit the heading may hold ratings too.
            return any(place >= len(row) or row[place].strip() for row in rows if row for place in ratings)
        except csv.Error:
            return True


@contextmanager
def output_file(
    path: Path, parameter: str = "--output", *, own: Callable[[Path], object] | None = None, overwrite: bool = False
) -> Iterator[Path]:
    """Give a path to write a user's file to, as :func:`renamed_into` does.

    Args:
        path: where to.
        parameter: what named it, for messages.
        own: as :func:`check_replaceable` takes it.
        overwrite: the user asked to replace what is there, whatever it is.

    Raises:
        UsageError: it cannot be written, or is there and no output replaces it; the old file is as it was.
    """
    try:
        if not overwrite:
            check_replaceable(path, parameter, own)
        with renamed_into(path) as temporary:
            yield temporary
    except OSError as error:
        raise UsageError(f"{parameter} got {path}, which cannot be written: {error.strerror or error}") from None
