"""Krasula's analysis: can a metric tell different from similar pairs of images, and better from worse.

Two images are *different* where their MOS differ significantly, given the spread and the number of their
ratings. The AUCs ask whether the absolute difference of the scores is larger for different pairs than for
similar ones (DS), and whether its sign tells the better image of a different pair (BW). No
mapping and no linearity is assumed.

Declared behaviour: ties count half in every AUC; NaN and infinity raise ValueError; constant scores have
AUC 0.5; without spreads or counts of ratings, with fewer than four images, or with fewer than two pairs of
a kind there is no AUC, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.stats.ceiling import squared_errors
from bench.stats.defaults import CONFIDENCE
from bench.stats.ranks import MIN_IMAGES, check_scores, ranks

MAX_PAIRS = 500_000
"""Pairs that an analysis uses at most: all of those of 1,000 images, a random choice among more."""
_ROUNDING = 1e-15


@dataclass(frozen=True, eq=False)
class Aucs:
    """Areas under the ROC curves of several methods on the same pairs of images.

    Attributes:
        values: (methods,) 0..1, 0.5 is chance; empty without any.
        delong: (methods, methods) covariance after DeLong, which takes pairs as independent.
        shared: (methods, methods) covariance where pairs that share an image (or a cluster) may go together, as
            they do. With few images a variance in it can come out negative, and with fewer than 20 it is too small.
        reason: why there are none; empty where there are.
    """

    values: FloatArray
    delong: FloatArray
    shared: FloatArray
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Krasula:
    """Both analyses of several methods on one dataset.

    Attributes:
        ds: different against similar pairs.
        bw: better against worse, among different pairs.
        correct: (methods,) share of different pairs that the sign of the score gets right, ties half; empty without.
        correct_shared: (methods, methods) covariance of these shares, as ``Aucs.shared``.
        different: pairs that differ significantly, of those used.
        similar: pairs that do not.
        sampled: the pairs are a random choice among all.
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
    """Two methods' AUCs compared.

    Attributes:
        a: row of the one method.
        b: row of the other.
        value: AUC of ``a`` less that of ``b``.
        p_delong: two-sided p-value of DeLong's test as it is used in the field. It takes pairs as independent,
            and with n (n - 1) / 2 pairs of n images it finds differences that are not there.
        p: the same with the covariance of pairs that share an image: the one to report. NaN, no test, where
            few images gave the difference a negative variance.
    """

    a: int
    b: int
    value: float
    p_delong: float
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
    """Compute both AUCs of several methods on the same pairs of images.

    Args:
        scores: (methods, n) raw scores, or (n,) for one method; finite.
        labels: (n,) MOS, finite.
        std: (n,) standard deviation of the single ratings of each image, in the labels' units; None if unknown.
        n_raters: (n,) ratings of each image, or one number for all; None if unknown.
        score_signs: +1 or -1, one for all methods or (methods,).
        label_sign: +1 if a higher label means better, -1 if worse.
        level: two images differ where the two-sided z-test of their MOS is significant at 1 - level.
        max_pairs: with more pairs than this, so many are drawn at random, a pair drawn twice counting once.
        seed: of that choice.
        clusters: (n,) what images have in common, as their reference; None where each stands for itself.

    Raises:
        ValueError: shapes differ, a value is not finite, a spread is negative, or an argument is out of range.

    References:
        Krasula, Fliegel, Le Callet, Klima, On the accuracy of objective image and video quality models: new
        methodology for performance evaluation, QoMEX 2016.
    """
    from scipy.special import ndtri

    s, y, signs = check_scores(scores, labels, score_signs, label_sign)
    if not 0 < level < 1 or max_pairs < 1:
        raise ValueError(f"level is {level}, max_pairs {max_pairs}: use a level inside 0..1 and at least one pair")
    error, reason = squared_errors(y, std, n_raters)
    if error is None or y.size < MIN_IMAGES:
        none = _no_aucs(reason or f"fewer than {MIN_IMAGES} images")
        return Krasula(none, none, none.values, none.shared)
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
    """Compare AUCs of methods on the same pairs of images.

    Args:
        aucs: of all methods together.
        pairs: rows to compare; None for every pair (a, b) with a < b.

    Returns:
        One a pair of methods; none where there are no AUCs.

    References:
        DeLong, DeLong, Clarke-Pearson, Biometrics 44, 1988; Fafchamps, Gubert, J. Development Economics 83,
        2007, for the covariance of pairs that share a member.
    """
    chosen = combinations(range(aucs.values.size), 2) if pairs is None else pairs
    return tuple(
        AucTest(a, b, float(aucs.values[a] - aucs.values[b]), _p(aucs, aucs.delong, a, b), _p(aucs, aucs.shared, a, b))
        for a, b in chosen
    )


