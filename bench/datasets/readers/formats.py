"""The formats of label tables: which suffix which function reads. A new format is a line in ``READERS``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePosixPath

from bench.datasets.card import TableSpec
from bench.datasets.readers.isolated import parse_apart
from bench.datasets.readers.json_table import parse_json
from bench.datasets.readers.text import MAX_BYTES, TextTable, parse_text, refuse_html
from bench.errors import UsageError

Reader = Callable[[bytes, str, TableSpec], TextTable]
"""(content, where it is from, how it is laid out) to a table. Raises UsageError where it is no such file."""

_read_sheet = functools.partial(parse_apart, "bench.datasets.readers.excel:parse_sheet")
_read_matlab = functools.partial(parse_apart, "bench.datasets.readers.matlab:parse_matlab")

READERS: dict[str, Reader] = {
    ".csv": parse_text,
    ".tsv": parse_text,
    ".txt": parse_text,
    ".dat": parse_text,
    "": parse_text,
    ".json": parse_json,
    ".xlsx": _read_sheet,
    ".xls": _read_sheet,
    ".mat": _read_matlab,
}
"""Suffix, in lower case with its dot, to reader. What compiled code parses is read by ``parse_apart``."""


def parse(data: bytes, where: str, spec: TableSpec) -> TextTable:
    """Read a table in the format that its file's suffix tells.

    Args:
        data: the file's content.
        where: its path, for the suffix and for messages.
        spec: how the table is laid out.

    Raises:
        UsageError: it is too large, of no known format, damaged, or not laid out as the spec says.
    """
    if len(data) > MAX_BYTES:
        raise UsageError(f"{where} is larger than {MAX_BYTES >> 20} MiB: no label file is")
    refuse_html(data, where)
    suffix = PurePosixPath(where).suffix.lower()
    if suffix not in READERS:
        raise UsageError(f"{where}: tables are read from {', '.join(filter(None, READERS))}, not from {suffix}")
    return READERS[suffix](data, where, spec)
