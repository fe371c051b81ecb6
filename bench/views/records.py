"""Views as JSON and CSV: their records, unrounded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.io.visible import spreadsheet_cell
from bench.views.model import Record


class Words(tuple[str, ...]):
    """Several words in one cell, which CSV joins by spaces and not by semicolons."""

    __slots__ = ()


class Block(dict[str, Any]):
    """A mapping in one cell, which CSV holds as JSON and not as words."""


def to_json(records: Sequence[Record]) -> str:
    """Return records as a list, unrounded."""
    return json.dumps(records, indent=1, ensure_ascii=False)


def to_csv(records: Sequence[Record], raw: bool = False) -> str:
    """Return one line a record, unrounded; what is missing is empty, several values are joined by semicolons.

    Args:
        records: the lines.
        raw: leave texts as they are; else none of them is computed by a spreadsheet or steers a terminal.
    """
    if not records:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    cell = _in_one if raw else _for_people
    writer.writerows({name: cell(value) for name, value in record.items()} for record in records)
    return out.getvalue()


def _for_people(value: Any) -> Any:
    return spreadsheet_cell(_in_one(value))


def _in_one(value: Any) -> Any:
    if isinstance(value, Block):
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {each}" for name, each in value.items())
    if isinstance(value, Words):
        return " ".join(value)
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else value
