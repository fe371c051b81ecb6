"""Writing breakdowns (``bench table --by``) in Markdown and LaTeX, and as records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bench.tables.cell import FEW, VALUES, MethodKey
from bench.tables.table import Table
from bench.views.by_attribute import MOST_COLUMNS, Breakdown
from bench.views.markup import Footnotes, Markup, Sheet
from bench.views.words import number


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


def to_paper(tables: Iterable[tuple[Table, list[Breakdown]]], markup: Markup) -> str:
    """Return one table a dataset: SRCC of methods × values, or its mean, lowest and highest where values are many."""
    return "\n".join(markup.lay_out(_sheet(table, one, markup)) for table, parts in tables for one in parts)


def _sheet(table: Table, one: Breakdown, markup: Markup) -> Sheet:
    escape, notes = markup.escape, Footnotes(markup)
    many = len(one.sizes) > MOST_COLUMNS
    columns = ["mean", "lowest", "highest"] if many else [_heading(v, n, escape, notes) for v, n in one.sizes.items()]
    lines = []
    for row in table.rows:
        if any((row, value) in one.parts for value in one.sizes):
            cells = _summed(one, row, escape, notes) if many else [_cell(one, row, value, notes) for value in one.sizes]
            lines.append([escape(table.labels[row]), *cells])
    sizes = list(one.sizes.values())
    caption = f"SRCC on {one.column.dataset} ({one.column.protocol}) by {one.attribute}"
    if many:
        few = f"; below {FEW} images it is too few to tell" if min(sizes) < FEW else ""
        caption += f": inside each of {len(sizes)} values, of {min(sizes)} to {max(sizes)} images{few}"
    about = next(cell.dataset.notes for (_, where), cell in table.cells.items() if where == one.column)
    return Sheet(["method", *columns], [("", lines)], [escape(f"{caption}."), *map(escape, about)], notes.texts)


def _heading(value: str, n: int, escape: Callable[[str], str], notes: Footnotes) -> str:
    few = notes.mark(f"fewer than {FEW} images: too few to tell") if n < FEW else ""
    return f"{escape(value)} (n = {n}){few}"


def _cell(one: Breakdown, row: MethodKey, value: str, notes: Footnotes) -> str:
    found = one.parts.get((row, value))
    if found is None:
        return "-" + notes.mark("no image of this value was scored")
    return "-" + notes.mark(found.reasons["srcc"]) if found.srcc is None else number(found.srcc)


def _summed(one: Breakdown, row: MethodKey, escape: Callable[[str], str], notes: Footnotes) -> list[str]:
    found = one.summary(row)
    if found is None:
        reasons = dict.fromkeys(part.reasons["srcc"] for (of, _), part in one.parts.items() if of == row)
        return ["-" + notes.mark(*reasons), "-", "-"]
    mean, lowest, low, highest, high = found
    return [number(mean), f"{number(low)} ({escape(lowest)})", f"{number(high)} ({escape(highest)})"]
