"""Reading label tables: a CSV with a header, as a dataset's authors or a user wrote it."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from bench.errors import UsageError

_MAX_BYTES = 256 * 2**20
_DELIMITERS = (",", ";", "\t")

Row = dict[str, str]


def read_csv(path: Path) -> tuple[list[str], list[Row]]:
    """Read a CSV file with a header; comma, semicolon or tab separated, UTF-8.

    Returns:
        The column names, and one ``{column: text}`` a row, texts stripped of surrounding space.

    Raises:
        UsageError: the file is missing, empty, too large, HTML or binary in disguise, or a row has
            another number of fields than the header.
    """
    text = _read_text(path)
    header_line = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: not valid CSV ({error})") from None
    if not lines:
        raise UsageError(f"{path} is empty: it needs a header line and one line an image")
    (_, header), *rows = lines
    if len(set(header)) < len(header):
        raise UsageError(f"{path}: the header names a column twice: {', '.join(header)[:200]}")
    return header, list(_rows(path, header, rows))


def _rows(path: Path, header: list[str], rows: list[tuple[int, list[str]]]) -> Iterator[Row]:
    for line, cells in rows:
        if len(cells) != len(header):
            raise UsageError(
                f"{path}, line {line}: {len(cells)} fields, but the header has {len(header)}: "
                "the file is damaged or cut"
            )
        yield dict(zip(header, cells, strict=True))


def _read_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder, a CSV file is expected")
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path} is larger than {_MAX_BYTES >> 20} MiB: no label file is")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")):
        raise UsageError(
            f"{path} is a web page (HTML), not a CSV: it was saved from a site's file viewer; "
            "download the raw file instead"
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{path} is UTF-16 (a spreadsheet's 'Unicode text'): save it as CSV in UTF-8")
    if b"\0" in data[:65536]:
        raise UsageError(f"{path} is a binary file, not a CSV")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None


def number(path: Path, column: str, name: str, text: str) -> float | None:
    """Read a number; an empty text is None.

    Raises:
        UsageError: the text is no finite number.
    """
    if text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        comma = ": write decimals with a point" if re.fullmatch(r"-?\d+,\d+", text) else ""
        raise UsageError(f"{path}: column {column!r} of image {name!r} is {text!r}, not a number{comma}")
    return value


def is_file(path: Path) -> bool:
    """Tell whether a file is there; a name too long for the file system, or a locked folder, means no."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def need_columns(path: Path, header: list[str], wanted: list[str]) -> None:
    """Raise UsageError, naming what is there, unless every wanted column is."""
    lacking = [column for column in wanted if column not in header]
    if lacking:
        folded = {column.lower() for column in header}
        case = " (case matters)" if all(column.lower() in folded for column in lacking) else ""
        raise UsageError(
            f"{path} has no column {' or '.join(map(repr, lacking))}; its columns are {', '.join(header)[:300]}{case}"
        )


def image_name(path: Path, text: str) -> str:
    """Return an image name with ``/`` separators.

    Raises:
        UsageError: it is empty or has control characters.
    """
    name = text.replace("\\", "/")
    if not name or not name.isprintable():
        raise UsageError(f"{path}: {text!r} is no image name")
    return name


def is_inside(name: str) -> bool:
    """Tell whether a relative name stays inside its root."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def check_unique(path: Path, names: list[str]) -> None:
    """Raise UsageError naming the first duplicates, unless every name is there once."""
    seen: set[str] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        shown = ", ".join(map(repr, twice[:5]))
        raise UsageError(f"{path} names {len(twice)} image(s) twice: {shown}; keep one row an image")
