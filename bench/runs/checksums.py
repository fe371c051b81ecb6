"""Checksums inside the files of a stored result, so that a bit that changed on the disk is found when they are read.

* The sidecar ends in the SHA-256 of all that stands before it.
* Each line of the journal ends in a hash of the entry's key and of the line.
* The Parquet file has checksums of its pages, and the sidecar has the SHA-256 of the file.

Files of older versions have none; they are read as they are, and ``bench results verify`` names them.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

UNSEALED = 1
"""Format of sidecars without a checksum."""
SCORES_HASH = "scores_sha256"
"""Key of a sidecar: SHA-256 of the Parquet file."""
_RECORD_MARK = b',\n "sha256": "'
_LINE_MARK = b', "sum": "'
_LINE_DIGITS = 12


class DamagedError(ValueError):
    """Something is not as it was written."""


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def seal_record(record: dict[str, Any]) -> bytes:
    """Return a non-empty sidecar as JSON that ends in its own checksum."""
    body = json.dumps(record, indent=1, ensure_ascii=False).encode().removesuffix(b"\n}")
    return body + _RECORD_MARK + sha256(body).encode() + b'"\n}'


def read_record(data: bytes) -> dict[str, Any]:
    """Return what a sidecar says.

    Raises:
        DamagedError: its checksum is wrong, or it lacks one that it should have.
        ValueError: it is no JSON.
    """
    body, mark, rest = data.rpartition(_RECORD_MARK)
    if mark and rest != sha256(body).encode() + b'"\n}':
        raise DamagedError("its checksum is wrong")
    record = json.loads(body + b"\n}" if mark else data)
    if not isinstance(record, dict) or "format" not in record:
        raise DamagedError("it is not what bench writes")
    if not mark and (record["format"] == UNSEALED + 1 or SCORES_HASH in record):
        raise DamagedError("its checksum is gone")
    return record


def seal_line(fields: dict[str, Any], key: str) -> bytes:
    """Return a line of the journal of the entry with that key, with its checksum and without its end."""
    body = json.dumps(fields).encode().removesuffix(b"}")
    return body + _LINE_MARK + _line_digest(body, key) + b'"}'


def read_line(line: bytes, key: str, sealed: bool) -> dict[str, Any]:
    """Return the fields of a line.

    Args:
        line: without its end.
        key: of the entry.
        sealed: whether it must have a checksum.

    Raises:
        ValueError: its checksum is wrong or missing, or it is no JSON object.
    """
    body, mark, rest = line.rpartition(_LINE_MARK)
    if mark and rest != _line_digest(body, key) + b'"}':
        raise DamagedError("its checksum is wrong")
    if sealed and not mark:
        raise DamagedError("it has no checksum")
    fields = json.loads(body + b"}" if mark else line)
    if not isinstance(fields, dict):
        raise DamagedError("it is no JSON object")
    return fields


def is_cut_short(line: bytes) -> bool:
    """Say whether a line without an end may be the beginning of a line, as a kill leaves it."""
    _, mark, rest = line.rpartition(_LINE_MARK)
    return not mark or len(rest) < _LINE_DIGITS + len('"}')


def _line_digest(body: bytes, key: str) -> bytes:
    # With the key, a line of another entry's journal is noticed too.
    return hashlib.sha256(key.encode() + body).hexdigest()[:_LINE_DIGITS].encode()


def to_parquet(table: pa.Table) -> bytes:
    """Return a table as a Parquet file with checksums of its pages."""
    import pyarrow.parquet

    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, write_page_checksum=True)
    return buffer.getvalue()


def read_parquet(data: bytes, expected: str | None, columns: Collection[str] | None = None) -> pd.DataFrame:
    """Return the table in a Parquet file.

    Args:
        data: the file.
        expected: its SHA-256; None where nobody recorded it.
        columns: those to read, as far as they are there; None reads all.

    Raises:
        DamagedError: the file is another, or cannot be decoded.
    """
    import pyarrow.parquet

    check_parquet(data, expected)
    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data), page_checksum_verification=True)
        there = file.schema_arrow.names
        table = file.read(there if columns is None else [name for name in there if name in columns])
        frame: pd.DataFrame = table.to_pandas()
        return frame
    except Exception as error:  # whatever the decoder meets in damaged bytes, of many kinds
        raise DamagedError(f"{type(error).__name__}: {error}") from None


def check_parquet(data: bytes, expected: str | None) -> None:
    """Raise DamagedError unless a file has the SHA-256 that was recorded; None: nobody recorded it."""
    if expected is not None and sha256(data) != expected:
        raise DamagedError("its checksum is not the one in provenance.json, as if it had changed since it was written")
