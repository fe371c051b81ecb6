"""Tables of text, the common form of all label files, and reading one from CSV and other text."""

from __future__ import annotations

import csv
import io
import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from bench.api import FloatArray
from bench.datasets.card import TableSpec
from bench.datasets.readers.large_text import LARGE, Rows, read_columns
from bench.errors import UsageError
from bench.io.beginnings import is_web_page
from bench.io.visible import quoted

MAX_BYTES = 64 * 2**20
"""Size of a label file of any format. Those of known sets have a few megabytes."""
_DELIMITERS = (",", ";", "\t")

# Empty lines, comments, and the line by which a spreadsheet knows the separator.
_PREAMBLE = re.compile(r"(?:[ \t]*(?:#[^\n]*|sep=[^\n]?)?\n)+", re.IGNORECASE)
_POINT, _COMMA = re.compile(r"[+-]?[0-9]+\.[0-9]+"), re.compile(r"[+-]?[0-9]+,[0-9]+")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")
_NOTHING = frozenset({"na", "n/a", "nan", "none", "null", "-"})
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

TextRow = dict[str, str]


@dataclass(frozen=True)
class TextTable:
    """A table as it was read; every cell is text.

    Attributes:
        where: the file, for messages.
        header: names of the columns.
        rows: one ``{column: text}`` a row, texts stripped of surrounding space.
    """

    where: str
    header: list[str]
    rows: Sequence[TextRow]

    def texts(self, column: str) -> list[str]:
        """Return a column."""
        return self.rows.texts(column) if isinstance(self.rows, Rows) else [row[column] for row in self.rows]

    def numbers(self, column: str, images: Sequence[str], missing: Sequence[str] = ("",)) -> FloatArray:
        """Return a column of numbers, (rows,).

        Args:
            column: its name.
            images: what each row is about, for messages.
            missing: texts, in lower case, that stand for no number; NaN is there then.

        Raises:
            UsageError: a text is no finite number.
        """
        read = self.rows.numbers(column, missing) if isinstance(self.rows, Rows) else None
        if read is not None:
            return read
        pairs = zip(images, self.texts(column), strict=True)
        found = [None if text.lower() in missing else number(self.where, column, name, text) for name, text in pairs]
        return np.array(found, dtype=np.float64)

    def renamed(self, names: Mapping[str, str]) -> TextTable:
        """Return the table with other names of some columns."""
        header = [names.get(name, name) for name in self.header]
        if isinstance(self.rows, Rows):
            return TextTable(self.where, header, Rows(self.rows.columns.rename_columns(header)))
        rows = [{names.get(name, name): text for name, text in row.items()} for row in self.rows]
        return TextTable(self.where, header, rows)


def read_csv(path: Path, most: int = MAX_BYTES) -> TextTable:
    """Read a user's CSV file with a header; comma, semicolon or tab separated, UTF-8; of ``most`` bytes.

    Raises:
        UsageError: the file is missing, empty, too large, HTML or binary in disguise, or a row has
            another number of fields than the header.
    """
    return parse_text(read_file(path, most), str(path), TableSpec(files=()))


