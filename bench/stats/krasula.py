"""Krasula's analysis: AUCs of a metric as a classifier of pairs of images.

A pair of images is *different* if the two MOS differ significantly, given the standard deviation and the number of the
ratings; otherwise it is *similar*. The DS analysis (different or similar) classifies pairs by the absolute difference
of the scores; the BW analysis (better or worse) predicts the better image of a different pair by the sign of the
difference. The analysis needs no mapping and assumes no linear relation.

Declared behaviour: ties count half in every AUC; NaN and infinity raise ValueError; constant scores have AUC 0.5; if
standard deviations or numbers of ratings are unknown, or with fewer than four images or fewer than two pairs of a kind,
the AUC is undefined and carries the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.defaults import CONFIDENCE
from bench.stats.ceiling import squared_errors
from bench.stats.ranks import MIN_IMAGES, check_scores, ranks

MAX_PAIRS = 500_000
"""Most pairs of images that are used: all pairs of 1,000 images, or a random sample of more."""
_ROUNDING = 1e-15


@dataclass(frozen=True, eq=False)
class Aucs:
    """Areas under the ROC curves of several methods on the same pairs of images.

    Attributes:
        values: (methods,) AUCs in 0..1; 0.5 is chance, higher is better. Empty if undefined.
        shared: (methods, methods) covariance of DeLong's components, which allows pairs with a common image (or
            cluster) to be dependent. With few images a variance can be negative; with fewer than 20 it is too small.
        reason: why the AUCs are undefined; empty if they are defined.
    """

    values: FloatArray
    shared: FloatArray
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Krasula:
    """Both of Krasula's analyses of several methods on one dataset.

    Attributes:
        ds: AUCs for different or similar pairs.
        bw: AUCs for the better or worse image of a different pair.
        correct: (methods,) share of different pairs where the better image has the better score, in 0..1; ties count
            half. Empty if there are no different pairs.
        correct_shared: (methods, methods) covariance of these shares, as ``Aucs.shared``.
        different: number of different pairs among those used.
        similar: number of similar pairs among those used.
        sampled: whether the pairs are a random sample of all pairs.
    """

    ds: Aucs
    bw: Aucs
    correct: FloatArray
    correct_shared: FloatArray
    different: int = 0
    similar: int = 0
    sampled: bool = False


@dataclass(frozen=True)
class AucTest:
    """Test of the difference of two methods' AUCs.

    Attributes:
        a: row of the first method.
        b: row of the second method.
        value: AUC of ``a`` minus that of ``b``, in -1..1; positive if ``a`` is better.
        p: two-sided p-value of DeLong's test with the covariance of pairs that share an image. (With the n (n - 1) / 2
            pairs of n images taken for independent it tells two equal methods apart half of the time.) NaN if the
            estimated variance of the difference is negative, which few images can cause.
    """

    a: int
    b: int
    value: float
    p: float


def krasula(
    scores: ArrayLike,
    labels: ArrayLike,
    std: ArrayLike | None,
    n_raters: ArrayLike | None,
    *,
    score_signs: ArrayLike = 1,
    label_sign: int = 1,
    level: float = CONFIDENCE,
    max_pairs: int = MAX_PAIRS,
    seed: int = 0,
    clusters: Sequence[str] | None = None,
) -> Krasula:
    """Compute both of Krasula's AUCs for several methods on the same pairs of images.

    A pair (i, j) is different if |MOS_i - MOS_j| > z sqrt(e_i + e_j), where e = std^2 / n_raters and z is the quantile
    of the standard normal distribution for a two-sided test at 1 - ``level``.

    Args:
        scores: (methods, n) raw scores, or (n,) for one method; finite.
        labels: (n,) MOS, finite.
        std: (n,) standard deviation of the single ratings of each image, in the labels' units; None if unknown.
        n_raters: (n,) number of ratings of each image, or one number for all; None if unknown.
        score_signs: direction of the scores, one for all methods or (methods,): +1 if higher is better, -1 if lower is.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).
        level: 1 - significance level of the z test of two MOS, between 0 and 1.
        max_pairs: number of pairs to sample at random if there are more; a pair sampled twice counts once.
        seed: random seed of that sample.
        clusters: (n,) cluster of each image, such as its reference image; None if the images are independent.

    Returns:
        Both analyses; undefined, with a reason, if ``std`` or ``n_raters`` is unknown, or with too few images or pairs.

    Raises:
        ValueError: shapes differ, a value is not finite, a standard deviation is negative, or an argument is out of
            range.

    References:
        Krasula, Fliegel, Le Callet, Klima, On the accuracy of objective image and video quality models: new
        methodology for performance evaluation, QoMEX 2016.

    Example:
        >>> mos = np.linspace(1, 5, 20)
        >>> found = krasula(mos + [0.8, -0.8] * 10, mos, std=np.full(20, 0.8), n_raters=10)
        >>> found.different, found.similar, found.bw.values.round(3), found.ds.values.round(3)
        (136, 54, array([0.983]), array([0.648]))
    """
    from scipy.special import ndtri

    s, y, signs = check_scores(scores, labels, score_signs, label_sign)
    if not 0 < level < 1 or max_pairs < 1:
        raise ValueError(f"level is {level}, max_pairs {max_pairs}: use a level inside 0..1 and at least one pair")
    error, reason = squared_errors(y, std, n_raters)
    if error is None or y.size < MIN_IMAGES:
        undefined = _no_aucs(reason or f"fewer than {MIN_IMAGES} images")
        return Krasula(undefined, undefined, undefined.values, undefined.shared)
    i, j = _image_pairs(y.size, max_pairs, seed)
    gap = y[i] - y[j]
    differ = np.abs(gap) > ndtri((1 + level) / 2) * np.sqrt(error[i] + error[j])
    change = signs[:, None] * (s[:, i] - s[:, j])
    better = change[:, differ] * np.sign(gap[differ])
    chosen, ends = np.flatnonzero(differ), _members(clusters, y.size)[np.stack([i, j])]
    right = (np.sign(better) + 1) / 2
    return Krasula(
        ds=_different_similar(np.abs(change), differ, ends),
        bw=_better_worse(better, ends[:, chosen]),
        correct=right.mean(axis=1) if chosen.size else np.empty(0),
        correct_shared=_shared_of_mean(right, ends[:, chosen]),
        different=chosen.size,
        similar=i.size - chosen.size,
        sampled=y.size * (y.size - 1) // 2 > max_pairs,
    )


def auc_tests(aucs: Aucs, pairs: Iterable[tuple[int, int]] | None = None) -> tuple[AucTest, ...]:
    """Test differences of methods' AUCs on the same pairs of images.

    Args:
        aucs: AUCs of all methods, from ``krasula``.
        pairs: pairs of rows to compare; None for every pair (a, b) with a < b.

    Returns:
        One test for each pair of methods; an empty tuple if the AUCs are undefined. Equal AUCs have p = 1.

    References:
        DeLong, DeLong, Clarke-Pearson, Biometrics 44, 1988; Fafchamps, Gubert, J. Development Economics 83,
        2007 (covariance of pairs that share a member).

    Example:
        >>> mos = np.linspace(1, 5, 40)
        >>> scores = [mos + [0.5, -0.5] * 20, mos + [2.0, -2.0] * 20]
        >>> (test,) = auc_tests(krasula(scores, mos, std=np.full(40, 0.8), n_raters=10).bw)
        >>> round(test.value, 3), test.p < 0.05
        (0.237, True)
    """
    chosen = combinations(range(aucs.values.size), 2) if pairs is None else pairs
    return tuple(AucTest(a, b, float(aucs.values[a] - aucs.values[b]), _p(aucs, a, b)) for a, b in chosen)


def _p(aucs: Aucs, a: int, b: int) -> float:
    from scipy.special import ndtr

    covariance = aucs.shared
    difference = abs(aucs.values[a] - aucs.values[b])
    variance = covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]
    if difference < 1e-12:
        return 1.0
    if variance < -_ROUNDING:
        return float("nan")
    return float(2 * ndtr(-difference / np.sqrt(variance))) if variance > 0 else 0.0


def _image_pairs(n: int, most: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return all pairs i < j of n images, or a random sample of about ``most`` of them."""
    if n * (n - 1) // 2 <= most:
        return np.triu_indices(n, 1)
    random = np.random.default_rng(seed)
    i, j = random.integers(0, n, most), random.integers(0, n - 1, most)
    j += j >= i
    low, high = np.divmod(np.unique(np.minimum(i, j) * n + np.maximum(i, j)), n)
    return low, high


