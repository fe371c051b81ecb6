"""Writing breakdowns (``bench table --by``) as Markdown, CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.breakdown import MOST_COLUMNS, Breakdown
from bench.cells import FEW, VALUES, Row
from bench.markup import aligned
from bench.markup import escape_markdown as escape
from bench.render import number, records_as_csv, records_as_json
from bench.tables import Table

_FEW_MARK = "†"


def records(table: Table, parts: Iterable[Breakdown]) -> list[dict[str, Any]]:
    """Return one record a method, dataset and value, unrounded."""
    return [
        {
            "method": table.labels[row],
            "dataset": one.column.dataset,
            "protocol": str(one.column.protocol),
            one.attribute: value,
            "n": found.n,
            **{name: getattr(found, name) for name in VALUES},
            "reasons": found.reasons,
        }
        for one in parts
        for row in table.rows
        for value in one.sizes
        if (found := one.parts.get((row, value))) is not None
    ]


def to_json(tables: Iterable[tuple[Table, list[Breakdown]]]) -> str:
    """Return the records of all tables as a list."""
    return records_as_json([r for table, parts in tables for r in records(table, parts)])


def to_csv(tables: Iterable[tuple[Table, list[Breakdown]]]) -> str:
    """Return one line a record; reasons joined by semicolons, missing numbers empty."""
    return records_as_csv([record for table, parts in tables for record in records(table, parts)])


def to_markdown(tables: Iterable[tuple[Table, list[Breakdown]]]) -> str:
    """Return one table a dataset: SRCC of methods × values, or its mean, lowest and highest where values are many."""
    return "\n".join(_one(table, breakdown) for table, parts in tables for breakdown in parts)


def _one(table: Table, one: Breakdown) -> str:
    many = len(one.sizes) > MOST_COLUMNS
    columns = ["mean", "lowest", "highest"] if many else [_heading(value, n) for value, n in one.sizes.items()]
    lines = [["method", *columns]]
    for row in table.rows:
        if any((row, value) in one.parts for value in one.sizes):
            cells = _summed(one, row) if many else [_cell(one, row, value) for value in one.sizes]
            lines.append([escape(table.labels[row]), *(cell or "-" for cell in cells)])
    sizes = list(one.sizes.values())
    caption = f"SRCC on {escape(one.column.dataset)} ({one.column.protocol}) by {escape(one.attribute)}"
    if many:
        caption += f": inside each of {len(sizes)} values, of {min(sizes)} to {max(sizes)} images"
    caption += f". {_FEW_MARK} fewer than {FEW} images: too few to tell." if min(sizes) < FEW else "."
    reasons = dict.fromkeys(c.reasons["srcc"] for c in one.parts.values() if c.srcc is None)
    caption += f" -: {escape('; '.join(reasons))}." if reasons else ""
    notes = next(cell.dataset["notes"] for (_, where), cell in table.cells.items() if where == one.column)
    return "\n".join([*aligned(lines), "", caption, *map(escape, notes), ""])


def _heading(value: str, n: int) -> str:
    return f"{escape(value)} (n = {n}{_FEW_MARK if n < FEW else ''})"


def _cell(one: Breakdown, row: Row, value: str) -> str:
    found = one.parts.get((row, value))
    return number(found.srcc) if found is not None and found.srcc is not None else ""


def _summed(one: Breakdown, row: Row) -> list[str]:
    found = one.summary(row)
    if found is None:
        return ["", "", ""]
    mean, lowest, low, highest, high = found
    return [number(mean), f"{number(low)} ({escape(lowest)})", f"{number(high)} ({escape(highest)})"]
