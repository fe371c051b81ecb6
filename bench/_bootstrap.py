"""Percentile bootstrap of rank correlations, vectorised over methods and draws.

A draw is a vector of counts, how often each image was taken. The SRCC of a draw needs no
re-ranking: with the images presorted by score once, its weighted mid-ranks follow from sums of
counts. For tie groups in score order with counts w and weighted label-rank deviations q (whose
sum is zero), the covariance of the ranks is

    sum over i of (w_1 + ... + w_{i-1} + w_i / 2 - N / 2) q_i  =  1/2 sum over i < j of (w_i q_j - q_i w_j),

and that antisymmetric sum splits: what two neighbouring groups contribute to all others is what
their union contributes. Merging neighbours pairwise therefore gives it in O(n), by operations
that run over whole arrays of draws.

Declared behaviour: ties get mid-ranks; NaN or infinite values raise ValueError; a draw with
constant scores or labels is dropped and counted; with more than half of the draws dropped, or
with fewer than four units to resample, the interval is None with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench._across import weighted_medians
from bench._correlation import MIN_IMAGES, Middle, check_finite, direction, group_blocks, pearson, ranks
from bench.api import FloatArray

CHUNK = 64
"""Draws that share a random stream and are computed together; part of what a seed means."""

BATCH = 50_000
"""Units times draws that are drawn and ranked in one go: enough for speed, few enough for the cache."""

MEMORY = 200_000_000
"""Bytes that all threads together may take for their chunks."""

SMALL = 2_000_000
"""Images times draws below which starting threads costs more than it saves."""

Counts = NDArray[np.int64]
Single = NDArray[np.float32]
Columns = NDArray[np.floating[Any]]


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
    """

    low: float | None
    high: float | None
    draws: int
    level: float
    dropped: int = 0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Intervals of several methods from one set of draws.

    Attributes:
        intervals: one a method.
        samples: (methods, draws) the statistic of each draw, the same draws for every method; NaN where
            it is undefined. (methods, 0) when nothing was drawn.
    """

    intervals: tuple[Interval, ...]
    samples: FloatArray


def bootstrap_srcc(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    score_signs: ArrayLike = 1,
    label_sign: int = 1,
    threads: int | None = None,
) -> Bootstrap:
    """Percentile intervals of the SRCC of several methods on one dataset, on the same draws.

    Args:
        scores: (methods, n) raw scores, or (n,) for one method; finite.
        labels: (n,) labels, finite.
        clusters: (n,) reference image of each image, to resample whole references; None to resample images.
        draws: number of resamples.
        seed: the same seed gives the same draws, whatever the methods and the number of threads.
        level: nominal coverage, between 0 and 1.
        score_signs: +1 or -1, one for all methods or (methods,): +1 if a higher score means better.
        label_sign: +1 if a higher label means better, -1 if worse.
        threads: None for one a core.

    Raises:
        ValueError: shapes differ, a value is not finite, or an argument is out of range.

    References:
        Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    s, y, signs = _check(scores, labels, score_signs, label_sign, draws, level)
    units = np.arange(y.size) if clusters is None else _codes(clusters, y.size)
    count = int(units.max(initial=-1)) + 1
    if count < MIN_IMAGES:
        return _nothing(len(s), level, f"fewer than {MIN_IMAGES} {'images' if clusters is None else 'clusters'}")
    label_order = _Labels(y)
    trees = [_ScoreTree(row, label_order.order) for row in s]

    def chunk(index: int, size: int) -> FloatArray:
        return _chunk_srcc(trees, label_order, units, resampling_counts(count, size, seed, index), size)

    return _bootstrap(chunk, signs, draws, level, _workers(y.size, draws, threads))