def _members(clusters: Sequence[str] | None, n: int) -> NDArray[np.intp]:
    """Return the number of each image's cluster (n,); its own number without clusters."""
    if clusters is None:
        return np.arange(n)
    if len(clusters) != n:
        raise ValueError(f"clusters has {len(clusters)} values, labels {n}: give one for each image")
    return np.asarray(np.unique(np.asarray(clusters), return_inverse=True)[1], dtype=np.intp)


def _different_similar(size: FloatArray, differ: NDArray[np.bool_], ends: NDArray[np.intp]) -> Aucs:
    positives, negatives = np.flatnonzero(differ), np.flatnonzero(~differ)
    if min(positives.size, negatives.size) < 2:
        return _no_aucs(f"{positives.size} different and {negatives.size} similar pairs")
    parts = [placements(row[positives], row[negatives]) for row in size]
    v10, v01 = (np.stack(column) for column in zip(*parts, strict=True))
    auc = v10.mean(axis=1)
    influence = np.empty_like(size)
    influence[:, positives] = (v10 - auc[:, None]) / positives.size
    influence[:, negatives] = (v01 - auc[:, None]) / negatives.size
    return Aucs(auc, _shared(influence, ends))


def _better_worse(better: FloatArray, ends: NDArray[np.intp]) -> Aucs:
    """Return AUCs over pairs in both orders, so that the order of files does not matter; each pair counts once."""
    if better.shape[1] < 2:
        return _no_aucs(f"{better.shape[1]} different pairs")
    v = np.stack([placements(row, -row)[0] for row in better])
    auc = v.mean(axis=1)
    # The two placements of a pair are equal, so their sum is twice either.
    return Aucs(auc, _shared_of_mean(2 * v, ends))


