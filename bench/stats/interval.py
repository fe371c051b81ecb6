"""Confidence intervals from bootstrap samples: percentile, bias-corrected and accelerated (BCa), and Student's t.

With fewer than FEW_UNITS images or clusters every interval is of the t form, whatever was asked for: with 7 reference
images percentile intervals of 95 % cover 86 %, t intervals 94 % or more (``benchmarks/coverage.py``).

Declared behaviour: NaN samples (constant scores or labels) are dropped and counted; if more than half are dropped, the
interval is undefined and carries the reason. A BCa interval is also undefined if all samples lie on one side of the
estimate; samples equal to the estimate count half on either side. A t interval is also undefined if all samples are
equal, because a bootstrap of few images that never varies says nothing about other images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from bench.api import FloatArray

IntervalKind = Literal["percentile", "bca", "t"]

FEW_UNITS = 50
"""Images or clusters below which an interval is of the t form."""
_NEARLY_ONE = 0.9999  # Fisher's z of 1 is infinite, and a draw of few images can be in perfect order: z of this is 5


@dataclass(frozen=True)
class Interval:
    """A confidence interval, or the reason why it is undefined.

    Attributes:
        low: lower end, in the statistic's units; None if undefined.
        high: upper end, in the statistic's units; None if undefined.
        draws: number of bootstrap samples used.
        level: nominal coverage, between 0 and 1.
        dropped: number of bootstrap samples left out because scores or labels were constant in them.
        reason: why the interval is undefined; empty if it is defined.
        kind: ``percentile``, ``bca`` or ``t``.
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
    """Bootstrap of one statistic of several methods, on the same samples.

    Attributes:
        intervals: one interval for each method.
        samples: (methods, draws) the statistic of each bootstrap sample, the same samples for all methods; NaN if
            undefined. (methods, 0) if no bootstrap was made.
        estimates: (methods,) the statistic of the data; NaN if undefined.
        units: number of images or clusters that were resampled.
    """

    intervals: tuple[Interval, ...]
    samples: FloatArray
    estimates: FloatArray
    units: int


def check_kind(kind: str) -> None:
    """Check the name of a kind of interval.

    Raises:
        ValueError: it is not ``percentile``, ``bca`` or ``t``.

    Example:
        >>> check_kind("bca")
    """
    if kind not in (kinds := get_args(IntervalKind)):
        raise ValueError(f"interval is {kind!r}: use one of {', '.join(kinds)}")


def no_bootstrap(estimates: FloatArray, level: float, kind: IntervalKind, reason: str, units: int) -> Bootstrap:
    """Return a bootstrap without samples, for a reason that all methods share.

    Args:
        estimates: (methods,) the statistic of the data; NaN if undefined.
        level: nominal coverage, between 0 and 1.
        kind: ``percentile``, ``bca`` or ``t``.
        reason: why no bootstrap was made.
        units: number of images or clusters.

    Example:
        >>> bootstrap = no_bootstrap(np.array([0.5]), 0.95, "percentile", "fewer than 4 images", units=3)
        >>> bootstrap.intervals[0].reason, bootstrap.samples.shape
        ('fewer than 4 images', (1, 0))
    """
    interval = Interval(None, None, 0, level, reason=reason, kind=kind)
    return Bootstrap((interval,) * estimates.size, np.empty((estimates.size, 0)), estimates, units)


def percentile_interval(samples: FloatArray, level: float) -> Interval:
    """Compute a percentile interval from the samples that are not NaN.

    Args:
        samples: (draws,) the statistic of each bootstrap sample; NaN if undefined.
        level: nominal coverage, between 0 and 1.

    Returns:
        The interval from the (1 - level) / 2 to the (1 + level) / 2 quantile; undefined, with the reason, if more than
        half of the samples are NaN.

    Example:
        >>> interval = percentile_interval(np.linspace(0, 1, 101), level=0.9)
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.05, 0.95)
    """
    return _undefined(samples, level, "percentile") or _between(samples, level, _tails(level), "percentile")


def bca_interval(samples: FloatArray, estimate: float, influence: FloatArray, level: float) -> Interval:
    """Compute a bias-corrected and accelerated (BCa) interval from the samples that are not NaN.

    The quantiles of a percentile interval are shifted by the median bias of the samples and by the acceleration, the
    rate at which the standard error changes with the statistic.

    Args:
        samples: (draws,) the statistic of each bootstrap sample; NaN if undefined.
        estimate: the statistic of the data.
        influence: (units,) derivative of the statistic by the weight of each resampled unit, up to a common factor.
        level: nominal coverage, between 0 and 1.

    Returns:
        The interval; undefined, with the reason, if more than half of the samples are NaN or all lie on one side of the
        estimate.

    References:
        Efron, Better bootstrap confidence intervals, JASA 82, 1987: bias (4.1), and acceleration from the
        empirical influence function (6.6) instead of a jackknife, from which it differs by O(1 / n).

    Example:
        >>> samples, no_skew = np.linspace(0, 1, 101), np.array([-1.0, 1.0])
        >>> interval = bca_interval(samples, estimate=0.6, influence=no_skew, level=0.9)
        >>> round(interval.low, 2), round(interval.high, 2)
        (0.13, 0.98)
    """
    from scipy.special import ndtr, ndtri

    if undefined := _undefined(samples, level, "bca"):
        return undefined
    kept = samples[~np.isnan(samples)]
    below = float((np.count_nonzero(kept < estimate) + np.count_nonzero(kept == estimate) / 2) / kept.size)
    if not 0 < below < 1:
        reason = f"all draws lie {'below' if below else 'above'} the estimate"
        return Interval(None, None, kept.size, level, samples.size - kept.size, reason, "bca")
    bias, acceleration = ndtri(below), _acceleration(influence)
    shifted = bias + ndtri(_tails(level))
    return _between(samples, level, ndtr(bias + shifted / (1 - acceleration * shifted)), "bca")


