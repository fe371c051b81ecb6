"""``bench table --by ATTRIBUTE``: correlations inside each distortion type, level, scene or generator of every dataset.

Works on an arranged table, so that rows, columns and what is superseded are those of ``bench table``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import stats
from bench.datasets.card import RESERVED
from bench.errors import UsageError
from bench.io.visible import quoted
from bench.tables.cell import FEW, STATISTICS, VALUES, MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.evaluation import correlate_part, usable_rows
from bench.tables.table import Table
from bench.views.arranging import Request, arranged
from bench.views.model import Value, View
from bench.views.shown import Views
from bench.views.words import number

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_MEASURED = ("std", "n_raters")  # of the ratings behind a MOS: numbers, which make no groups
MOST_COLUMNS = 30
"""Values above which a breakdown is summed up: nobody reads 81 columns of references."""


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return one table a dataset: methods × values, or the mean, lowest and highest where values are many.

    Args:
        entries: stored results.
        request: its argument is the attribute's name; without ``values`` it shows SRCC.

    Raises:
        UsageError: no dataset has the attribute; names those that there are.
    """
    tables = arranged(entries, replace(request, draws=0))
    found = break_down(tables, str(request.argument))
    names = request.values or ("srcc",)
    return Views(tuple(_view(table, part, names) for table, parts in found for part in parts))


@dataclass(frozen=True)
class Breakdown:
    """One dataset of a table, its images split by an attribute.

    Attributes:
        column: the dataset.
        attribute: by what.
        sizes: value → images that the column compares on, in natural order.
        parts: (row, value) → its correlations on those images.
    """

    column: DatasetKey
    attribute: str
    sizes: dict[str, int]
    parts: dict[tuple[MethodKey, str], stats.Correlations]

    def summary(self, row: MethodKey, name: str) -> tuple[float, str, float, str, float] | None:
        """Return a statistic's mean over values, the lowest and the highest with their values; None without any."""
        found = {v: x for v in self.sizes if (c := self.parts.get((row, v))) and (x := getattr(c, name)) is not None}
        if not found:
            return None
        low, high = min(found, key=lambda v: found[v]), max(found, key=lambda v: found[v])
        return float(np.mean(list(found.values()))), low, found[low], high, found[high]


def break_down(tables: Iterable[Table], attribute: str) -> list[tuple[Table, list[Breakdown]]]:
    """Split every dataset of some tables that has a label attribute.

    An image without a label, or without a value of the attribute, is in no part.

    Args:
        tables: arranged, without draws.
        attribute: name of a column of the labels.

    Raises:
        UsageError: no dataset has the attribute; names those that there are.
    """
    if attribute in _MEASURED:
        raise UsageError(f"--by got {quoted(attribute)}, which differs from image to image: choose a label attribute")
    parted, known = [], set()
    for table in tables:
        known |= _attributes(table)
        found = (_of_column(table, column, attribute) for column in table.columns)
        parted.append((table, [one for one in found if one.sizes]))
    if not any(found for _, found in parted):
        there = ", ".join(sorted(known)) or "no attribute at all"
        raise UsageError(f"--by got {quoted(attribute)}: no dataset here has that attribute; available: {there}")
    return parted


def _attributes(table: Table) -> set[str]:
    frames = (cell.entry.scores() for cell in table.cells.values() if cell.entry.complete)
    return {name for frame in frames for name in frame.columns} - {*RESERVED, *_MEASURED}


def _of_column(table: Table, column: DatasetKey, attribute: str) -> Breakdown:
    sizes: dict[str, int] = {}
    parts: dict[tuple[MethodKey, str], stats.Correlations] = {}
    for row, cell in table.column(column).items():
        usable = usable_rows(cell) if cell.entry.complete else None
        if usable is None or attribute not in usable:
            continue
        told = usable[usable[attribute].notna()]
        for key, part in told.groupby(told[attribute].astype(str)):
            value = str(key)
            sizes[value] = max(sizes.get(value, 0), len(part))
            parts[row, value] = correlate_part(cell.entry, part)
    return Breakdown(column, attribute, {value: sizes[value] for value in _natural(sizes)}, parts)


