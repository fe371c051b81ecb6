"""Averages of a table across datasets, over test sets other than the training set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench import stats
from bench.tables.cell import MethodKey
from bench.views.cross.table import CrossTable, Target


@dataclass(frozen=True)
class RowAverage:
    """The mean of a row's medians over the test sets that neither it nor its source was trained on.

    Attributes:
        over: those test sets.
        mean: by Fisher's z; no value, with the reason, where the row lacks an SRCC on one of them.
        minus: of a fitted row, opinion-unaware row → its mean minus that row's over the same test sets; rows that lack
            one of these, or were trained on it, are not in it.
    """

    over: tuple[Target, ...]
    mean: stats.Mean
    minus: dict[MethodKey, float] = field(default_factory=dict)

    @property
    def best(self) -> MethodKey | None:
        """The opinion-unaware row that is highest over the same test sets, chosen with hindsight."""
        return min(self.minus, key=lambda row: self.minus[row]) if self.minus else None


@dataclass(frozen=True)
class Lead:
    """Wins of opinion-unaware methods over the pairs of training set and test set.

    Attributes:
        differences: of each pair the opinion-unaware median minus the fitted one; above 0 it is ahead.
    """

    differences: tuple[float, ...]

    @property
    def ahead(self) -> int:
        """On how many pairs it is ahead."""
        return sum(difference > 0 for difference in self.differences)

    @property
    def median(self) -> float:
        """The median of the differences."""
        return float(np.median(self.differences))


@dataclass(frozen=True)
class FittedPairs:
    """The fitted rows on every test set but their own: train → test.

    Attributes:
        leads: opinion-unaware row → its lead, on the pairs where it has a median and saw nothing of the test set.
        best: the lead of the highest of these rows on each pair, chosen with hindsight; None without pairs.
        leaking: pairs left out, since a set that was trained on has photographs of the test set's source.
        missing: pairs left out for want of a median.
    """

    leads: dict[MethodKey, Lead]
    best: Lead | None
    leaking: int
    missing: int


def averages(table: CrossTable) -> dict[MethodKey, RowAverage]:
    """Average every row over the test sets that it is not excluded on, and compare it on those alone."""
    found = {}
    for row in table.rows:
        over = tuple(target for target in table.tested if not table.cells[row, target].excluded)
        mean = _mean(table, row, over)
        minus = _minus(table, mean.value, over) if row in table.trained and mean.value is not None else {}
        found[row] = RowAverage(over, mean, minus)
    return found


def _minus(table: CrossTable, value: float, over: Sequence[Target]) -> dict[MethodKey, float]:
    clean = [row for row in table.unaware if not any(table.cells[row, target].excluded for target in over)]
    means = {row: _mean(table, row, over).value for row in clean}
    return {row: value - mean for row, mean in means.items() if mean is not None}


def _mean(table: CrossTable, row: MethodKey, over: Sequence[Target]) -> stats.Mean:
    if not over:
        return stats.Mean(None, "no test set but those that it was trained on, or on whose source")
    if len({target.dataset for target in over}) < len(over):
        return stats.Mean(None, "a dataset is there under more than one protocol, or with other labels or images")
    medians = {target: median(table, row, target) for target in over}
    if lacking := [target.dataset for target, value in medians.items() if value is None]:
        return stats.Mean(None, f"no SRCC on {', '.join(lacking)}")
    return stats.fisher_z_mean([value for value in medians.values() if value is not None])


def median(table: CrossTable, row: MethodKey, target: Target) -> float | None:
    """Return the median SRCC of a cell."""
    return table.cells[row, target].summary.median


def pairs(table: CrossTable) -> FittedPairs:
    """Compare every fitted row on every test set but its own with the opinion-unaware rows there."""
    everything = [(row, t) for row in table.trained for t in table.tested if not table.cells[row, t].own]
    clean = [(row, target) for row, target in everything if not table.cells[row, target].excluded]
    known = [(value, target) for row, target in clean if (value := median(table, row, target)) is not None]
    leads: dict[MethodKey, list[float]] = {row: [] for row in table.unaware}
    best = []
    for value, target in known:
        rivals = {row: there for row in table.unaware if (there := _fair(table, row, target)) is not None}
        for row, there in rivals.items():
            leads[row].append(there - value)
        if rivals:
            best.append(max(rivals.values()) - value)
    return FittedPairs(
        {row: Lead(tuple(of)) for row, of in leads.items() if of},
        Lead(tuple(best)) if best else None,
        leaking=len(everything) - len(clean),
        missing=len(clean) - len(known),
    )


def _fair(table: CrossTable, row: MethodKey, target: Target) -> float | None:
    return None if table.cells[row, target].excluded else median(table, row, target)
