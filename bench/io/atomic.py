"""Writing files so that they appear whole or not at all, after a power cut too; one sentence where that fails."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import UsageError

_MOST_OF_A_LINE = 2**16
_IMAGES = {"image", "images", "image_name", "filename", "file", "name"}
_RATINGS = {"score", "mos", "dmos", "rating"}


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


def _holds_labels(path: Path) -> bool:
    """Say whether a file is a table of images with a rating of one at least, and none of methods' scores."""
    if not path.is_file():
        return False
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


def refuse_labels(path: Path, parameter: str = "--output") -> None:
    """Raise UsageError where a file holds the labels of images, which no output replaces."""
    if _holds_labels(path):
        raise UsageError(f"{parameter} got {path}, which holds labels of images: give another name, or remove it first")


@contextmanager
def output_file(path: Path, parameter: str = "--output") -> Iterator[Path]:
    """Give a path to write a user's file to, as :func:`renamed_into` does.

    Raises:
        UsageError: it cannot be written, or it holds the labels of images, which no output replaces; the old file is as
            it was.
    """
    refuse_labels(path, parameter)
    try:
        with renamed_into(path) as temporary:
            yield temporary
    except OSError as error:
        raise UsageError(f"{parameter} got {path}, which cannot be written: {error.strerror or error}") from None
