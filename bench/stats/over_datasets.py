"""Methods compared on datasets that are a sample of datasets: Nemenyi's test of mean ranks, a hierarchical bootstrap.

Both ask about datasets that were not measured, where ``bootstrap_mean`` takes the datasets as given. They treat the
datasets as independent draws of equal weight, so few datasets tell little, however many images each has.

Declared behaviour: equal values share their mid-rank; a missing value raises ValueError, as does a number of datasets
below MIN_DATASETS, from which their spread cannot be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.defaults import ALPHA, CONFIDENCE
from bench.stats.averages import checked_values, mean_by_z
from bench.stats.interval import Bootstrap, Interval, no_bootstrap, t_interval
from bench.stats.ranks import ranks

MIN_DATASETS = 3
"""Fewest datasets that are taken as a sample of datasets."""


@dataclass(frozen=True, eq=False)
class RankComparison:
    """Ranks of methods on several datasets, and how far apart mean ranks must be to differ significantly.

    Attributes:
        ranks: (methods, datasets) ranks inside each dataset, 1 is best.
        means: (methods,) their means.
        critical_difference: of two mean ranks.
        better: (methods, methods) whether the method of the row is significantly better than that of the column.
    """

    ranks: FloatArray
    means: FloatArray
    critical_difference: float
    better: NDArray[np.bool_]


def nemenyi(values: ArrayLike, alpha: float = ALPHA) -> RankComparison:
    """Compare the mean ranks of all pairs of methods by Nemenyi's test.

    The k methods are ranked inside each of the N datasets, as Friedman's test does. Two mean ranks differ significantly
    if they are at least q sqrt(k (k + 1) / (6 N)) apart, where q is the 1 - alpha quantile of the studentised range of
    k normal values, divided by sqrt(2). The probability of any false positive among all pairs is about alpha.

    Args:
        values: (methods, datasets) a statistic where higher is better; at least 2 methods and MIN_DATASETS datasets.
        alpha: significance level of all pairs together, inside 0..1.

    Raises:
        ValueError: there are too few methods or datasets, or a value is not finite.

    References:
        Demsar, Statistical comparisons of classifiers over multiple data sets, Journal of Machine Learning Research 7,
        2006, section 3.2.2; Nemenyi, Distribution-free multiple comparisons, PhD thesis, Princeton, 1963.

    Example:
        >>> found = nemenyi([[0.9, 0.8, 0.9, 0.7], [0.6, 0.7, 0.8, 0.6]])
        >>> found.means, round(found.critical_difference, 2), found.better[0, 1]
        (array([1., 2.]), 0.98, np.True_)
    """
    from scipy.stats import studentized_range

    v = checked_values("values", values, ndim=2)
    k, n = v.shape
    if k < 2:
        raise ValueError(f"values has {k} method: give at least 2 to compare")
    _check_datasets(n)
    inside = ranks(-v.T).T
    means = inside.mean(axis=1)
    quantile = float(studentized_range.ppf(1 - alpha, k, np.inf)) / np.sqrt(2)
    critical = float(quantile * np.sqrt(k * (k + 1) / (6 * n)))
    return RankComparison(inside, means, critical, means[None, :] - means[:, None] >= critical)


def bootstrap_over_datasets(bootstraps: Sequence[Bootstrap], level: float = CONFIDENCE, seed: int = 0) -> Bootstrap:
    """Bootstrap the mean correlation (by Fisher's z) over datasets that are drawn too: first datasets, then images.

    Each sample draws as many datasets as there are, with replacement, and for each of them a bootstrap sample of its
    images (or references). All methods share the draws. Intervals are of the t form with one degree of freedom less
    than datasets. The noise of the images is counted in the spread of the datasets already, so intervals are rather too
    wide where it is as large as the differences between datasets (Davison and Hinkley).

    Args:
        bootstraps: one for each dataset, at least MIN_DATASETS, with the same methods in the same order and the same
            number of samples.
        level: nominal coverage, between 0 and 1.
        seed: random seed.

    Returns:
        Bootstrap of the mean, in -1..1, with as many samples as each dataset has; ``units`` is the number of datasets.
        A sample is NaN where one of the samples that it averages is NaN, 1 or -1.

    Raises:
        ValueError: there are too few datasets, or the numbers of methods or samples differ.

    References:
        Davison, Hinkley, Bootstrap methods and their application, 1997, section 3.8 (hierarchical data).

    Example:
        >>> from bench.stats import bootstrap_srcc
        >>> labels, noise = np.arange(60), np.random.default_rng(0).normal(size=(4, 60))
        >>> sets = [bootstrap_srcc(labels + 30 * each, labels, draws=500) for each in noise]
        >>> found = bootstrap_over_datasets(sets)
        >>> found.samples.shape, found.units
        ((1, 500), 4)
    """
    n, shapes = len(bootstraps), {each.samples.shape for each in bootstraps}
    _check_datasets(n)
    if len(shapes) != 1:
        raise ValueError(f"bootstraps has samples of shapes {sorted(shapes)}: all must have one shape")
    estimates = mean_by_z(np.stack([each.estimates for each in bootstraps]))
    draws = bootstraps[0].samples.shape[1]
    if not draws:
        return no_bootstrap(estimates, level, "t", bootstraps[0].intervals[0].reason, n)
    random = np.random.default_rng(seed)
    # The samples of a dataset are independent of each other, so any one of them is a new draw of its images.
    drawn, which = random.integers(0, n, (n, draws)), random.integers(0, draws, (n, draws))
    by_dataset = np.stack([each.samples.T for each in bootstraps])
    samples = mean_by_z(by_dataset[drawn, which]).T
    intervals = tuple(_interval(row, float(value), n, level) for row, value in zip(samples, estimates, strict=True))
    return Bootstrap(intervals, samples, estimates, n)


def _interval(samples: FloatArray, estimate: float, n: int, level: float) -> Interval:
    found = t_interval(samples, estimate, n, level, fisher=True)
    if 2 * found.dropped <= samples.size:
        return found
    return replace(found, reason=f"in {found.dropped} of {samples.size} draws a correlation is 1, -1 or undefined")


def _check_datasets(n: int) -> None:
    if n < MIN_DATASETS:
        raise ValueError(f"{n} datasets are no sample of datasets: give at least {MIN_DATASETS}")