def bootstrap_within(
    scores: ArrayLike,
    labels: ArrayLike,
    groups: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    score_signs: ArrayLike = 1,
    label_sign: int = 1,
    min_size: int = 3,
    middle: Middle = "mean",
) -> Bootstrap:
    """Percentile intervals of the mean or median within-group SRCC (see ``correlate_within``) on the same draws.

    Whole clusters (reference images) are resampled; a draw is the weighted mean (or median) of the SRCCs inside groups.

    Args:
        scores: (methods, n) raw scores, or (n,) for one method; finite.
        labels: (n,) labels, finite.
        groups: (n,) group of each image.
        clusters: (n,) cluster of each image, constant inside a group; None if each group is its own.
        draws: number of resamples.
        seed: the same seed gives the same draws.
        level: nominal coverage, between 0 and 1.
        score_signs: +1 or -1, one for all methods or (methods,).
        label_sign: +1 if a higher label means better, -1 if worse.
        min_size: smallest group that is used.
        middle: mean or median over groups.

    Raises:
        ValueError: as ``bootstrap_srcc``, or a group spans several clusters.
    """
    s, y, signs = _check(scores, labels, score_signs, label_sign, draws, level)
    blocks, _ = group_blocks(y, groups, min_size)
    unit_of = _codes(groups if clusters is None else clusters, y.size)
    if any((np.ptp(unit_of[rows], axis=1) > 0).any() for rows in blocks):
        raise ValueError("a group spans several clusters: a cluster must hold whole groups")
    # Clusters without a usable group are not in the mean and so not in the draw.
    homes = np.concatenate([unit_of[rows[:, 0]] for rows in blocks]) if blocks else np.empty(0, dtype=np.intp)
    used, homes = np.unique(homes, return_inverse=True)
    if used.size < MIN_IMAGES:
        return _nothing(len(s), level, f"fewer than {MIN_IMAGES} {'groups' if clusters is None else 'clusters'}")
    values = np.concatenate([pearson(ranks(s[:, rows]), ranks(y[rows])) for rows in blocks], axis=1)
    totals = np.stack([np.bincount(homes, weights=row, minlength=used.size) for row in values])

    def chunk(index: int, size: int) -> FloatArray:
        counts = np.concatenate(list(resampling_counts(used.size, size, seed, index))).T
        if middle == "median":
            return np.stack([weighted_medians(row, counts[homes].T) for row in values])
        return np.asarray((totals @ counts) / (np.bincount(homes) @ counts))

    return _bootstrap(chunk, signs, draws, level, workers=1)


def _bootstrap(
    chunk: Callable[[int, int], FloatArray], signs: FloatArray, draws: int, level: float, workers: int
) -> Bootstrap:
    """Compute all draws, chunk(index, size) at a time, and turn them into intervals."""
    starts = range(0, draws, CHUNK)
    sizes = [min(CHUNK, draws - start) for start in starts]
    if workers == 1:
        parts = list(map(chunk, range(len(starts)), sizes))
    else:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(chunk, range(len(starts)), sizes))
    samples = signs[:, None] * np.concatenate(parts, axis=1)
    return Bootstrap(tuple(_interval(row, level) for row in samples), samples)


