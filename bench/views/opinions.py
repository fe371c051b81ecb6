"""Krasula's AUCs of every row of a table, on the datasets whose labels tell of the ratings behind each MOS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from bench import stats
from bench.tables.cell import Cell, MethodKey
from bench.tables.evaluation import joined, signs_of, usable_rows
from bench.tables.ratings import Ratings, complete_cells, find_ratings
from bench.tables.table import DatasetKey, Table

if TYPE_CHECKING:
    import pandas as pd

    from bench.api import FloatArray

TESTED = ("auc_ds", "auc_bw")
"""The estimates that methods are compared by, as ``OpinionAucs`` names them."""
MIN_UNITS = 20
"""Images, or clusters of them, from which there are standard errors and tests.

Of simulated equal methods 5% differ at 0.05 with 50 images, 8% with 20 and 17% with 10."""

_Tests = dict[tuple[str, MethodKey, MethodKey], float]


@dataclass(frozen=True)
class Estimate:
    """An AUC or a share of pairs.

    Attributes:
        value: 0..1, 0.5 is chance; None without one.
        error: its standard error, where pairs that share an image or a cluster may go together.
        reason: why the value, or the error, is missing; empty where both are there.
    """

    value: float | None = None
    error: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class OpinionAucs:
    """What a method makes of pairs of images.

    Attributes:
        auc_ds: are its scores farther apart in different pairs than in similar ones?
        auc_bw: do they tell the better image of different pairs?
        correct: share of different pairs that the sign of the scores' difference gets right, ties half.
        different: pairs used whose MOS differ significantly.
        similar: pairs used whose MOS do not.
        sampled: the pairs are a random choice among all.
        unit: what standard errors are over: ``image``, or the attribute that the dataset's intervals resample.
    """

    auc_ds: Estimate
    auc_bw: Estimate
    correct: Estimate
    different: int
    similar: int
    sampled: bool
    unit: str


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
    tests: _Tests = field(default_factory=dict)

    def of_ceiling(self, srcc: float | None) -> float | None:
        """Return an SRCC as a share of the ceiling; None without either, or where the ceiling is not above 0."""
        reachable = self.ceiling.srcc
        return None if srcc is None or reachable is None or reachable <= 0 else srcc / reachable

    def largest_p(self, name: str, row: MethodKey, eligible: Sequence[MethodKey]) -> float | None:
        """Return the largest p-value of a row against the others in the running; None where one was not tested."""
        found = [self.tests.get((name, row, other)) for other in eligible if other != row]
        known = [p for p in found if p is not None]
        return max(known) if known and len(known) == len(found) else None

    def best(self, name: str, eligible: Sequence[MethodKey]) -> MethodKey | None:
        """Return the row with the highest AUC, where its tests tell it from every other in the running."""
        values = {row: getattr(self.judged[row], name).value for row in eligible if row in self.judged}
        first = max(values, key=lambda row: values[row] or 0.0, default=None)
        p = None if first is None else self.largest_p(name, first, eligible)
        return first if p is not None and p < stats.ALPHA else None


def opinions(table: Table) -> list[Opinions]:
    """Judge every row on every dataset of a table; the tests are adjusted over all of it (Holm)."""
    found = [_of_column(table, column) for column in table.columns]
    adjusted = stats.adjust([p for one in found for p in one.tests.values()]).tolist()
    return [replace(one, tests=_in_both_orders(one.tests, adjusted)) for one in found]


def _in_both_orders(tests: _Tests, adjusted: list[float]) -> _Tests:
    """Take as many p-values off the front as there are tests; a test that could not be made is none."""
    taken, adjusted[: len(tests)] = adjusted[: len(tests)], []
    made = {key: p for key, p in zip(tests, taken, strict=True) if not np.isnan(p)}
    return made | {(name, b, a): p for (name, a, b), p in made.items()}


def _of_column(table: Table, column: DatasetKey) -> Opinions:
    ratings = find_ratings(table, column)
    judged: dict[MethodKey, OpinionAucs] = {}
    tests: _Tests = {}
    if not ratings.reason:
        for cells, frames in _on_same_images(complete_cells(table, column)):
            compared = _compare_pairs(cells, frames, ratings)
            rows = [cell.row for cell in cells]
            judged |= {row: compared.judged(i) for i, row in enumerate(rows)}
            tests |= compared.tests(rows, table.eligible[column])
    return Opinions(column, ratings.reason, ratings.ceiling(), judged, tests)


def _on_same_images(cells: Iterable[Cell]) -> list[tuple[list[Cell], list[pd.DataFrame]]]:
    """Put together the cells whose scores and labels are of the same images."""
    groups: dict[tuple[str, ...], tuple[list[Cell], list[pd.DataFrame]]] = {}
    for cell in cells:
        usable = usable_rows(cell.entry).sort_values("image")
        there, frames = groups.setdefault(tuple(usable["image"]), ([], []))
        there.append(cell)
        frames.append(usable)
    return list(groups.values())


def _compare_pairs(cells: Sequence[Cell], frames: Sequence[pd.DataFrame], ratings: Ratings) -> _Compared:
    rows = [ratings.rows[image] for image in frames[0]["image"]]
    cluster = cells[0].dataset.cluster
    unit = cluster if cluster in frames[0] else "image"
    members = joined(frames[0], [unit]) or []
    pairs = stats.krasula(
        np.stack([frame["score"].to_numpy(np.float64) for frame in frames]),
        ratings.labels[rows],
        ratings.std[rows],
        ratings.n_raters[rows],
        score_signs=[signs_of(cell.entry)[0] for cell in cells],
        label_sign=signs_of(cells[0].entry)[1],
        clusters=members,
    )
    return _Compared(pairs, unit, len(set(members)))


@dataclass(frozen=True, eq=False)
class _Compared:
    """Methods compared on the same pairs.

    Attributes:
        pairs: the analysis.
        unit: what its covariances take for one observation.
        units: how many of these there are.
    """

    pairs: stats.Krasula
    unit: str
    units: int

    def judged(self, method: int) -> OpinionAucs:
        """Return what one method makes of the pairs."""
        ds, bw, pairs = self.pairs.ds, self.pairs.bw, self.pairs
        return OpinionAucs(
            self._estimate(ds.values, ds.shared, method, ds.reason),
            self._estimate(bw.values, bw.shared, method, bw.reason),
            self._estimate(pairs.correct, pairs.correct_shared, method, bw.reason),
            pairs.different,
            pairs.similar,
            pairs.sampled,
            self.unit,
        )

    def _estimate(self, values: FloatArray, covariance: FloatArray, method: int, reason: str) -> Estimate:
        if not values.size:
            return Estimate(reason=reason)
        value, variance = float(values[method]), float(covariance[method, method])
        if self.units < MIN_UNITS:
            return Estimate(value, reason=f"{self.units} {self.unit}s: a standard error needs {MIN_UNITS}")
        if variance < 0:
            return Estimate(value, reason="the variance came out negative")
        return Estimate(value, float(np.sqrt(variance)))

    def tests(self, rows: Sequence[MethodKey], eligible: Sequence[MethodKey]) -> _Tests:
        """Test every two rows in the running; none with too few units."""
        if self.units < MIN_UNITS:
            return {}
        chosen = [(a, b) for a in range(len(rows)) for b in range(a) if {rows[a], rows[b]} <= {*eligible}]
        return {
            (name, rows[test.a], rows[test.b]): test.p
            for name, aucs in zip(TESTED, (self.pairs.ds, self.pairs.bw), strict=True)
            for test in (stats.auc_tests(aucs, chosen) if aucs.values.size else ())
        }