def placements(positives: FloatArray, negatives: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute DeLong's structural components of an AUC.

    Args:
        positives: (m,) values of the positive class, finite.
        negatives: (n,) values of the negative class, finite.

    Returns:
        (m,) share of negatives below each positive, and (n,) share of positives above each negative; ties count half.
        The mean of either is the AUC.

    Example:
        >>> placements(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
        (array([0.75, 1.  ]), array([1.  , 0.75]))
    """
    both = ranks(np.concatenate([positives, negatives]))
    m, n = positives.size, negatives.size
    return (both[:m] - ranks(positives)) / n, 1 - (both[m:] - ranks(negatives)) / m


def _shared_of_mean(values: FloatArray, ends: NDArray[np.intp]) -> FloatArray:
    """Return the covariance of the means of values (methods, pairs); empty if there are no pairs."""
    if not values.shape[1]:
        return np.empty((0, 0))
    return _shared((values - values.mean(axis=1, keepdims=True)) / values.shape[1], ends)


def _shared(influence: FloatArray, ends: NDArray[np.intp]) -> FloatArray:
    """Sum the products of influences (methods, pairs) over all couples of pairs with a member (2, pairs) in common."""
    low, high = ends.min(axis=0), ends.max(axis=0)
    n = int(high.max()) + 1
    # A pair inside one cluster has one member, any other pair two.
    second = influence * (low != high)
    touching = _summed(influence, low, n) + _summed(second, high, n)
    # Two pairs with the same two members have both in common and must count once.
    _, same = np.unique(low * n + high, return_inverse=True)
    twice = _summed(second, same, int(same.max()) + 1)
    return np.asarray(touching @ touching.T - twice @ twice.T)


def _summed(rows: FloatArray, bins: NDArray[np.intp], n: int) -> FloatArray:
    return np.stack([np.bincount(bins, weights=row, minlength=n) for row in rows])


def _no_aucs(reason: str) -> Aucs:
    return Aucs(np.empty(0), np.empty((0, 0)), reason)
