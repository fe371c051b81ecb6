"""Paired significance tests between the rows of a table, adjusted for multiple comparisons.

Rows that scored the same images share the draws of the bootstrap, so that what images have in common cancels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from bench import stats
from bench.defaults import ALPHA
from bench.tables.averages import Average
from bench.tables.cell import MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.copies import why_copy
from bench.tables.table import Table

Place = DatasetKey | None
"""Place of a comparison: a column, or None for the average over columns."""


@dataclass(frozen=True)
class Comparison:
    """Two rows in one place.

    Attributes:
        place: where.
        a: the one.
        b: the other, which stands below it in the table.
        difference: of their correlations, ``a`` less ``b``; its row numbers mean nothing here.
        p: two-sided p-value, adjusted by Holm over all comparisons made together; None without a test.
    """

    place: Place
    a: MethodKey
    b: MethodKey
    difference: stats.Difference
    p: float | None

    @property
    def better(self) -> MethodKey | None:
        """The row that is better at ``ALPHA``; None where the test cannot tell."""
        if self.p is None or self.p >= ALPHA or not self.difference.value:
            return None
        return self.a if self.difference.value > 0 else self.b


@dataclass(frozen=True)
class Significance:
    """Comparisons that were adjusted together.

    Attributes:
        comparisons: each pair of eligible rows of each place once.
        copies: column without comparisons → which dataset it is under another name, in words.
    """

    comparisons: tuple[Comparison, ...]
    copies: Mapping[DatasetKey, str] = field(default_factory=dict)

    @property
    def made(self) -> int:
        """Number of comparisons that the p-values are adjusted for."""
        return sum(each.p is not None for each in self.comparisons)

    def at(self, place: Place) -> list[Comparison]:
        """Return the comparisons of one place."""
        return [each for each in self.comparisons if each.place == place]


def compare_columns(table: Table, rows: Sequence[MethodKey] | None = None) -> Significance:
    """Compare the rows of every column, all comparisons in one family.

    A column whose dataset was compared under another name is left out: the same evidence must not count twice.

    Args:
        table: of cells that were evaluated with draws.
        rows: these, also where they saw the dataset; None for all that are eligible for best.
    """
    found: dict[DatasetKey, list[_Found]] = {}
    copies = {}
    for column in table.columns:
        if why := why_copy(table, column, (each for each, made in found.items() if made)):
            copies[column] = why
            continue
        there = [r for r in table.rows if r in table.eligible[column]] if rows is None else rows
        found[column] = list(_in_column(table, column, [row for row in there if (row, column) in table.cells]))
    return replace(_adjusted([each for made in found.values() for each in made]), copies=copies)


def compare_averages(table: Table, over: Average) -> Significance:
    """Compare the rows of a table by their averages over columns, in a family of their own."""
    if over.bootstrap is None:
        return Significance(())
    differences = stats.paired_differences(over.bootstrap)
    return _adjusted([(None, table.rows[d.a], table.rows[d.b], d) for d in differences])


_Found = tuple[Place, MethodKey, MethodKey, stats.Difference]


def _in_column(table: Table, column: DatasetKey, rows: Sequence[MethodKey]) -> Iterable[_Found]:
    for a, b in combinations(rows, 2):
        first, second = (table.cells[row, column].bootstrap for row in (a, b))
        if first is None or second is None:
            continue
        if first.srcc is second.srcc:
            (difference,) = stats.paired_differences(first.srcc, [(first.place, second.place)])
            yield column, a, b, difference
        else:
            yield column, a, b, _untold("they did not score the same images")


def _untold(reason: str) -> stats.Difference:
    return stats.Difference(0, 0, None, stats.Interval(None, None, 0, 0, reason=reason), None, None, reason)


def _adjusted(found: Sequence[_Found]) -> Significance:
    # p_t has no floor: by the share of draws alone no one of hundreds of comparisons could survive.
    raw = np.array([np.nan if d.p_t is None else d.p_t for *_, d in found])
    adjusted = stats.adjust(raw) if raw.size else raw
    return Significance(
        tuple(
            Comparison(place, a, b, d, None if np.isnan(p) else float(p))
            for (place, a, b, d), p in zip(found, adjusted, strict=True)
        )
    )