def _natural(values: Iterable[str]) -> list[str]:
    # Level 10 comes after level 9. Texts and numbers take turns, so that like is compared with like.
    return sorted(values, key=lambda value: [int(x) if x.isdecimal() else x for x in re.split(r"(\d+)", value)])


def _view(table: Table, one: Breakdown, names: Sequence[str]) -> View:
    many, sizes = len(one.sizes) > MOST_COLUMNS, list(one.sizes.values())
    line = _summed if many else _values
    rows = [row for row in table.rows if any((row, value) in one.parts for value in one.sizes)]
    lines = [[_row_heading(table, one, row), *line(one, row, names)] for row in rows]
    caption = f"{_joined(names)} on {one.column.dataset} ({one.column.protocol}) by {one.attribute}"
    if many:
        few = f"; below {FEW} images too few to draw conclusions" if min(sizes) < FEW else ""
        caption += f": inside each of {len(sizes)} values, of {min(sizes)} to {max(sizes)} images{few}"
    left_out = table.left_out(one.column)
    captions = [f"{caption}.", *([f"{left_out}."] if left_out else []), *table.about(one.column).notes]
    head = _heads_of_summary(names) if many else _heads(one, names)
    return View([Value("method"), *head], [("", lines)], captions, _records(table, one))


def _row_heading(table: Table, one: Breakdown, row: MethodKey) -> Value:
    remarks = table.remarks(row, one.column) if row not in table.eligible[one.column] else ()
    return Value(table.labels[row], notes=tuple(remarks))


def _joined(names: Sequence[str]) -> str:
    *first, last = (STATISTICS[name].meaning for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def _heads_of_summary(names: Sequence[str]) -> list[Value]:
    # One statistic is named in the caption.
    heads = [f" {STATISTICS[name].heading}" for name in names] if len(names) > 1 else [""]
    return [Value(f"{what}{head}") for head in heads for what in ("mean", "lowest", "highest")]


def _heads(one: Breakdown, names: Sequence[str]) -> list[Value]:
    first, *others = (STATISTICS[name].heading for name in names)
    heads: list[Value] = []
    for value, n in one.sizes.items():
        notes = (f"fewer than {FEW} images: too few to draw conclusions",) if n < FEW else ()
        heads += [Value(f"{value} (n = {n})", notes=notes, after=f" {first}" if others else ""), *map(Value, others)]
    return heads


def _values(one: Breakdown, row: MethodKey, names: Sequence[str]) -> list[Value]:
    return [_value(one.parts.get((row, value)), name) for value in one.sizes for name in names]


def _value(found: stats.Correlations | None, name: str) -> Value:
    if found is None:
        return Value("-", notes=("no image of this value was scored",))
    number_found = getattr(found, name)
    return Value("-", notes=(found.reasons[name],)) if number_found is None else Value(number(number_found))


def _summed(one: Breakdown, row: MethodKey, names: Sequence[str]) -> list[Value]:
    return [value for name in names for value in _summed_up(one, row, name)]


def _summed_up(one: Breakdown, row: MethodKey, name: str) -> list[Value]:
    found = one.summary(row, name)
    if found is None:
        reasons = dict.fromkeys(part.reasons[name] for (of, _), part in one.parts.items() if of == row)
        return [Value("-", notes=tuple(reasons)), Value("-"), Value("-")]
    mean, lowest, low, highest, high = found
    return [Value(number(mean)), Value(f"{number(low)} ({lowest})"), Value(f"{number(high)} ({highest})")]


def _records(table: Table, one: Breakdown) -> list[dict[str, Any]]:
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
        for row in table.rows
        for value in one.sizes
        if (found := one.parts.get((row, value))) is not None
    ]