def t_interval(samples: FloatArray, estimate: float, units: int, level: float, fisher: bool = False) -> Interval:
    """Compute an interval from the standard error of the samples that are not NaN, by Student's t.

    The bounds are estimate ± q s sqrt(units / (units - 1)), where s is the standard deviation of the samples and q the
    quantile of Student's t with units - 1 degrees of freedom. The root corrects for the bootstrap's variance, which
    divides by units instead of units - 1.

    Args:
        samples: (draws,) the statistic of each bootstrap sample; NaN if undefined.
        estimate: the statistic of the data; NaN if undefined.
        units: number of images or clusters that were resampled, at least 2.
        level: nominal coverage, between 0 and 1.
        fisher: whether to compute on Fisher's z = artanh(r) and to transform the bounds back, for a correlation.

    Returns:
        The interval; undefined, with the reason, if more than half of the samples are NaN or all are equal.

    References:
        Cameron, Gelbach, Miller, Bootstrap-based improvements for inference with clustered errors, Review of Economics
        and Statistics 90, 2008 (t with one degree of freedom less than clusters).

    Example:
        >>> samples = np.random.default_rng(0).normal(0.5, 0.1, 2000)
        >>> interval = t_interval(samples, estimate=0.5, units=10, level=0.95)
        >>> round(interval.low, 1), round(interval.high, 1)
        (0.3, 0.7)
    """
    if undefined := _undefined(samples, level, "t"):
        return undefined
    kept = samples[~np.isnan(samples)]
    dropped = samples.size - kept.size
    if np.isnan(estimate) or np.ptp(kept) <= 1e-12:
        reason = f"all draws of {units} images or groups are equal, and so few do not tell how others vary"
        return Interval(None, None, kept.size, level, dropped, reason, "t")
    transform, back = (np.arctanh, np.tanh) if fisher else (np.asarray, np.asarray)
    inside = np.clip(kept, -_NEARLY_ONE, _NEARLY_ONE) if fisher else kept
    middle = np.clip(estimate, -_NEARLY_ONE, _NEARLY_ONE) if fisher else estimate
    reach = t_quantile((1 + level) / 2, units) * standard_error(np.asarray(transform(inside)), units)
    low, high = back(transform(middle) + np.array([-reach, reach]))
    return Interval(float(low), float(high), kept.size, level, dropped, kind="t")


def standard_error(samples: FloatArray, units: int) -> float:
    """Return the standard error of a statistic from its bootstrap samples, none of them NaN.

    A bootstrap of few units underestimates the standard error by the factor sqrt((units - 1) / units).

    Example:
        >>> round(standard_error(np.array([1.0, 3.0]), units=5), 3)
        1.118
    """
    return float(samples.std() * np.sqrt(units / (units - 1)))


def t_quantile(probability: float, units: int) -> float:
    """Return the quantile of Student's t with one degree of freedom less than units.

    Example:
        >>> round(t_quantile(0.975, units=7), 3)
        2.447
    """
    from scipy.special import stdtrit

    return float(stdtrit(units - 1, probability))


def _acceleration(influence: FloatArray) -> float:
    squares = float((influence**2).sum())
    return float((influence**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0


def _tails(level: float) -> FloatArray:
    return np.array([(1 - level) / 2, (1 + level) / 2])


def _undefined(samples: FloatArray, level: float, kind: IntervalKind) -> Interval | None:
    """Return an undefined interval with the reason if more than half of the samples are NaN; otherwise None."""
    dropped = int(np.count_nonzero(np.isnan(samples)))
    if 2 * dropped <= samples.size:
        return None
    reason = f"constant scores or labels in {dropped} of {samples.size} draws"
    return Interval(None, None, samples.size - dropped, level, dropped, reason, kind)


def _between(samples: FloatArray, level: float, positions: FloatArray, kind: IntervalKind) -> Interval:
    """Return the interval between two quantiles of the samples that are not NaN."""
    kept = samples[~np.isnan(samples)]
    low, high = np.quantile(kept, positions)
    return Interval(float(low), float(high), kept.size, level, samples.size - kept.size, kind=kind)
