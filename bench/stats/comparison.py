"""Comparison of methods on the same images: paired bootstrap, Meng's z test, and adjusted p-values of many tests.

Declared behaviour: a method with constant scores has no correlation, so its comparisons are undefined and carry the
reason; two methods that rank all images alike differ by exactly 0 and get p = 1. Ties get mid-ranks, NaN and infinity
raise ValueError, fewer than four images give a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray
from bench.defaults import CONFIDENCE
from bench.stats.interval import FEW_UNITS, Bootstrap, Interval, percentile_interval, standard_error, t_interval
from bench.stats.ranks import MIN_IMAGES, check_scores, pearson, ranks

MIN_DRAWS = 50
"""Fewest bootstrap samples from which a standard error is estimated."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class Difference:
    """Difference of two methods' correlations on the same images and the same bootstrap samples.

    Attributes:
        a: row of the first method.
        b: row of the second method.
        value: correlation of ``a`` minus that of ``b``, in -2..2; positive if ``a`` is better. None if undefined.
        interval: percentile interval of the difference; of the t form with fewer than 50 images or clusters.
        p: two-sided p-value, from the number of samples on the other side of 0; at least 2 / (draws + 1).
        p_t: two-sided p-value of the difference divided by its bootstrap standard error, by Student's t with one degree
            of freedom less than images or clusters are resampled. It has no lower bound, so it is the one to adjust for
            many comparisons: with 2,000 samples and 105 comparisons no ``p`` can stay significant after Holm.
        reason: why the value or the p-values are undefined; empty if they are defined.
    """

    a: int
    b: int
    value: float | None
    interval: Interval
    p: float | None
    p_t: float | None
    reason: str = ""


@dataclass(frozen=True)
class MengTest:
    """Meng's z test of two SRCCs with the same labels.

    Attributes:
        a: row of the first method.
        b: row of the second method.
        value: SRCC of ``a`` minus that of ``b``, in -2..2; positive if ``a`` is better. None if undefined.
        z: standard normal statistic; positive if ``a`` is better.
        p: two-sided p-value.
        reason: why the test is undefined; empty if it is defined.
    """

    a: int
    b: int
    value: float | None
    z: float | None
    p: float | None
    reason: str = ""


def paired_differences(
    bootstrap: Bootstrap, pairs: Iterable[Pair] | None = None, level: float = CONFIDENCE
) -> tuple[Difference, ...]:
    """Compare the correlations of methods by a paired bootstrap.

    Args:
        bootstrap: result of ``bootstrap_srcc``, ``bootstrap_within`` or ``bootstrap_mean`` for all methods together, so
            that every sample is the same for all of them.
        pairs: pairs of rows to compare; None for every pair (a, b) with a < b.
        level: nominal coverage of the intervals, between 0 and 1.

    Returns:
        One difference for each pair, in order. A sample where either method is undefined is dropped and counted.

    Raises:
        ValueError: a pair names a row that does not exist.

    References:
        Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 15.

    Example:
        >>> from bench.stats import bootstrap_srcc
        >>> labels = np.arange(40)
        >>> bootstrap = bootstrap_srcc([labels, labels % 7], labels, draws=500)
        >>> (difference,) = paired_differences(bootstrap)
        >>> round(difference.value, 2), difference.p_t < 0.001
        (0.93, True)
    """
    return tuple(_difference(bootstrap, a, b, level) for a, b in _pairs(pairs, len(bootstrap.intervals)))


def _difference(bootstrap: Bootstrap, a: int, b: int, level: float) -> Difference:
    estimate = float(bootstrap.estimates[a] - bootstrap.estimates[b])
    value = None if np.isnan(estimate) else estimate
    if not bootstrap.samples.size:
        reason = bootstrap.intervals[a].reason
        return Difference(a, b, value, Interval(None, None, 0, level, reason=reason), None, None, reason)
    differences = bootstrap.samples[a] - bootstrap.samples[b]
    interval = _interval(differences, estimate, bootstrap.units, level)
    if value is None or interval.low is None:
        return Difference(a, b, value, interval, None, None, interval.reason or "constant scores or labels")
    kept = differences[~np.isnan(differences)]
    if kept.size < MIN_DRAWS:
        return Difference(a, b, value, interval, None, None, f"fewer than {MIN_DRAWS} bootstrap draws")
    beyond = 1 + min(int(np.count_nonzero(kept <= 0)), int(np.count_nonzero(kept >= 0)))
    p_t = _p_of_t(estimate, standard_error(kept, bootstrap.units), bootstrap.units)
    return Difference(a, b, value, interval, min(1.0, 2 * beyond / (kept.size + 1)), p_t)