def _p(aucs: Aucs, covariance: FloatArray, a: int, b: int) -> float:
    from scipy.special import ndtr

    difference = abs(aucs.values[a] - aucs.values[b])
    variance = covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]
    if difference < 1e-12:
        return 1.0
    if variance < -_ROUNDING:
        return float("nan")
    return float(2 * ndtr(-difference / np.sqrt(variance))) if variance > 0 else 0.0


def _image_pairs(n: int, most: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs i < j of n images, or about ``most`` of them at random."""
    if n * (n - 1) // 2 <= most:
        return np.triu_indices(n, 1)
    random = np.random.default_rng(seed)
    i, j = random.integers(0, n, most), random.integers(0, n - 1, most)
    j += j >= i
    low, high = np.divmod(np.unique(np.minimum(i, j) * n + np.maximum(i, j)), n)
    return low, high


def _members(clusters: Sequence[str] | None, n: int) -> NDArray[np.intp]:
    """Number what images count as: themselves, or their clusters (n,)."""
    if clusters is None:
        return np.arange(n)
    if len(clusters) != n:
        raise ValueError(f"clusters has {len(clusters)} values, labels {n}: give one an image")
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
    delong = np.atleast_2d(np.cov(v10)) / positives.size + np.atleast_2d(np.cov(v01)) / negatives.size
    return Aucs(auc, delong, _shared(influence, ends))


def _better_worse(better: FloatArray, ends: NDArray[np.intp]) -> Aucs:
    """Each pair stands in both orders, so that no order of the files matters, and is one observation."""
    if better.shape[1] < 2:
        return _no_aucs(f"{better.shape[1]} different pairs")
    v = np.stack([placements(row, -row)[0] for row in better])
    auc = v.mean(axis=1)
    # The two placements of a pair are equal, so their sum is twice the one.
    return Aucs(auc, 4 * np.atleast_2d(np.cov(v)) / v.shape[1], _shared_of_mean(2 * v, ends))


def placements(positives: FloatArray, negatives: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share of negatives below each positive, and of positives above each negative, ties half (DeLong's components)."""
    both = ranks(np.concatenate([positives, negatives]))
    m, n = positives.size, negatives.size
    return (both[:m] - ranks(positives)) / n, 1 - (both[m:] - ranks(negatives)) / m


def _shared_of_mean(values: FloatArray, ends: NDArray[np.intp]) -> FloatArray:
    """Return the covariance of means of values (methods, pairs); empty without pairs."""
    if not values.shape[1]:
        return np.empty((0, 0))
    return _shared((values - values.mean(axis=1, keepdims=True)) / values.shape[1], ends)


def _shared(influence: FloatArray, ends: NDArray[np.intp]) -> FloatArray:
    """Sum the products of influences (methods, pairs) over all two pairs that have a member (2, pairs) in common."""
    low, high = ends.min(axis=0), ends.max(axis=0)
    n = int(high.max()) + 1
    # A pair inside one cluster has one member, any other pair two.
    second = influence * (low != high)
    touching = _summed(influence, low, n) + _summed(second, high, n)
    # Two pairs of the same two members have both in common and count once.
    _, same = np.unique(low * n + high, return_inverse=True)
    twice = _summed(second, same, int(same.max()) + 1)
    return np.asarray(touching @ touching.T - twice @ twice.T)


def _summed(rows: FloatArray, bins: NDArray[np.intp], n: int) -> FloatArray:
    return np.stack([np.bincount(bins, weights=row, minlength=n) for row in rows])


def _no_aucs(reason: str) -> Aucs:
    return Aucs(np.empty(0), np.empty((0, 0)), np.empty((0, 0)), reason)
