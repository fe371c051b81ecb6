"""Bootstrap of the PLCC, on the draws that ``bootstrap_srcc`` takes with the same seed.

Declared behaviour: NaN or infinite values raise ValueError; a draw with constant scores or labels is dropped
and counted; with more than half of the draws dropped, or with fewer than four units, the interval is None
with the reason.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench._bootstrap import checked, oriented
from bench._correlation import MIN_IMAGES, pearson
from bench._draws import Counts, codes, in_chunks, resampling_counts, workers
from bench._influence import plcc_influence
from bench._interval import Bootstrap, IntervalKind, nothing
from bench.api import FloatArray

_ROUNDING = 1e-12
"""Share of the variance of all images below which a draw's is rounding: its images are all alike."""


def bootstrap_plcc(
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
    interval: IntervalKind = "percentile",
) -> Bootstrap:
    """Intervals of the PLCC of several methods on one dataset, on the same draws.

    Scores that went through a mapping are taken as they are: the mapping is not fitted again in each draw, so the
    interval is that of the curve in use. With hundreds of images its four parameters hardly move.

    Args:
        scores: (methods, n) raw or mapped scores, or (n,) for one method; finite.
        labels: (n,) labels, finite.
        clusters: (n,) reference image of each image, to resample whole references; None to resample images.
        draws: number of resamples.
        seed: the same seed gives the same draws as in ``bootstrap_srcc``.
        level: nominal coverage, between 0 and 1.
        score_signs: +1 or -1, one for all methods or (methods,): +1 if a higher score means better.
        label_sign: +1 if a higher label means better, -1 if worse.
        threads: None for one a core.
        interval: ``percentile``, or ``bca``.

    Raises:
        ValueError: shapes differ, a value is not finite, or an argument is out of range.

    References:
        Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    s, y, signs = checked(scores, labels, score_signs, label_sign, draws, level, interval)
    units = np.arange(y.size) if clusters is None else codes(clusters, y.size)
    count = int(units.max(initial=-1)) + 1
    told = y.size >= MIN_IMAGES and np.ptp(y) > 0
    estimates = np.where((np.ptp(s, axis=1) > 0) & told, pearson(s, y), np.nan) if y.size else np.full(len(s), np.nan)
    if count < MIN_IMAGES:
        reason = f"fewer than {MIN_IMAGES} {'images' if clusters is None else 'clusters'}"
        return nothing(signs * estimates, level, interval, reason, count)
    sums = _Sums(s, y, units, count)

    def chunk(index: int, size: int) -> FloatArray:
        return sums.plcc(np.concatenate(list(resampling_counts(count, size, seed, index))))

    def influence(method: int) -> FloatArray:
        return np.asarray(np.bincount(units, weights=plcc_influence(s[method], y)), dtype=np.float64)

    samples = in_chunks(chunk, draws, workers(y.size, draws, threads))
    return oriented(signs, estimates, samples, count, level, influence if interval == "bca" else None)


class _Sums:
    """Sums over the images of each unit, from which the PLCC of any draw of units follows."""

    def __init__(self, s: FloatArray, y: FloatArray, units: NDArray[np.intp], count: int) -> None:
        # Brought to mean 0 and deviation 1 first, so that the differences of sums below cancel little.
        x, y = _standardised(s), _standardised(y)
        columns = np.concatenate([np.ones((1, y.size)), y[None], (y * y)[None], x, x * x, x * y])
        self.of_units = np.stack([np.bincount(units, weights=row, minlength=count) for row in columns], axis=1)

    def plcc(self, counts: Counts) -> FloatArray:
        """Correlate every method on each draw: (draws, units) counts, (methods, draws) values."""
        total = (counts.astype(np.float64) @ self.of_units).T
        means = total / total[0]
        y, yy = means[1:3]
        x, xx, xy = np.split(means[3:], 3)
        x_variance, y_variance = xx - x * x, yy - y * y
        told = (x_variance > _ROUNDING) & (y_variance > _ROUNDING)
        norm = np.sqrt(np.where(told, x_variance * y_variance, 1.0))
        return np.where(told, np.clip((xy - x * y) / norm, -1.0, 1.0), np.nan)


def _standardised(values: FloatArray) -> FloatArray:
    """Bring each row to mean 0 and deviation 1; a constant row to 0."""
    away = values - values.mean(axis=-1, keepdims=True)
    scale = away.std(axis=-1, keepdims=True)
    return np.asarray(np.divide(away, scale, out=np.zeros_like(away), where=np.ptp(values, axis=-1, keepdims=True) > 0))
