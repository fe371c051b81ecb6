"""Statistics over splits of a dataset by content: spread of the SRCC, and mappings fitted on other images.

Declared behaviour: a split without a value is never skipped, the summary then has none and says which
split; NaN, infinity and indices that are not there raise ValueError; ties and constants as in ``correlate``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.stats.mapping import fit_logistic4
from bench.stats.ranks import MIN_IMAGES, check_pair, direction, pearson, ranks


@dataclass(frozen=True)
class SplitSummary:
    """The SRCC over several test parts of one dataset. They overlap: no test, no standard error over them.

    Attributes:
        values: SRCC of each split, None where there is none.
        median: of the values; None unless every split has one.
        low: lower quartile.
        high: upper quartile.
        reason: why there is no median; empty where there is.
    """

    values: tuple[float | None, ...]
    median: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @property
    def iqr(self) -> float | None:
        """Interquartile range."""
        return None if self.low is None or self.high is None else self.high - self.low


@dataclass(frozen=True)
class CrossFit:
    """How well scores agree with labels through mappings fitted on other images.

    Attributes:
        plcc_log4_cv: PLCC of the labels with all images' mapped scores, each mapped by the curve fitted on the
            other folds; -1..1, higher is better.
        rmse_log4_cv: root mean square error of the same, in the labels' units.
        reason: why there are none; empty where there are.
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
    """Take the median and the quartiles of the SRCC over test parts.

    Args:
        scores: (n,) raw scores of a method that is the same in every split, or (splits, n) of one that was fitted
            on each split's training part; only the test images' need be finite.
        labels: (n,) labels, finite.
        tests: for each split the indices (of 0..n-1, each once) of its test images.
        score_sign: +1 if a higher score means better, -1 if worse.
        label_sign: +1 if a higher label means better, -1 if worse.

    Raises:
        ValueError: shapes differ, no splits, an index is not there or twice, a value is not finite, a wrong sign.
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
    """Share whole groups out over k folds of about equal size, the same ones on every machine.

    Args:
        groups: the content (reference, scene, prompt) of each image.
        k: number of folds, at least 2.
        seed: another seed, other folds.

    Returns:
        (n,) the fold of each image, 0..k-1. With fewer than k groups some folds are empty.

    Raises:
        ValueError: k is below 2.
    """
    if k < 2:
        raise ValueError(f"k is {k}: at least 2 folds are needed, one to fit on and one to test")
    sizes = Counter(groups)
    held, fold_of = [0] * k, {}
    # By hash, not by a generator: numpy does not promise its streams from one version to the next.
    for group in sorted(sizes, key=lambda group: hashlib.sha256(f"{seed}/{group}".encode()).digest()):
        fold_of[group] = smallest = held.index(min(held))
        held[smallest] += sizes[group]
    return np.array([fold_of[group] for group in groups], dtype=np.intp)


def cross_fit(
    scores: ArrayLike, labels: ArrayLike, folds: ArrayLike, score_sign: int = 1, label_sign: int = 1
) -> CrossFit:
    """Map each fold's scores by the 4-parameter curve fitted on the others, then correlate all with the labels.

    A curve fitted on the images that it is judged by flatters a method, little with thousands of images and
    visibly with a hundred. As in ``correlate``, the PLCC carries the sign of the mapped scores' correlation with the
    oriented scores, so that a method that goes the wrong way shows a negative number.

    Args:
        scores: (n,) raw scores, finite.
        labels: (n,) labels, finite, in the dataset's own units.
        folds: (n,) the fold of each image (see ``content_folds``); at least two different ones.
        score_sign: +1 if a higher score means better, -1 if worse.
        label_sign: +1 if a higher label means better, -1 if worse.

    Raises:
        ValueError: shapes differ, a value is not finite, there is one fold only, or a sign is not +1 or -1.
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
    plcc = float(np.sign(pearson(mapped, sign * s)) * pearson(mapped, y))
    return CrossFit(plcc, float(np.sqrt(np.mean((mapped - y) ** 2))))
