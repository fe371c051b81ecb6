"""Statistics of invariance: changes of scores in units of their spread over photographs.

Declared behaviour: a photograph that has a score before or after, but not both, is lost, and counted as moved; where
all photographs have one score there is no unit, so any change counts as one beyond every tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench import stats
from bench.api import FloatArray
from bench.robustness.variants import Variant

TOLERANCE = 1e-3
"""Largest change, in standard deviations over the photographs, that passes for rounding."""
SMALL, MODERATE = 0.1, 0.5
"""Median changes, in the same unit, where ``small`` and ``moderate`` end."""

Verdict = Literal["same", "defect", "small", "moderate", "large", "not measured"]


@dataclass(frozen=True)
class Change:
    """Effect of a variant on the scores of photographs.

    Attributes:
        n: photographs with a score before and after.
        lost: those with a score on one side alone.
        largest: largest change in standard deviations of the scores before; None without photographs or spread.
        median: the same of the median change.
        srcc: between scores before and after; None where there is none.
        moved: whether anything moved beyond ``TOLERANCE``.
        reason: why something above is None; empty where nothing is.
    """

    n: int
    lost: int
    largest: float | None
    median: float | None
    srcc: float | None
    moved: bool
    reason: str = ""


@dataclass(frozen=True)
class VariantChange:
    """One variant of one method: the change, or why it was not measured."""

    variant: Variant
    change: Change | None
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """``same``, or a defect where pixels are the same, else a grade by the median change."""
        if self.change is None:
            return "not measured"
        if not self.change.moved:
            return "same"
        if self.variant.exact:
            return "defect"
        median = self.change.median
        if median is None or median >= MODERATE:
            return "large"
        return "small" if median < SMALL else "moderate"


@dataclass(frozen=True)
class Audit:
    """All findings of one method; its label is that of its row."""

    label: str
    findings: Sequence[VariantChange]

    @property
    def defects(self) -> list[str]:
        """Names of the variants that are defects."""
        return [each.variant.name for each in self.findings if each.verdict == "defect"]


def measure_change(before: Mapping[str, float], after: Mapping[str, float]) -> Change:
    """Compare the scores of photographs; NaN stands for an image that failed.

    Args:
        before: name of a photograph → score.
        after: the same for those that the variant has; photographs that it does not have are not compared.
    """
    names = [name for name in after if name in before]
    a, b = (np.array([scores[name] for name in names], dtype=np.float64) for scores in (before, after))
    failed_a, failed_b = np.isnan(a), np.isnan(b)
    lost = int(np.count_nonzero(failed_a != failed_b))
    there = ~failed_a & ~failed_b
    if not there.any():
        return Change(0, lost, None, None, None, lost > 0, "no photograph has a score before and after")
    return _measured(a[there], b[there], lost)


def _measured(a: FloatArray, b: FloatArray, lost: int) -> Change:
    moved, spread = np.abs(b - a), float(np.std(a))
    found = stats.correlate(a, b, values=("srcc",))
    if spread == 0:
        changed = lost > 0 or bool(moved.any())
        return Change(a.size, lost, None, None, None, changed, "all photographs have one score, so there is no unit")
    largest, median = float(moved.max() / spread), float(np.median(moved) / spread)
    beyond = lost > 0 or largest > TOLERANCE
    return Change(a.size, lost, largest, median, found.srcc, beyond, found.reasons.get("srcc", ""))