def resampling_counts(units: int, draws: int, seed: int, chunk: int) -> Iterator[Counts]:
    """Draw ``units`` out of ``units`` with replacement, ``draws`` times; yield counts (some draws, units).

    The stream belongs to (seed, chunk) alone, so chunks may run in any order and on any thread.
    It equals child number ``chunk`` of ``SeedSequence(seed).spawn``.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
    batch = max(1, BATCH // units)
    for start in range(0, draws, batch):
        size = min(batch, draws - start)
        taken = random.integers(0, units, (size, units), dtype=np.int32) + units * np.arange(size)[:, None]
        yield np.bincount(taken.ravel(), minlength=size * units).reshape(size, units)


class _Labels:
    """The labels' order and tie groups, from which every draw's label ranks follow."""

    def __init__(self, labels: FloatArray) -> None:
        self.order = np.argsort(labels, kind="stable")
        self.group, self.last = _tie_groups(labels[self.order])

    def deviations(self, counts: Single) -> tuple[Single, FloatArray]:
        """Weighted mid-ranks minus their mean, (draws, n) in label order, and their sums of squares.

        Halves of whole numbers up to 4 million are exact in single precision.
        """
        ends = np.cumsum(counts, axis=1, dtype=np.float32).take(self.last, axis=1)
        sizes = ends.copy()
        sizes[:, 1:] -= ends[:, :-1]
        total = ends[:, -1]
        middle = ends - np.float32(0.5) * sizes
        middle -= np.float32(0.5) * total[:, None]
        double = sizes.astype(np.float64)
        cubes = np.einsum("kg,kg->k", double * double, double)
        return middle.take(self.group, axis=1), _rank_squares(total, cubes)


class _ScoreTree:
    """The order in which one method's images are gathered so that halves of an array are neighbours."""

    def __init__(self, scores: FloatArray, label_order: NDArray[np.intp]) -> None:
        from scipy.sparse import csr_array

        scores = scores[label_order]
        order = np.argsort(scores, kind="stable")
        group, last = _tie_groups(scores[order])
        self.groups = last.size
        slots = _merge_order(self.groups)
        self.rows: NDArray[np.intp] | None = None
        if self.groups == scores.size:
            self.rows = order[slots]
            return
        slot_of = np.empty_like(slots)
        slot_of[slots] = np.arange(self.groups)
        # Sums over many tied images pass what single precision holds exactly.
        precision = np.float64 if np.bincount(group).max() > 64 else np.float32
        ones = np.ones(scores.size, dtype=precision)
        self.sums: Any = csr_array((ones, (slot_of[group], order)), shape=(self.groups, scores.size))

    def gather(self, images: Single) -> Columns:
        """Sum an (n, draws) array over tie groups, into the order of merging: (groups, draws)."""
        if self.rows is not None:
            return images.take(self.rows, axis=0)
        return np.asarray(self.sums @ images)


