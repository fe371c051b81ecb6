"""Averages over datasets or groups: Fisher's z mean, its bootstrap, mean ranks, weighted medians.

Declared behaviour: missing values are never skipped. The caller chooses datasets on which every method has a value;
NaN, infinity and empty input raise ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.defaults import CONFIDENCE
from bench.stats.interval import FEW_UNITS, Bootstrap, no_bootstrap, percentile_interval, t_interval
from bench.stats.ranks import ranks

_PERFECT = 1e-12  # below this distance from 1 a correlation is 1 but for rounding
_SHIFT = 67  # a prime: the samples of each dataset are rotated by so many against those of the one before


@dataclass(frozen=True)
class Mean:
    """A mean, or the reason why it is undefined.

    Attributes:
        value: the mean; None if it is undefined.
        reason: why it is undefined; empty if it is defined.
    """

    value: float | None
    reason: str = ""


def fisher_z_mean(correlations: ArrayLike) -> Mean:
    """Average correlations by Fisher's z transform: tanh(mean(artanh(r))).

    Every correlation has the same weight. The mean is undefined if a correlation is exactly 1 or -1: its z is
    infinite, so the mean would be 1 whatever the other values are.

    Args:
        correlations: (n,) correlations in -1..1, n >= 1.

    Returns:
        The mean, in -1..1; higher is better if the correlations are oriented so.

    Raises:
        ValueError: the input is not a vector with at least one value, or a value is not finite or outside -1..1.

    References:
        Fisher, On the "probable error" of a coefficient of correlation, Metron 1, 1921 (z); Silver and Dunlap,
        Journal of Applied Psychology 72, 1987 (averages by z).

    Example:
        >>> round(fisher_z_mean([0.5, 0.9]).value, 3)
        0.766
        >>> fisher_z_mean([0.5, 1.0]).reason
        "no mean by Fisher's z: a correlation is 1 or -1, whose z is infinite"
    """
    r = checked_values("correlations", correlations, ndim=1)
    if np.abs(r).max() > 1:
        raise ValueError(f"a correlation is {r[np.abs(r).argmax()]}: they lie in -1..1")
    if np.any(1 - np.abs(r) < _PERFECT):
        return Mean(None, "no mean by Fisher's z: a correlation is 1 or -1, whose z is infinite")
    return Mean(float(np.tanh(np.arctanh(r).mean())))


def bootstrap_mean(bootstraps: Sequence[Bootstrap], level: float = CONFIDENCE) -> Bootstrap:
    """Compute intervals of the mean correlation over datasets (by Fisher's z): percentile, or t where units are few.

    The datasets are fixed; only their images are resampled. An interval therefore describes the mean over *these*
    datasets, not the performance on another dataset.

    Args:
        bootstraps: one bootstrap for each dataset, at least one, with the same methods in the same order and the
            same number of samples.
        level: nominal coverage, between 0 and 1.

    Returns:
        Bootstrap of the mean, in -1..1. A sample is NaN where the sample of any dataset is NaN, 1 or -1. ``units``
        is that of the smallest dataset.

    Raises:
        ValueError: the list is empty, or the numbers of methods or samples differ.

    Example:
        >>> from bench.stats import bootstrap_srcc
        >>> labels, scores = np.arange(20), np.arange(20) + [0, 5, 0, -5] * 5
        >>> one, other = bootstrap_srcc(scores, labels), bootstrap_srcc(scores[:15], labels[:15])
        >>> bootstrap_mean([one, other]).samples.shape
        (1, 2000)
    """
    shapes = [each.samples.shape for each in bootstraps]
    if len(set(shapes)) != 1:
        raise ValueError(f"bootstraps has samples of shapes {shapes}: give at least one, all of one shape")
    units = min(each.units for each in bootstraps)
    estimates = mean_by_z(np.stack([each.estimates for each in bootstraps]))
    if not bootstraps[0].samples.shape[1]:
        return no_bootstrap(estimates, level, "percentile", bootstraps[0].intervals[0].reason, units)
    # All datasets use one seed, so samples of equal number take the same positions of the label files. Rotated
    # against each other they are independent, as the datasets are.
    moved = [np.roll(each.samples, _SHIFT * place, axis=1) for place, each in enumerate(bootstraps)]
    samples = mean_by_z(np.stack(moved))
    # With the degrees of freedom of the smallest dataset, which need not weigh most, an interval is rather too wide.
    intervals = tuple(
        t_interval(row, float(estimate), units, level, fisher=True)
        if units < FEW_UNITS
        else percentile_interval(row, level)
        for row, estimate in zip(samples, estimates, strict=True)
    )
    return Bootstrap(intervals, samples, estimates, units)


def mean_by_z(correlations: FloatArray) -> FloatArray:
    """Average correlations over the first axis by Fisher's z; NaN where one of them is NaN, 1 or -1.

    Example:
        >>> mean_by_z(np.array([[0.5, 0.5], [0.9, 1.0]])).round(3)
        array([0.766,   nan])
    """
    inside = np.where(1 - np.abs(correlations) < _PERFECT, np.nan, correlations)
    return np.asarray(np.tanh(np.arctanh(inside).mean(axis=0)))


def mean_ranks(values: ArrayLike) -> FloatArray:
    """Rank the methods on each dataset and average the ranks over datasets.

    Ties share their mid-rank. The order of the mean ranks is that of a Borda count.

    Args:
        values: (methods, datasets) a statistic where higher is better, at least one of each.

    Returns:
        (methods,) mean ranks in 1..methods; 1 is best.

    Raises:
        ValueError: the input is not a matrix with at least one value, or a value is not finite.

    Example:
        >>> mean_ranks([[0.9, 0.8], [0.5, 0.8]])
        array([1.25, 1.75])
    """
    v = checked_values("values", values, ndim=2)
    return np.asarray(ranks(-v.T).mean(axis=0))


def checked_values(name: str, values: ArrayLike, ndim: int) -> FloatArray:
    """Convert values to a float64 array of so many dimensions.

    Raises:
        ValueError: it has another number of dimensions, is empty, or a value is not finite.

    Example:
        >>> checked_values("values", [1, 2], ndim=1)
        array([1., 2.])
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim or not array.size:
        raise ValueError(f"{name} has shape {array.shape}: {ndim} dimensions and at least one value are expected")
    if missing := array.size - int(np.count_nonzero(np.isfinite(array))):
        raise ValueError(
            f"{missing} of {array.size} {name} are not finite: leave out those datasets, or those methods, and say so"
        )
    return array


def weighted_medians(values: FloatArray, weights: NDArray[np.integer[Any]]) -> FloatArray:
    """Compute medians of values that are repeated by integer weights.

    Args:
        values: (n,) finite values.
        weights: (draws, n) non-negative counts, with a positive sum in each row.

    Returns:
        (draws,) medians; the mean of the two middle values where the sum of the weights is even.

    Example:
        >>> weighted_medians(np.array([1.0, 2.0, 5.0]), np.array([[1, 1, 1], [0, 1, 1]]))
        array([2. , 3.5])
    """
    order = np.argsort(values)
    passed = np.cumsum(weights[:, order], axis=1)
    total = passed[:, -1:]
    # An even number has two middle values: take their mean.
    lower, upper = ((passed >= rank).argmax(axis=1) for rank in ((total + 1) // 2, total // 2 + 1))
    return np.asarray((values[order][lower] + values[order][upper]) / 2)
