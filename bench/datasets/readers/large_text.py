"""Large tables of plain text, read column by column: a row of Python objects takes forty times its bytes in the file.

Only text that is parted the same way by everybody is read here: no quotes, no white space but blanks, no comments above
the header, no commas inside cells, and as many fields in each line as in the header. ``text`` reads the rest, and says
what is wrong with what is no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from bench.api import FloatArray

if TYPE_CHECKING:
    import pyarrow as pa

LARGE = 2**20
"""Bytes of a file below which rows of Python objects are cheap."""
BEGINNING = 2**16
"""Bytes that hold the header and what stands above it."""
_LONGEST = 2**17  # of a field, as in the csv module
_OTHER_SPACE = re.compile(r"[^\S\n\r ]")
_BATCH = 10_000  # rows that are made Python objects at once


class Rows(Sequence[dict[str, str]]):
    """Rows of a table that is kept in columns: each is made when it is asked for."""

    def __init__(self, columns: pa.Table) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    @overload
    def __getitem__(self, place: int) -> dict[str, str]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, str]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, str] | list[dict[str, str]]:
        places = range(len(self))[place]
        if isinstance(places, range):
            return list(self.columns.take(list(places)).to_pylist())
        return dict(self.columns.slice(places, 1).to_pylist()[0])

    def __iter__(self) -> Iterator[dict[str, str]]:
        for batch in self.columns.to_batches(max_chunksize=_BATCH):
            yield from batch.to_pylist()

    def texts(self, column: str) -> list[str]:
        """Return a column."""
        return list(self.columns[column].to_pylist())

    def numbers(self, column: str, missing: Sequence[str]) -> FloatArray | None:
        """Return a column as numbers, NaN where its text is one of some in lower case; None where one is no number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = self.columns[column]
        lacking = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(missing))
        try:
            read = pc.cast(pc.if_else(lacking, None, texts), pa.float64())
        except pa.ArrowInvalid:
            return None
        values = np.asarray(read.to_numpy(), dtype=np.float64)
        # It also reads infinity and nan, which are no numbers here.
        return values if (np.isfinite(values) | lacking.to_numpy()).all() else None


def read_columns(data: bytes, delimiters: Sequence[str], preamble: re.Pattern[str]) -> tuple[list[str], Rows] | None:
    """Return the header and the rows of a large file of plain text; None where it is not as plain as this reader needs.

    Args:
        data: the file, in UTF-8.
        delimiters: of which the most frequent one of the first line parts the fields.
        preamble: what may stand above the header, which this reader leaves to others.
    """
    import pyarrow as pa
    import pyarrow.csv

    beginning = data[:BEGINNING].decode("utf-8-sig", errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
    line, end, _ = beginning.partition("\n")
    delimiter = max(delimiters, key=line.count)
    names = [cell.strip() for cell in line.split(delimiter)]
    plain = end and not preamble.match(beginning) and len(set(names)) == len(names) and any(names)
    if not plain or not _is_plain(data, delimiter):
        return None
    try:
        read = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            pyarrow.csv.ReadOptions(column_names=names, skip_rows=1),
            pyarrow.csv.ParseOptions(delimiter=delimiter, quote_char=False),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = _trimmed(read, b" " in data)
    return None if columns is None else ([name for name in names if name], Rows(columns))


def _is_plain(data: bytes, delimiter: str) -> bool:
    if b'"' in data or (delimiter != "," and b"," in data):
        return False
    if data.isascii():
        return not any(bytes([space]) in data for space in b"\t\v\f\x1c\x1d\x1e\x1f" if chr(space) != delimiter)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not _OTHER_SPACE.search(text.replace(delimiter, ""))


def _trimmed(read: pa.Table, blanks: bool) -> pa.Table | None:
    """Return a table without blanks around its cells, without empty rows, and without columns that have no name.

    None where a field is longer than a table may have.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    columns: dict[str, Any] = {}
    empty = None
    for name in read.column_names:
        columns[name] = pc.utf8_trim(read[name], " ") if blanks else read[name]
        if (pc.max(pc.binary_length(columns[name])).as_py() or 0) >= _LONGEST:
            return None
        # Where each row has something in the first column, no other is looked at.
        if empty is None or pc.any(empty).as_py():
            blank = pc.equal(columns[name], "")
            empty = blank if empty is None else pc.and_(empty, blank)
    table = pa.table({name: values for name, values in columns.items() if name})
    return table.filter(pc.invert(empty)) if pc.any(empty).as_py() else table