def _tie_groups(ordered: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the tie group of each sorted value and the last position of each group."""
    new = np.diff(ordered) != 0
    return np.concatenate([[0], np.cumsum(new)]), np.append(np.flatnonzero(new), ordered.size - 1)


def _merge_order(size: int) -> NDArray[np.intp]:
    """Which sorted position stands at each place so that ``_antisymmetric`` merges neighbours only."""
    if size == 1:
        return np.zeros(1, dtype=np.intp)
    half, odd = divmod(size, 2)
    # Only the last parent can be an odd row, which is why the others start at even positions.
    first = 2 * _merge_order(half + odd)
    return np.concatenate([first[:half], first[:half] + 1, first[half:]])


def _antisymmetric(w: Columns, q: Columns) -> FloatArray:
    """Half the sum over i < j of w_i q_j - q_i w_j, for each column; overwrites both arrays.

    Row k and row k + half are neighbours in score order (see ``_merge_order``), as is an odd last
    row with the row of its turn. Counts stay exact in single precision; each level's sum is kept in double.
    """
    total = np.zeros(w.shape[1])
    size = len(w)
    while size > 1:
        half, odd = divmod(size, 2)
        left, right = slice(0, half), slice(half, 2 * half)
        total += np.einsum("kb,kb->b", w[left], q[right])
        total -= np.einsum("kb,kb->b", q[left], w[right])
        for values in (w, q):
            values[left] += values[right]
            values[half : half + odd] = values[2 * half : size]
        size = half + odd
    return total / 2


def _chunk_srcc(
    trees: list[_ScoreTree], labels: _Labels, units: NDArray[np.intp], draws: Iterator[Counts], size: int
) -> FloatArray:
    """SRCC of every method on each draw of a chunk, (methods, draws); NaN where it is undefined."""
    w, q = np.empty((2, units.size, size), dtype=np.float32)
    total, label_squares = np.empty((2, size))
    unit_of, start = units[labels.order], 0
    for counts in draws:
        taken = counts.astype(np.float32).take(unit_of, axis=1)
        part = slice(start, start + len(taken))
        deviations, label_squares[part] = labels.deviations(taken)
        w[:, part], q[:, part] = taken.T, (taken * deviations).T
        total[part] = taken.sum(axis=1, dtype=np.float64)
        start = part.stop
    untied = _cubes(w)
    result = np.empty((len(trees), size))
    for row, tree in zip(result, trees, strict=True):
        sums = tree.gather(w)
        cubes = untied if tree.rows is not None else _cubes(sums)
        norm = np.sqrt(_rank_squares(total, cubes) * label_squares)
        with np.errstate(invalid="ignore", divide="ignore"):
            row[:] = np.where(norm > 0, _antisymmetric(sums, tree.gather(q)) / norm, np.nan)
    return np.clip(result, -1.0, 1.0)


def _cubes(w: Columns) -> FloatArray:
    """Sum of cubed counts of each column."""
    return np.asarray(np.einsum("kb,kb->b", w * w, w), dtype=np.float64)


def _rank_squares(total: Any, cubes: Any) -> FloatArray:
    """Sum of squared deviations of mid-ranks: (N^3 - sum of t^3) / 12 over tie groups of t images.

    The smallest value that is not 0, one image apart from all others, is N (N - 1) / 4. What is
    below half of that is the rounding of a draw whose images are all tied.
    """
    squares = (np.asarray(total, dtype=np.float64) ** 3 - cubes) / 12
    return np.where(squares < np.asarray(total) ** 2 / 8, 0.0, squares)


def _interval(samples: FloatArray, level: float) -> Interval:
    """Percentiles of the draws that are defined."""
    kept = samples[~np.isnan(samples)]
    dropped = samples.size - kept.size
    if 2 * dropped > samples.size:
        reason = f"constant scores or labels in {dropped} of {samples.size} draws"
        return Interval(None, None, kept.size, level, dropped, reason)
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), kept.size, level, dropped)


def _nothing(methods: int, level: float, reason: str) -> Bootstrap:
    """No draws, for a reason that holds for every method."""
    return Bootstrap((Interval(None, None, 0, level, reason=reason),) * methods, np.empty((methods, 0)))


def _check(
    scores: ArrayLike, labels: ArrayLike, score_signs: ArrayLike, label_sign: int, draws: int, level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return scores (methods, n), labels (n,) and the direction of each method's correlation."""
    s, y = np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.asarray(labels, dtype=np.float64)
    if s.ndim != 2 or y.shape != s.shape[1:]:
        raise ValueError(f"scores has shape {s.shape}, labels {y.shape}: give (methods, n) and (n,)")
    check_finite(scores=s, labels=y)
    if draws < 1:
        raise ValueError(f"draws is {draws}: use at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: use a coverage between 0 and 1, such as 0.95")
    signs = np.asarray(score_signs)
    if signs.shape not in ((), (len(s),)):
        raise ValueError(f"score_signs has shape {signs.shape}: give one, or one for each of {len(s)} methods")
    signs = np.broadcast_to(signs, len(s))
    return s, y, np.array([direction(sign, label_sign) for sign in signs.tolist()], dtype=np.float64)


def _codes(clusters: ArrayLike, n: int) -> NDArray[np.intp]:
    """Number the clusters 0, 1, ... in sorted order, (n,)."""
    ids = np.asarray(clusters)
    if ids.shape != (n,):
        raise ValueError(f"clusters has shape {ids.shape}: give one of each of {n} images")
    return np.unique(ids, return_inverse=True)[1]


def _workers(n: int, draws: int, threads: int | None) -> int:
    """How many threads to use: one a core, fewer where their chunks would not fit in memory."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}: use at least 1")
    if n * draws < SMALL:
        return 1
    chunk_bytes = 6 * CHUNK * n * np.dtype(np.float32).itemsize
    return max(1, min(threads or os.cpu_count() or 1, MEMORY // chunk_bytes))
