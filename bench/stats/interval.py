"""Draws of a bootstrap → intervals: percentile, and bias-corrected and accelerated (BCa).

Declared behaviour: NaN draws (constant scores or labels) are dropped and counted; with more than half
of them dropped there is no interval, with the reason. BCa also has none where all draws lie on one side
of the estimate. Draws that equal the estimate count half on either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from bench.api import FloatArray

IntervalKind = Literal["percentile", "bca"]


@dataclass(frozen=True)
class Interval:
    """A confidence interval, or the reason why there is none.

    Attributes:
        low: lower end, None without an interval.
        high: upper end, None without an interval.
        draws: draws that it rests on.
        level: nominal coverage, 0..1.
        dropped: draws left out because scores or labels came out constant.
        reason: why there is no interval; empty when there is one.
        kind: ``percentile`` or ``bca``.
    """

    low: float | None
    high: float | None
    draws: int
    level: float
    dropped: int = 0
    reason: str = ""
    kind: IntervalKind = "percentile"


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Intervals of several methods from one set of draws.

    Attributes:
        intervals: one a method.
        samples: (methods, draws) the statistic of each draw, the same draws for every method; NaN where
            it is undefined. (methods, 0) when nothing was drawn.
        estimates: (methods,) the statistic of the images as they are; NaN where it is undefined.
        units: images or clusters that each draw resampled.
    """

    intervals: tuple[Interval, ...]
    samples: FloatArray
    estimates: FloatArray
    units: int


def check_kind(kind: str) -> None:
    """Raise ValueError unless there is such an interval."""
    if kind not in (kinds := get_args(IntervalKind)):
        raise ValueError(f"interval is {kind!r}: use one of {', '.join(kinds)}")


def no_bootstrap(estimates: FloatArray, level: float, kind: IntervalKind, reason: str, units: int) -> Bootstrap:
    """No draws, for a reason that holds for every method."""
    interval = Interval(None, None, 0, level, reason=reason, kind=kind)
    return Bootstrap((interval,) * estimates.size, np.empty((estimates.size, 0)), estimates, units)


def percentile_interval(samples: FloatArray, level: float) -> Interval:
    """Percentiles of the draws (draws,) that are defined."""
    return _undefined(samples, level, "percentile") or _between(samples, level, _tails(level), "percentile")


def bca_interval(samples: FloatArray, estimate: float, influence: FloatArray, level: float) -> Interval:
    """Percentiles moved by the bias of the draws and by how their spread changes with the statistic.

    Args:
        samples: (draws,) the statistic of each draw, NaN where it is undefined.
        estimate: the statistic of the images as they are.
        influence: (units,) derivative of the statistic by each unit's weight, up to a common factor.
        level: nominal coverage.

    References:
        Efron, Better bootstrap confidence intervals, JASA 82, 1987: bias (4.1), and acceleration from the
        empirical influence function (6.6) instead of a jackknife, from which it differs by O(1 / n).
    """
    from scipy.special import ndtr, ndtri

    if none := _undefined(samples, level, "bca"):
        return none
    kept = samples[~np.isnan(samples)]
    below = float((np.count_nonzero(kept < estimate) + np.count_nonzero(kept == estimate) / 2) / kept.size)
    if not 0 < below < 1:
        reason = f"all draws lie {'below' if below else 'above'} the estimate"
        return Interval(None, None, kept.size, level, samples.size - kept.size, reason, "bca")
    bias, acceleration = ndtri(below), _acceleration(influence)
    shifted = bias + ndtri(_tails(level))
    return _between(samples, level, ndtr(bias + shifted / (1 - acceleration * shifted)), "bca")


def _acceleration(influence: FloatArray) -> float:
    squares = float((influence**2).sum())
    return float((influence**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0


def _tails(level: float) -> FloatArray:
    return np.array([(1 - level) / 2, (1 + level) / 2])


def _undefined(samples: FloatArray, level: float, kind: IntervalKind) -> Interval | None:
    """The reason for no interval when most draws are undefined; None when enough are defined."""
    dropped = int(np.count_nonzero(np.isnan(samples)))
    if 2 * dropped <= samples.size:
        return None
    reason = f"constant scores or labels in {dropped} of {samples.size} draws"
    return Interval(None, None, samples.size - dropped, level, dropped, reason, kind)


def _between(samples: FloatArray, level: float, positions: FloatArray, kind: IntervalKind) -> Interval:
    """The interval from one quantile of the defined draws to another."""
    kept = samples[~np.isnan(samples)]
    low, high = np.quantile(kept, positions)
    return Interval(float(low), float(high), kept.size, level, samples.size - kept.size, kind=kind)
