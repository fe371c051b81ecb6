"""Marks of a table: which rows may be the best of a column or an average, and which ranks each may have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench import stats
from bench.tables.averages import Average
from bench.tables.cell import MethodKey, shared_draws
from bench.tables.columns import DatasetKey
from bench.tables.table import Table

Mark = Literal["", "best", "second"]
Rule = Literal["set", "value"]
"""What a mark means: ``set``, the row is in the confidence set of the best; ``value``, its value is the highest."""

Place = DatasetKey | str
"""A column, or the kind of an average."""


@dataclass(frozen=True)
class Marks:
    """Marks of every column and average of a table.

    Attributes:
        rule: what they mean.
        of: place → row → its mark; rows without one are left out.
        ranks: place → row → lowest and highest rank that it may have; empty where nothing was drawn.
        draws: bootstrap draws behind the table; 0 without any.
    """

    rule: Rule
    of: dict[Place, dict[MethodKey, Mark]] = field(default_factory=dict)
    ranks: dict[Place, dict[MethodKey, tuple[int, int]]] = field(default_factory=dict)
    draws: int = 0

    def mark(self, row: MethodKey, place: Place) -> Mark:
        """Return the mark of a row in a place; empty without one."""
        return self.of.get(place, {}).get(row, "")

    def rank(self, row: MethodKey, place: Place) -> tuple[int, int] | None:
        """Return the lowest and the highest rank that a row may have in a place; None where that is not known."""
        return self.ranks.get(place, {}).get(row)


def find_marks(table: Table, averages: Sequence[Average], rule: Rule = "set") -> Marks:
    """Mark the rows of each column and each average of a table.

    By the rule ``set`` the draws of each place decide, and a column that is too small to tell anything has no marks,
    nor has an average that rests on one.
    Without draws, and by the rule ``value``, the highest value is the best and the next one the second.

    Args:
        table: any.
        averages: of the table, named in the result by their kinds.
        rule: what marks are to mean.
    """
    draws = max((each.interval.draws for each in table.cells.values()), default=0)
    found = Marks(rule if draws else "value", draws=draws)
    small = set()
    for column in table.columns:
        cells = {row: table.cells[row, column] for row in table.eligible[column]}
        if any(cell.too_few for cell in cells.values()):
            small.add(column)
        drawn = None if column in small else shared_draws(list(cells.values()))
        _add(found, column, {row: cell.correlations.srcc for row, cell in cells.items()}, drawn)
    for each in averages:
        drawn = each.bootstrap if small.isdisjoint(each.over) else None
        _add(found, each.kind, {row: mean.value for row, mean in each.srcc.items()}, drawn)
    return found


def _add(marks: Marks, place: Place, values: Mapping[MethodKey, float | None], drawn: stats.Bootstrap | None) -> None:
    """Add the marks and ranks of one place, whose draws have the rows of the values in order."""
    if marks.rule == "value":
        marks.of[place] = by_value(values)
    # A row that is alone has nobody to be compared with.
    if drawn is None or len(values) < 2:
        return
    ranks = zip(values, stats.rank_intervals(drawn), strict=True)
    marks.ranks[place] = {row: rank for row, rank in ranks if rank}
    if marks.rule == "set":
        best = zip(values, stats.may_be_best(drawn), strict=True)
        marks.of[place] = {row: "best" for row, may_be in best if may_be}


def by_value(values: Mapping[MethodKey, float | None]) -> dict[MethodKey, Mark]:
    """Mark the highest of some values and, below a single highest one, the second; equal values share a mark."""
    known = {row: value for row, value in values.items() if value is not None}
    if len(known) < 2:
        return {}
    best = _highest(known)
    rest = {row: value for row, value in known.items() if row not in best}
    second = _highest(rest) if len(best) == 1 and len(rest) > 1 else []
    return {**dict.fromkeys(best, "best"), **dict.fromkeys(second, "second")}


def _highest(values: Mapping[MethodKey, float]) -> list[MethodKey]:
    most = max(values.values())
    return [row for row, value in values.items() if math.isclose(value, most)]
