"""Krasula's AUCs of every row of a table, on the datasets whose labels tell of the ratings behind each MOS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from bench import stats
from bench.defaults import ALPHA
from bench.tables.cell import Cell, MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.evaluation import usable_rows
from bench.tables.ratings import complete_cells, find_ratings
from bench.tables.table import Table
from bench.views.opinions.aucs import OpinionAucs, Tests, compare_pairs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Opinions:
    """One dataset of a table.

    Attributes:
        column: the dataset.
        reason: why it is not shown; empty where it is.
        ceiling: of any metric's correlations with its labels.
        judged: the rows with a complete result.
        tests: (name in TESTED, row, row), in both orders → p-value of the difference, adjusted over the table.
    """

    column: DatasetKey
    reason: str
    ceiling: stats.Ceiling
    judged: dict[MethodKey, OpinionAucs] = field(default_factory=dict)
    tests: Tests = field(default_factory=dict)

    def of_ceiling(self, srcc: float | None) -> float | None:
        """Return an SRCC as a share of the ceiling; None without either, or where the ceiling is not above 0."""
        reachable = self.ceiling.srcc
        return None if srcc is None or reachable is None or reachable <= 0 else srcc / reachable

    def largest_p(self, name: str, row: MethodKey, eligible: Sequence[MethodKey]) -> float | None:
        """Return the largest p-value of a row against the other eligible ones; None where one was not tested."""
        found = [self.tests.get((name, row, other)) for other in eligible if other != row]
        known = [p for p in found if p is not None]
        return max(known) if known and len(known) == len(found) else None

    def best(self, name: str, eligible: Sequence[MethodKey]) -> MethodKey | None:
        """Return the row with the highest AUC, where its tests tell it from every other eligible one."""
        values = {row: getattr(self.judged[row], name).value for row in eligible if row in self.judged}
        first = max(values, key=lambda row: values[row] or 0.0, default=None)
        p = None if first is None else self.largest_p(name, first, eligible)
        return first if p is not None and p < ALPHA else None


def opinions(table: Table) -> list[Opinions]:
    """Judge every row on every dataset of a table; the tests are adjusted over all of it (Holm)."""
    found = [_of_column(table, column) for column in table.columns]
    adjusted = stats.adjust([p for one in found for p in one.tests.values()]).tolist()
    return [replace(one, tests=_in_both_orders(one.tests, adjusted)) for one in found]


def _in_both_orders(tests: Tests, adjusted: list[float]) -> Tests:
    """Take as many p-values off the front as there are tests; a test that could not be made is left out."""
    taken, adjusted[: len(tests)] = adjusted[: len(tests)], []
    made = {key: p for key, p in zip(tests, taken, strict=True) if not np.isnan(p)}
    return made | {(name, b, a): p for (name, a, b), p in made.items()}


def _of_column(table: Table, column: DatasetKey) -> Opinions:
    ratings = find_ratings(table, column)
    judged: dict[MethodKey, OpinionAucs] = {}
    tests: Tests = {}
    if not ratings.reason:
        for cells, frames in _on_same_images(complete_cells(table, column)):
            analysis = compare_pairs(cells, frames, ratings)
            judged |= analysis.aucs()
            tests |= analysis.tests(table.eligible[column])
    return Opinions(column, ratings.reason, ratings.ceiling(), judged, tests)


def _on_same_images(cells: Iterable[Cell]) -> list[tuple[list[Cell], list[pd.DataFrame]]]:
    """Put together the cells whose scores and labels are of the same images."""
    groups: dict[tuple[str, ...], tuple[list[Cell], list[pd.DataFrame]]] = {}
    for cell in cells:
        usable = usable_rows(cell)
        there, frames = groups.setdefault(tuple(usable["image"]), ([], []))
        there.append(cell)
        frames.append(usable)
    return list(groups.values())