def _interval(differences: FloatArray, estimate: float, units: int, level: float) -> Interval:
    # Two methods that rank all images alike, or just the other way round, differ by the same in every draw.
    certain = np.nanmax(differences, initial=-np.inf) - np.nanmin(differences, initial=np.inf) <= 1e-12
    if units >= FEW_UNITS or certain or np.isnan(estimate):
        return percentile_interval(differences, level)
    return t_interval(differences, estimate, units, level)


def _p_of_t(estimate: float, error: float, units: int) -> float:
    from scipy.special import stdtr

    # The samples are equal but for rounding: the difference is either rounding too, or certain.
    if error <= 1e-12:
        return float(abs(estimate) < 1e-12)
    return float(2 * stdtr(units - 1, -abs(estimate / error)))


def equivalence_tests(
    bootstrap: Bootstrap, margin: float, pairs: Iterable[Pair] | None = None
) -> tuple[float | None, ...]:
    """Test whether methods differ by less than a margin, by two one-sided tests on the paired bootstrap.

    The p-value is the larger one of the tests that the difference is below ``margin`` and that it is above -``margin``,
    each by Student's t with the bootstrap standard error. It is below 0.05 just where the 90 % t interval of the
    difference lies inside the margin.

    Args:
        bootstrap: as in ``paired_differences``.
        margin: largest difference that does not matter, above 0, in units of the correlation.
        pairs: pairs of rows to compare; None for every pair (a, b) with a < b.

    Returns:
        The p-value of each pair, in order: small if the two are equivalent. None where the difference is undefined.

    Raises:
        ValueError: the margin is not above 0, or a pair names a row that does not exist.

    References:
        Schuirmann, A comparison of the two one-sided tests procedure and the power approach, J. Pharmacokinetics and
        Biopharmaceutics 15, 1987.

    Example:
        >>> from bench.stats import bootstrap_srcc
        >>> labels = np.arange(400)
        >>> scores = [labels + 30 * np.sin(labels), labels + 30 * np.cos(labels), labels % 7]
        >>> bootstrap = bootstrap_srcc(scores, labels, draws=500)
        >>> [p < 0.05 for p in equivalence_tests(bootstrap, margin=0.02)]
        [True, False, False]
    """
    if not margin > 0:
        raise ValueError(f"margin is {margin}: give the largest difference that does not matter, above 0")
    chosen = _pairs(pairs, len(bootstrap.intervals))
    return tuple(_equivalence(bootstrap, a, b, margin) for a, b in chosen)


def _equivalence(bootstrap: Bootstrap, a: int, b: int, margin: float) -> float | None:
    from scipy.special import stdtr

    estimate = float(bootstrap.estimates[a] - bootstrap.estimates[b])
    differences = bootstrap.samples[a] - bootstrap.samples[b]
    kept = differences[~np.isnan(differences)]
    if np.isnan(estimate) or kept.size < max(MIN_DRAWS, differences.size / 2):
        return None
    error = standard_error(kept, bootstrap.units)
    if error <= 1e-12:
        return float(abs(estimate) >= margin)
    return float(stdtr(bootstrap.units - 1, (abs(estimate) - margin) / error))


def meng_tests(
    scores: ArrayLike,
    labels: ArrayLike,
    score_signs: ArrayLike = 1,
    label_sign: int = 1,
    pairs: Iterable[Pair] | None = None,
) -> tuple[MengTest, ...]:
    """Test differences of SRCCs by Meng's z on ranks, without a bootstrap.

    The test assumes independent images: use a bootstrap over clusters if images share a reference. It uses Fisher's
    variance 1 / (n - 3) of a normal sample, which is approximate for ranks: the variance of a high SRCC is larger, so
    its p-value is too small. At a correlation of 0.9 it rejects 8 to 12 % of true hypotheses instead of 5 %.

    Args:
        scores: (methods, n) raw scores, finite.
        labels: (n,) labels, finite.
        score_signs: direction of the scores, one for all methods or (methods,): +1 if higher is better, else -1.
        label_sign: +1 if a higher label means better (MOS), -1 if worse (DMOS).
        pairs: pairs of rows to compare; None for every pair (a, b) with a < b.

    Returns:
        One test for each pair, in order; undefined, with a reason, for fewer than four images, constant scores or
        labels, and a correlation of 1 or -1.

    Raises:
        ValueError: shapes differ, a value is not finite, a sign is not +1 or -1, or a pair names a row that does not
            exist.

    References:
        Meng, Rosenthal, Rubin, Comparing correlated correlation coefficients, Psychological Bulletin 111, 1992.

    Example:
        >>> labels = np.arange(40)
        >>> (test,) = meng_tests([labels + labels % 5, labels % 7], labels)
        >>> round(test.value, 2), test.p < 0.001
        (0.92, True)
    """
    s, y, signs = check_scores(scores, labels, score_signs, label_sign)
    asked = _pairs(pairs, len(s))
    if y.size < MIN_IMAGES:
        return tuple(MengTest(a, b, None, None, None, f"fewer than {MIN_IMAGES} images") for a, b in asked)
    oriented = signs[:, None] * ranks(s)
    r, between = pearson(oriented, ranks(y)), np.array([pearson(row, oriented) for row in oriented])
    constant = (np.ptp(s, axis=1) == 0) | (np.ptp(y) == 0)
    return tuple(
        MengTest(a, b, None, None, None, "constant scores or labels")
        if constant[a] or constant[b]
        else _meng(a, b, float(r[a]), float(r[b]), float(between[a, b]), y.size)
        for a, b in asked
    )


