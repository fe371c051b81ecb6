"""Statistics over splits of a dataset: quartiles of the SRCC, content-disjoint folds, and cross-fitted mappings.

Declared behaviour: a split without a value is never skipped; the summary is then undefined and carries the reason. NaN,
infinity and indices out of range raise ValueError. Ties and constant input are handled as in ``correlate``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.stats.correlation import rank_sign
from bench.stats.mapping import fit_logistic4
from bench.stats.ranks import MIN_IMAGES, check_pair, direction, pearson, ranks


@dataclass(frozen=True)
class SplitSummary:
    """Summary of the SRCC over several test splits of one dataset.

    The splits overlap, so the values are dependent: compute no significance test or standard error from them.

    Attributes:
        values: SRCC of each split, -1..1, higher is better; None if undefined.
        median: median of the values; None if any value is undefined.
        low: lower quartile; None if any value is undefined.
        high: upper quartile; None if any value is undefined.
        reason: why the median is undefined; empty if it is defined.
    """

    values: tuple[float | None, ...]
    median: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @property
    def iqr(self) -> float | None:
        """Interquartile range, ``high`` - ``low``; None if undefined."""
        return None if self.low is None or self.high is None else self.high - self.low


@dataclass(frozen=True)
class CrossFit:
    """PLCC and RMSE with mappings that were fitted on other images.

    Attributes:
        plcc_log4_cv: PLCC of the labels with the mapped scores, where each score is mapped by the curve fitted on the
            other folds; -1..1, higher is better. None if undefined.
        rmse_log4_cv: root mean square error of the same mapped scores, in the labels' units, lower is better. None if
            undefined.
        reason: why both are undefined; empty if they are defined.
    """

    plcc_log4_cv: float | None = None
    rmse_log4_cv: float | None = None
    reason: str = ""


def srcc_over_splits(
    scores: ArrayLike,
    labels: ArrayLike,
    tests: Sequence[ArrayLike],
    score_sign: int = 1,
    label_sign: int = 1,
) -> SplitSummary:
    """Compute the median and the quartiles of the SRCC over test splits.

    Args:
        scores: (n,) raw scores of a method that is the same in every split, or (splits, n) raw scores of a method that
            was fitted on the training part of each split; only those of test images must be finite.
        labels: (n,) labels, finite.
        tests: indices of the test images of each split, each in 0..n-1 and at most once.
        score_sign: +1 if a higher score means better, -1 if worse.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).

    Returns:
        The summary; a split with constant scores or labels or fewer than four images makes its median undefined.

    Raises:
        ValueError: shapes differ, there are no splits, an index is out of range or repeated, a value is not finite, or
            a sign is not +1 or -1.

    Example:
        >>> scores, labels = [1, 2, 3, 5, 4, 6], [1, 2, 3, 4, 5, 6]
        >>> summary = srcc_over_splits(scores, labels, tests=[[0, 1, 2, 3], [2, 3, 4, 5]])
        >>> [round(value, 3) for value in summary.values], round(summary.median, 3)
        ([1.0, 0.8], 0.9)
    """
    y = np.asarray(labels, dtype=np.float64)
    s = np.asarray(scores, dtype=np.float64)
    if s.shape not in (y.shape, (len(tests), *y.shape)) or y.ndim != 1 or not tests:
        raise ValueError(f"scores has shape {s.shape}, labels {y.shape}, tests {len(tests)}: give (n,) or (splits, n)")
    sign = direction(score_sign, label_sign)
    rows = np.broadcast_to(s, (len(tests), y.size))
    values = tuple(
        _srcc(row[(index := _indices(test, y.size))], y[index], sign) for row, test in zip(rows, tests, strict=True)
    )
    defined = [value for value in values if value is not None]
    if missing := len(values) - len(defined):
        reason = f"{missing} of {len(values)} splits have constant scores or labels or fewer than {MIN_IMAGES} images"
        return SplitSummary(values, reason=reason)
    low, median, high = np.quantile(defined, [0.25, 0.5, 0.75])
    return SplitSummary(values, float(median), float(low), float(high))


def _srcc(scores: FloatArray, labels: FloatArray, sign: int) -> float | None:
    s, y = check_pair(scores, labels)
    if s.size < MIN_IMAGES or np.ptp(s) == 0 or np.ptp(y) == 0:
        return None
    return sign * float(pearson(ranks(s), ranks(y)))


def _indices(test: ArrayLike, n: int) -> NDArray[np.intp]:
    given = np.asarray(test)
    index = given.astype(np.intp)
    if given.ndim != 1 or not np.array_equal(index, given) or not ((index >= 0) & (index < n)).all():
        raise ValueError(f"tests must be vectors of indices in 0..{n - 1}")
    if np.unique(index).size < index.size:
        raise ValueError("tests has an index twice: give each test image once")
    return index


def content_folds(groups: Sequence[str], k: int = 5, seed: int = 0) -> NDArray[np.intp]:
    """Distribute whole groups over k folds of about equal size, the same on every machine.

    Args:
        groups: (n,) content of each image: its reference, scene or prompt.
        k: number of folds, at least 2.
        seed: seed of the order in which groups are distributed.

    Returns:
        (n,) fold of each image, 0..k-1. With fewer than k groups some folds are empty.

    Raises:
        ValueError: k is below 2.

    Example:
        >>> content_folds(["a", "a", "b", "c"], k=2)
        array([0, 0, 1, 0])
    """
    if k < 2:
        raise ValueError(f"k is {k}: at least 2 folds are needed, one to fit on and one to test")
    sizes = Counter(groups)
    held, fold_of = [0] * k, {}
    # Sorted by hash instead of a random generator, because numpy may change its random streams between versions.
    for group in sorted(sizes, key=lambda group: hashlib.sha256(f"{seed}/{group}".encode()).digest()):
        fold_of[group] = smallest = held.index(min(held))
        held[smallest] += sizes[group]
    return np.array([fold_of[group] for group in groups], dtype=np.intp)


def cross_fit(
    scores: ArrayLike, labels: ArrayLike, folds: ArrayLike, score_sign: int = 1, label_sign: int = 1
) -> CrossFit:
    """Compute PLCC and RMSE of scores that are mapped by the 4-parameter curve fitted on the other folds.

    A curve that is fitted and evaluated on the same images overestimates the PLCC: slightly with thousands of images,
    clearly with a hundred. As in ``correlate``, the PLCC has the sign of the SRCC, so a method that scores in the wrong
    direction has a negative PLCC.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite, in the dataset's own units.
        folds: (n,) fold of each image (see ``content_folds``), at least two different ones.
        score_sign: +1 if a higher score means better, -1 if worse.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).

    Returns:
        PLCC and RMSE over all images; undefined, with a reason, for constant scores or labels, fewer than four images,
        and a fit that does not converge.

    Raises:
        ValueError: shapes differ, a value is not finite, there is only one fold, or a sign is not +1 or -1.

    Example:
        >>> scores = np.linspace(-3, 3, 40)
        >>> found = cross_fit(scores, 1 / (1 + np.exp(-scores)), folds=np.arange(40) % 5)
        >>> found.plcc_log4_cv > 0.99
        True
    """
    s, y = check_pair(scores, labels)
    sign = direction(score_sign, label_sign)
    fold_of = np.asarray(folds)
    if fold_of.shape != s.shape or np.unique(fold_of).size < 2:
        raise ValueError(f"folds has shape {fold_of.shape}: give one of at least two folds to each of {s.size} images")
    if s.size < MIN_IMAGES or np.ptp(s) == 0 or np.ptp(y) == 0:
        return CrossFit(reason=f"constant scores or labels, or fewer than {MIN_IMAGES} images")
    mapped = np.empty_like(s)
    for fold in np.unique(fold_of):
        held = fold_of == fold
        fit = fit_logistic4(s[~held], y[~held], sign)
        if not fit.converged:
            return CrossFit(reason=f"without fold {fold}: {fit.reason}")
        mapped[held] = fit.predict(s[held])
    if np.ptp(mapped) == 0:
        return CrossFit(reason="the fitted curves are flat")
    plcc = float(rank_sign(s, y, sign) * pearson(mapped, y))
    return CrossFit(plcc, float(np.sqrt(np.mean((mapped - y) ** 2))))
