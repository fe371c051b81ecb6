"""Krasula's AUCs of methods that scored the same images, with standard errors and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench import stats
from bench.tables.cell import Cell, MethodKey
from bench.tables.evaluation import joined, signs_of
from bench.tables.ratings import Ratings

if TYPE_CHECKING:
    import pandas as pd

    from bench.api import FloatArray

TESTED = ("auc_ds", "auc_bw")
"""The estimates that methods are compared by, as ``OpinionAucs`` names them."""
MIN_UNITS = 20
"""Images, or clusters of them, from which there are standard errors and tests.

Of simulated equal methods 5% differ at 0.05 with 50 images, 8% with 20 and 17% with 10."""

Tests = dict[tuple[str, MethodKey, MethodKey], float]
"""(Name in TESTED, row, row) → p-value of the difference."""


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
    """Krasula's statistics of a method.

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


@dataclass(frozen=True, eq=False)
class PairAnalysis:
    """Methods compared on the same pairs of images.

    Attributes:
        rows: the methods, in the order of the analysis.
        pairs: the analysis.
        unit: what its covariances take for one observation.
        units: how many of these there are.
    """

    rows: tuple[MethodKey, ...]
    pairs: stats.Krasula
    unit: str
    units: int

    def aucs(self) -> dict[MethodKey, OpinionAucs]:
        """Return what each method makes of the pairs."""
        return {row: self._aucs(method) for method, row in enumerate(self.rows)}

    def _aucs(self, method: int) -> OpinionAucs:
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

    def tests(self, eligible: Sequence[MethodKey]) -> Tests:
        """Test every two rows that are eligible for best; there are no tests with too few units."""
        if self.units < MIN_UNITS:
            return {}
        rows = self.rows
        chosen = [(a, b) for a in range(len(rows)) for b in range(a) if {rows[a], rows[b]} <= {*eligible}]
        return {
            (name, rows[test.a], rows[test.b]): test.p
            for name, aucs in zip(TESTED, (self.pairs.ds, self.pairs.bw), strict=True)
            for test in (stats.auc_tests(aucs, chosen) if aucs.values.size else ())
        }


def compare_pairs(cells: Sequence[Cell], frames: Sequence[pd.DataFrame], ratings: Ratings) -> PairAnalysis:
    """Compare methods on the pairs of images that all of them scored.

    Args:
        cells: of one dataset, at least one.
        frames: of each cell its usable images, the same in all and in the same order.
        ratings: of the dataset.
    """
    rated = [ratings.rows[image] for image in frames[0]["image"]]
    cluster = cells[0].dataset.cluster
    unit = cluster if cluster in frames[0] else "image"
    members = joined(frames[0], [unit]) or []
    pairs = stats.krasula(
        np.stack([frame["score"].to_numpy(np.float64) for frame in frames]),
        ratings.labels[rated],
        ratings.std[rated],
        ratings.n_raters[rated],
        score_signs=[signs_of(cell.entry)[0] for cell in cells],
        label_sign=signs_of(cells[0].entry)[1],
        clusters=members,
    )
    return PairAnalysis(tuple(cell.row for cell in cells), pairs, unit, len(set(members)))