def _meng(a: int, b: int, r_a: float, r_b: float, between: float, n: int) -> MengTest:
    if abs(r_a - r_b) < 1e-12:
        return MengTest(a, b, 0.0, 0.0, 1.0)
    if max(abs(r_a), abs(r_b)) > 1 - 1e-12:
        return MengTest(a, b, r_a - r_b, None, None, "a correlation is 1 or -1, whose z is infinite")
    z = meng_z(r_a, r_b, between, n)
    return MengTest(a, b, r_a - r_b, z, _two_sided(z))


def meng_z(r_a: float, r_b: float, between: float, n: int) -> float:
    """Compute Meng's z for two correlations with the same variable.

    Args:
        r_a: correlation of the first method with the labels, inside -1..1.
        r_b: correlation of the second method with the labels, inside -1..1.
        between: correlation between the two methods, inside -1..1.
        n: number of images, more than 3.

    Returns:
        Standard normal statistic; positive if ``r_a`` is larger.

    Example:
        >>> round(meng_z(0.8, 0.6, between=0.5, n=50), 3)
        2.27
    """
    mean = (r_a**2 + r_b**2) / 2
    f = min(1.0, (1 - between) / (2 * (1 - mean)))
    h = (1 - f * mean) / (1 - mean)
    return float((np.arctanh(r_a) - np.arctanh(r_b)) * np.sqrt((n - 3) / (2 * (1 - between) * h)))


def adjust(p_values: ArrayLike, method: Literal["holm", "bh"] = "holm") -> FloatArray:
    """Adjust the p-values of a family of tests for multiple comparisons.

    Args:
        p_values: (m,) p-values in 0..1; NaN marks a test that was not made: it stays NaN and does not count.
        method: ``holm`` bounds the probability of any false positive; ``bh`` (Benjamini-Hochberg) bounds the expected
            share of false positives among the positives, for independent or positively dependent tests.

    Returns:
        (m,) adjusted p-values in the same order, each at least the raw one.

    Raises:
        ValueError: the input is not a vector, a value is outside 0..1, or the method is unknown.

    References:
        Holm, Scand. J. Statistics 6, 1979; Benjamini, Hochberg, J. R. Statist. Soc. B 57, 1995.

    Example:
        >>> adjust([0.01, 0.04, 0.03]), adjust([0.01, 0.04, 0.03], "bh")
        (array([0.03, 0.06, 0.06]), array([0.03, 0.04, 0.04]))
    """
    p = np.asarray(p_values, dtype=np.float64)
    made = ~np.isnan(p)
    if p.ndim != 1 or (p[made] < 0).any() or (p[made] > 1).any():
        raise ValueError("p_values must be one vector of values in 0..1")
    if method not in ("holm", "bh"):
        raise ValueError(f"method is {method!r}: use 'holm' or 'bh'")
    adjusted = p.copy()
    if made.any():
        adjusted[made] = _holm(p[made]) if method == "holm" else _benjamini_hochberg(p[made])
    return adjusted


def _holm(p: FloatArray) -> FloatArray:
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    return adjusted


def _benjamini_hochberg(p: FloatArray) -> FloatArray:
    from scipy.stats import false_discovery_control  # a second to import

    return np.asarray(false_discovery_control(p))


def _pairs(pairs: Iterable[Pair] | None, methods: int) -> list[Pair]:
    chosen = list(combinations(range(methods), 2) if pairs is None else pairs)
    if wrong := [pair for pair in chosen if not all(0 <= row < methods for row in pair)]:
        raise ValueError(f"pairs has {wrong[0]}: rows go from 0 to {methods - 1}")
    return chosen


def _two_sided(z: float) -> float:
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(z)))