def read_file(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return the content of a label file on this machine, of ``most`` bytes.

    Raises:
        UsageError: it is missing, a folder, too large or cannot be read.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder: give a file")
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
        if path.stat().st_size > most:
            raise UsageError(f"{path} is larger than {most >> 20} MiB, too large for a table")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def parse_text(data: bytes, where: str, spec: TableSpec) -> TextTable:
    """Read text with one row a line, separated by commas, semicolons, tabs or white space.

    Raises:
        UsageError: it is empty, binary, no text in its encoding, or a row has another number of fields.
    """
    _refuse_what_is_no_text(data, where)
    plain = len(data) >= LARGE and spec == TableSpec(files=spec.files)
    if plain and (read := read_columns(data, _DELIMITERS, _PREAMBLE)):
        return TextTable(where, *read)
    text = _decode(data, where, spec.encoding)
    lines = _split(text, where, spec)
    if not lines:
        raise UsageError(f"{where} is empty: it needs a header line and one line for each image; get it again")
    if len(lines) < spec.header:
        raise UsageError(f"{where} has only {len(lines)} lines; the header should be line {spec.header}")
    if spec.columns:
        header = list(spec.columns)
        lines = [(n, cells[: len(header)]) for n, cells in lines] if spec.further else lines
    else:
        (_, header), lines = lines[spec.header - 1], lines[spec.header :]
    if twice := list(repeated(filter(None, header))):
        raise UsageError(f"{where}: the header names a column twice: {', '.join(twice)[:200]}")
    return TextTable(where, [name for name in header if name], list(_rows(where, header, lines)))


def _split(text: str, where: str, spec: TableSpec) -> list[tuple[int, list[str]]]:
    if spec.delimiter == "space":
        return [(n, line.split()) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    before = _PREAMBLE.match(text)
    above, text = (before[0].count("\n"), text[before.end() :]) if before else (0, text)
    delimiter = spec.delimiter or max(_DELIMITERS, key=text.split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num + above, list(map(str.strip, row))) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise UsageError(f"{where}, line {reader.line_num + above}: not valid CSV ({error})") from None
    return _with_points(lines, delimiter) if spec.decimal == "." else lines


def _with_points(lines: list[tuple[int, list[str]]], delimiter: str) -> list[tuple[int, list[str]]]:
    """Write decimal commas as points in the columns that have them.

    A column with both signs is left as it is, for a comma may then part thousands; and so is one in which all commas
    may, unless semicolons separate, which spreadsheets put where commas are decimal signs.
    """
    columns = zip_longest(*(cells for _, cells in lines[1:]), fillvalue="")
    decimal = [_has_decimal_commas(column, delimiter) for column in columns]
    if not any(decimal):
        return lines
    return [
        (line, [cell.replace(",", ".") if there and _COMMA.fullmatch(cell) else cell for cell, there in pairs])
        for line, pairs in ((line, zip_longest(cells, decimal[: len(cells)])) for line, cells in lines)
    ]


def _has_decimal_commas(column: Sequence[str], delimiter: str) -> bool:
    commas = [cell for cell in column if _COMMA.fullmatch(cell)]
    if not commas or any(_POINT.fullmatch(cell) for cell in column):
        return False
    return delimiter == ";" or not all(_THOUSANDS.fullmatch(cell) for cell in commas)


def _rows(where: str, header: list[str], lines: list[tuple[int, list[str]]]) -> Iterator[TextRow]:
    for line, cells in lines:
        if len(cells) != len(header):
            raise UsageError(
                f"{where}, line {line}: {len(cells)} fields, but the header has {len(header)}: "
                "the file is damaged or incomplete"
            )
        # A column without a name is a row number, or what a spreadsheet leaves beside the table.
        yield {name: text for name, text in zip(header, cells, strict=True) if name}


def refuse_html(data: bytes, where: str) -> None:
    """Raise UsageError where a web page was saved under a table's name."""
    if is_web_page(data):
        raise UsageError(
            f"{where} is a web page (HTML), not a table, saved from a site's file viewer: download the raw file instead"
        )


def _refuse_what_is_no_text(data: bytes, where: str) -> None:
    refuse_html(data, where)
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        raise UsageError(f"{where} is a Git LFS pointer, not the file: run `git lfs pull`, or download the raw file")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{where} is UTF-16 (a spreadsheet's 'Unicode text'): save it as CSV in UTF-8")
    if b"\0" in data[:65536]:
        raise UsageError(f"{where} is a binary file, not a CSV")


def _decode(data: bytes, where: str, encoding: str) -> str:
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"{where} is not {encoding.upper()} (byte {error.start}): save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def number(where: object, column: str, name: str, text: str, decimal: str = ".") -> float | None:
    """Read a number; an empty text is None.

    Raises:
        UsageError: the text is no finite number.
    """
    if text == "":
        return None
    plain = text.replace(decimal, ".") if decimal != "." else text
    # float() also takes 3_4, digits of other scripts, nan and infinity, none of which is a label.
    value = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    if not math.isfinite(value):
        remedy = ": write decimals with a point" if re.fullmatch(r"-?\d+,\d+", text) else ""
        remedy = ": leave the cell empty where there is no number" if text.lower() in _NOTHING else remedy
        raise UsageError(
            f"{where}: column {quoted(column)} of image {quoted(name)} is {quoted(text)}, not a number{remedy}"
        )
    return value


def is_file(path: Path) -> bool:
    """Tell whether a file is there; a name too long for the file system, or a locked folder, means no."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Tell whether something is there; a name too long for the file system, or a locked folder, means no."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def need_columns(where: object, header: list[str], wanted: Iterable[str]) -> None:
    """Raise UsageError, naming what is there, unless every wanted column is."""
    lacking = [column for column in wanted if column not in header]
    if lacking:
        folded = {column.lower() for column in header}
        case = " (case matters)" if all(column.lower() in folded for column in lacking) else ""
        raise UsageError(
            f"{where} has no column {' and '.join(map(repr, lacking))}; its columns are {', '.join(header)[:300]}{case}"
        )


def image_name(where: object, text: str) -> str:
    """Return an image name with ``/`` separators, in its shortest form: ``./a.png`` and ``x/../a.png`` are ``a.png``.

    Raises:
        UsageError: it is empty or has control characters.
    """
    name = posixpath.normpath(text.replace("\\", "/")) if text else "."
    if name == "." or not name.isprintable():
        raise UsageError(f"{where}: {quoted(text)} is not an image name")
    return name


def image_names(where: object, texts: Sequence[str]) -> list[str]:
    """Return image names as ``image_name`` does.

    Raises:
        UsageError: one is empty or has control characters.
    """
    lines = "\n".join(["", *texts, ""])
    # Of nearly all sets every name is as it should be, which costs far less to find out at once.
    if "".join(texts).isprintable() and not any(part in lines for part in ("\\", "//", "/.", "/\n", "\n.", "\n\n")):
        return list(texts)
    return [image_name(where, text) for text in texts]


def is_inside(name: str) -> bool:
    """Tell whether a relative name stays inside its root."""
    return not name.startswith("/") and ".." not in name.split("/")


def repeated(names: Iterable[str]) -> list[str]:
    """Return what is there more than once, each time but the first."""
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def check_unique(where: object, names: list[str]) -> None:
    """Raise UsageError naming the first duplicates, unless every name is there once."""
    if len(set(names)) < len(names):
        twice = repeated(names)
        shown = ", ".join(map(repr, twice[:5]))
        raise UsageError(f"{where} names {len(twice)} image(s) twice: {shown}; keep one row for each image")
