"""Bootstrap intervals of the SRCC, of its mean or median inside groups, and of other values of groups.

All methods share the bootstrap samples, so their differences are paired.

Declared behaviour: ties get mid-ranks; NaN or infinite values raise ValueError; a bootstrap sample with constant scores
or labels is dropped and counted; if more than half are dropped, or there are fewer than four images or clusters to
resample, the interval is undefined and carries the reason. With fewer than 50 images or clusters the interval is of the
t form, whatever kind was asked for (``interval``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.defaults import CONFIDENCE, DRAWS
from bench.stats.averages import weighted_medians
from bench.stats.correlation import Aggregate, group_blocks
from bench.stats.influence import srcc_influence
from bench.stats.interval import (
    FEW_UNITS,
    Bootstrap,
    Interval,
    IntervalKind,
    bca_interval,
    check_kind,
    no_bootstrap,
    percentile_interval,
    t_interval,
)
from bench.stats.ranks import MIN_IMAGES, check_scores, pearson, ranks
from bench.stats.resampling import Counts, in_chunks, number_clusters, resampling_counts, workers
from bench.stats.weighted_srcc import WeightedSRCC


def bootstrap_srcc(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = CONFIDENCE,
    score_signs: ArrayLike = 1,
    label_sign: int = 1,
    threads: int | None = None,
    interval: IntervalKind = "percentile",
) -> Bootstrap:
    """Compute confidence intervals of the SRCC of several methods on one dataset.

    Images (or whole clusters of images) are resampled with replacement; every sample is used for all methods.

    Args:
        scores: (methods, n) raw scores, or (n,) for one method; finite.
        labels: (n,) labels, finite.
        clusters: (n,) cluster of each image, such as its reference image, to resample whole clusters; None to
            resample images.
        draws: number of bootstrap samples.
        seed: random seed; the samples depend on it alone, not on the methods or the number of threads.
        level: nominal coverage, between 0 and 1.
        score_signs: direction of the scores, one for all methods or (methods,): +1 if higher is better, -1 if lower is.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).
        threads: number of threads; None for one for each core.
        interval: ``percentile``, ``bca`` (bias-corrected and accelerated) or ``t`` (Student's t).

    Returns:
        Intervals, samples and estimates of the oriented SRCC, in -1..1; higher is better. A method with constant
        scores has the estimate NaN and an interval with a reason.

    Raises:
        ValueError: shapes differ, a value is not finite, or an argument is out of range.

    References:
        Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Example:
        >>> labels, scores = np.arange(20), np.arange(20) + [0, 5, 0, -5] * 5
        >>> bootstrap = bootstrap_srcc(scores, labels, draws=1000)
        >>> interval = bootstrap.intervals[0]
        >>> bool(interval.low < bootstrap.estimates[0] < interval.high), bootstrap.samples.shape
        (True, (1, 1000))
    """
    s, y, signs = _checked(scores, labels, score_signs, label_sign, draws, level, interval)
    units = np.arange(y.size) if clusters is None else number_clusters(clusters, y.size)
    count = int(units.max(initial=-1)) + 1
    estimates = _srcc(s, y)
    if count < MIN_IMAGES:
        reason = f"fewer than {MIN_IMAGES} {'images' if clusters is None else 'clusters'}"
        return no_bootstrap(signs * estimates, level, interval, reason, count)
    weighted = WeightedSRCC(s, y)

    def chunk(index: int, size: int) -> FloatArray:
        return weighted.srcc(units, resampling_counts(count, size, seed, index))

    def influence(method: int) -> FloatArray:
        return np.asarray(np.bincount(units, weights=srcc_influence(s[method], y)), dtype=np.float64)

    samples = in_chunks(chunk, draws, workers(y.size, draws, threads))
    return _oriented(signs, estimates, samples, count, level, interval, influence, fisher=True)


def bootstrap_within(
    scores: ArrayLike,
    labels: ArrayLike,
    groups: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = CONFIDENCE,
    score_signs: ArrayLike = 1,
    label_sign: int = 1,
    min_size: int = 3,
    aggregate: Aggregate = "mean",
    interval: IntervalKind = "percentile",
) -> Bootstrap:
    """Compute confidence intervals of the mean or median SRCC inside groups (see ``correlate_within``).

    Whole clusters are resampled with replacement; a bootstrap sample is the mean (or median) of the SRCCs of the groups
    in it, each counted as often as its cluster was taken.

    Args:
        scores: (methods, n) raw scores, or (n,) for one method; finite.
        labels: (n,) labels, finite.
        groups: (n,) group of each image.
        clusters: (n,) cluster of each image, the same for all images of a group; None if each group is a cluster.
        draws: number of bootstrap samples.
        seed: random seed.
        level: nominal coverage, between 0 and 1.
        score_signs: direction of the scores, one for all methods or (methods,): +1 if higher is better, -1 if lower is.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).
        min_size: smallest number of images of a group that is used, at least 2.
        aggregate: ``mean`` or ``median`` over groups.
        interval: ``percentile``, ``bca`` (bias-corrected and accelerated) or ``t`` (Student's t).

    Returns:
        Intervals, samples and estimates of the oriented mean or median SRCC, in -1..1; higher is better. Groups that
        are too small or have constant labels are left out; a group with constant scores counts as 0.

    Raises:
        ValueError: as ``bootstrap_srcc``; or a group spans several clusters, or min_size is below 2.

    Example:
        >>> scores, labels, groups = [1, 2, 3] * 4 + [1, 3, 2], [1, 2, 3] * 5, np.repeat(list("abcde"), 3)
        >>> round(float(bootstrap_within(scores, labels, groups).estimates[0]), 3)
        0.9
    """
    s, y, signs = _checked(scores, labels, score_signs, label_sign, draws, level, interval)
    blocks, _ = group_blocks(y, groups, min_size)
    unit_of = number_clusters(groups if clusters is None else clusters, y.size)
    if any((np.ptp(unit_of[rows], axis=1) > 0).any() for rows in blocks):
        raise ValueError("a group spans several clusters: a cluster must hold whole groups")
    # Clusters without a usable group are not in the mean and so not in the draw.
    homes = np.concatenate([unit_of[rows[:, 0]] for rows in blocks]) if blocks else np.empty(0, dtype=np.intp)
    values = np.concatenate([np.empty((len(s), 0)), *(pearson(ranks(s[:, r]), ranks(y[r])) for r in blocks)], axis=1)
    return bootstrap_groups(
        signs[:, None] * values,
        homes,
        draws=draws,
        seed=seed,
        level=level,
        aggregate=aggregate,
        interval=interval,
        units="groups" if clusters is None else "clusters",
        limits=[(-1.0, 1.0)] * len(s),
    )


def bootstrap_groups(
    values: FloatArray,
    clusters: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = CONFIDENCE,
    aggregate: Aggregate = "mean",
    interval: IntervalKind = "percentile",
    units: str = "clusters",
    limits: Sequence[tuple[float, float]] = (),
) -> Bootstrap:
    """Compute confidence intervals of the mean or median of values that belong to groups.

    Whole clusters of groups are resampled with replacement.

    Args:
        values: (rows, groups) finite values in any units; every row gets an interval.
        clusters: (groups,) cluster of each group.
        draws: number of bootstrap samples.
        seed: random seed.
        level: nominal coverage, between 0 and 1.
        aggregate: ``mean`` or ``median`` over groups.
        interval: ``percentile``, ``bca`` (bias-corrected and accelerated) or ``t`` (Student's t).
        units: name of the clusters (plural) for the reason of an undefined interval.
        limits: lowest and highest value that each row can have, one pair a row; empty for rows without limits.

    Returns:
        Intervals, samples and estimates, in the units of the values. With fewer than four clusters the intervals are
        undefined and carry the reason.

    Example:
        >>> bootstrap = bootstrap_groups(np.array([[0.2, 0.4, 0.6, 0.8]]), ["a", "b", "c", "d"], draws=500)
        >>> round(float(bootstrap.estimates[0]), 3), bootstrap.units
        (0.5, 4)
        >>> bootstrap_groups(np.array([[0.2, 0.4]]), ["a", "b"]).intervals[0].reason
        'fewer than 4 clusters'
    """
    used, homes = np.unique(clusters, return_inverse=True)
    inside = _Inside(values, homes, aggregate)
    if used.size < MIN_IMAGES:
        return no_bootstrap(inside.estimates, level, interval, f"fewer than {MIN_IMAGES} {units}", used.size)

    def chunk(index: int, size: int) -> FloatArray:
        return inside.samples(np.concatenate(list(resampling_counts(used.size, size, seed, index))))

    samples = in_chunks(chunk, draws, workers=1)
    ones = np.ones(len(values))
    drawn = _oriented(ones, inside.estimates, samples, used.size, level, interval, inside.influence)
    return replace(drawn, intervals=tuple(map(_limited, drawn.intervals, limits))) if limits else drawn


def _limited(interval: Interval, limits: tuple[float, float]) -> Interval:
    """Cut off what an interval of the t form has beyond the values that are possible."""
    if interval.low is None or interval.high is None:
        return interval
    return replace(interval, low=max(interval.low, limits[0]), high=min(interval.high, limits[1]))


class _Inside:
    """Values of groups (rows, groups), and the cluster of each group (groups,)."""

    def __init__(self, values: FloatArray, homes: NDArray[np.intp], aggregate: Aggregate) -> None:
        self.values, self.homes, self.aggregate = values, homes, aggregate
        self.sizes = np.bincount(homes)
        over_groups = np.mean if aggregate == "mean" else np.median
        self.estimates = over_groups(values, axis=1) if homes.size else np.full(len(values), np.nan)

    def samples(self, counts: Counts) -> FloatArray:
        """Return the mean or median of each bootstrap sample (rows, draws), given the counts of clusters."""
        if self.aggregate == "median":
            return np.stack([weighted_medians(row, counts[:, self.homes]) for row in self.values])
        totals = np.stack([np.bincount(self.homes, weights=row) for row in self.values])
        return np.asarray((totals @ counts.T) / (self.sizes @ counts.T))

    def influence(self, method: int) -> FloatArray:
        """Influence of each cluster on the mean or median, up to a common factor."""
        away = self.values[method] - self.estimates[method]
        return np.bincount(self.homes, away if self.aggregate == "mean" else np.sign(away)).astype(np.float64)


def _oriented(
    signs: FloatArray,
    estimates: FloatArray,
    samples: FloatArray,
    units: int,
    level: float,
    kind: IntervalKind,
    influence: Callable[[int], FloatArray],
    fisher: bool = False,
) -> Bootstrap:
    """Orient estimates and samples by each method's sign and add intervals, of the t form where units are few."""
    estimates, samples = signs * estimates, signs[:, None] * samples

    def interval(method: int) -> Interval:
        row, estimate = samples[method], float(estimates[method])
        if kind == "t" or units < FEW_UNITS:
            return t_interval(row, estimate, units, level, fisher)
        if kind == "percentile":
            return percentile_interval(row, level)
        moved = signs[method] * influence(method) if np.isfinite(estimate) else np.zeros(1)
        return bca_interval(row, estimate, moved, level)

    return Bootstrap(tuple(interval(method) for method in range(len(samples))), samples, estimates, units)


def _srcc(scores: FloatArray, labels: FloatArray) -> FloatArray:
    """SRCC of each method, NaN where scores or labels are constant or too few."""
    if labels.size < MIN_IMAGES or np.ptp(labels) == 0:
        return np.full(len(scores), np.nan)
    return np.where(np.ptp(scores, axis=1) > 0, pearson(ranks(scores), ranks(labels)), np.nan)


def _checked(
    scores: ArrayLike, labels: ArrayLike, score_signs: ArrayLike, label_sign: int, draws: int, level: float, kind: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return scores (methods, n), labels (n,) and the direction of each method's correlation.

    Raises:
        ValueError: shapes differ, a value is not finite, or an argument is out of range.
    """
    if draws < 1:
        raise ValueError(f"draws is {draws}: use at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: use a coverage between 0 and 1, such as 0.95")
    check_kind(kind)
    return check_scores(scores, labels, score_signs, label_sign)
