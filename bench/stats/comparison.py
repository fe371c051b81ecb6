"""Method against method on the same images: paired bootstrap, Meng's z, and p-values of many tests at once.

Declared behaviour: a method whose scores are constant has no correlation, so its comparisons carry the
reason; two methods that order all images alike differ by exactly 0 and get p = 1. Ties get mid-ranks, NaN and
infinity raise ValueError, fewer than four images give a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray
from bench.stats.defaults import CONFIDENCE
from bench.stats.interval import Bootstrap, Interval, percentile_interval
from bench.stats.ranks import MIN_IMAGES, check_scores, pearson, ranks

MIN_DRAWS = 50
"""Draws below which their spread is no measure of anything."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class Difference:
    """The correlation of one method less that of another, on the same images and the same draws.

    Attributes:
        a: row of the one method.
        b: row of the other.
        value: correlation of ``a`` less that of ``b``; None where one of them has none.
        interval: percentile interval of it.
        p: two-sided p-value, from how many draws lie on the other side of 0; never below 2 / (draws + 1).
        p_t: two-sided p-value of the difference over its standard error from the draws, as Student's t with one
            degree of freedom less than there are images or clusters to resample. It has no floor, so it is the one to
            adjust over many comparisons: 105 of them with 2,000 draws cannot survive Holm by ``p`` whatever the scores.
        reason: why there is no value or no p-value; empty where there are.
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
    """Meng's test of two correlations with the same labels.

    Attributes:
        a: row of the one method.
        b: row of the other.
        value: SRCC of ``a`` less that of ``b``; None where one of them has none.
        z: normal deviate, positive where ``a`` correlates better.
        p: two-sided p-value.
        reason: why there is no test; empty where there is.
    """

    a: int
    b: int
    value: float | None
    z: float | None
    p: float | None
    reason: str = ""


def paired_differences(
    drawn: Bootstrap, pairs: Iterable[Pair] | None = None, level: float = CONFIDENCE
) -> tuple[Difference, ...]:
    """Compare methods by the draws that they share.

    Args:
        drawn: what ``bootstrap_srcc`` or ``bootstrap_within`` returned for all methods together: images or
            clusters were resampled there, and a draw is the same one for every method.
        pairs: rows to compare; None for every pair (a, b) with a < b.
        level: nominal coverage of the intervals.

    Returns:
        One a pair, in order. A draw where either method is undefined is dropped and counted.

    References:
        Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 15.
    """
    return tuple(_difference(drawn, a, b, level) for a, b in _pairs(pairs, len(drawn.intervals)))


def _difference(drawn: Bootstrap, a: int, b: int, level: float) -> Difference:
    estimate = float(drawn.estimates[a] - drawn.estimates[b])
    value = None if np.isnan(estimate) else estimate
    if not drawn.samples.size:
        none = drawn.intervals[a]
        return Difference(a, b, value, Interval(None, None, 0, level, reason=none.reason), None, None, none.reason)
    differences = drawn.samples[a] - drawn.samples[b]
    interval = percentile_interval(differences, level)
    if value is None or interval.low is None:
        return Difference(a, b, value, interval, None, None, interval.reason or "constant scores or labels")
    kept = differences[~np.isnan(differences)]
    if kept.size < MIN_DRAWS:
        return Difference(a, b, value, interval, None, None, f"fewer than {MIN_DRAWS} draws tell no spread")
    beyond = 1 + min(int(np.count_nonzero(kept <= 0)), int(np.count_nonzero(kept >= 0)))
    p_t = _p_of_t(estimate, float(kept.std()), drawn.units)
    return Difference(a, b, value, interval, min(1.0, 2 * beyond / (kept.size + 1)), p_t)


def _p_of_t(estimate: float, spread: float, units: int) -> float:
    from scipy.special import stdtr

    # Draws that agree but for rounding say nothing of a difference that is rounding too.
    if spread <= 1e-12:
        return float(abs(estimate) < 1e-12)
    # Draws of n units spread by the square root of (n - 1) / n too little, which matters where they are few.
    error = spread * np.sqrt(units / (units - 1))
    return float(2 * stdtr(units - 1, -abs(estimate / error)))


def meng_tests(
    scores: ArrayLike,
    labels: ArrayLike,
    score_signs: ArrayLike = 1,
    label_sign: int = 1,
    pairs: Iterable[Pair] | None = None,
) -> tuple[MengTest, ...]:
    """Test differences of SRCCs by Meng's z on ranks, which takes no draws.

    It assumes independent images (not several distortions of one reference: resample those) and Fisher's
    variance 1 / (n - 3) of a normal sample, which ranks meet roughly: for high correlations the
    variance of an SRCC is larger, so p is a little too small there.

    Args:
        scores: (methods, n) raw scores, finite.
        labels: (n,) labels, finite.
        score_signs: +1 or -1, one for all methods or (methods,).
        label_sign: +1 if a higher label means better, -1 if worse.
        pairs: rows to compare; None for every pair (a, b) with a < b.

    Raises:
        ValueError: shapes differ, a value is not finite, or a sign is not +1 or -1.

    References:
        Meng, Rosenthal, Rubin, Comparing correlated correlation coefficients, Psychological Bulletin 111, 1992.
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
    """Meng's z of two correlations with one variable, given the correlation between the two (all inside -1..1)."""
    mean = (r_a**2 + r_b**2) / 2
    f = min(1.0, (1 - between) / (2 * (1 - mean)))
    h = (1 - f * mean) / (1 - mean)
    return float((np.arctanh(r_a) - np.arctanh(r_b)) * np.sqrt((n - 3) / (2 * (1 - between) * h)))


def adjust(p_values: ArrayLike, method: Literal["holm", "bh"] = "holm") -> FloatArray:
    """Adjust the p-values of a family of tests.

    Args:
        p_values: (m,) in 0..1; NaN marks a test that was not made: it stays NaN and does not count.
        method: ``holm`` bounds the chance of any false finding; ``bh`` (Benjamini-Hochberg) the expected
            share of false findings, for tests that are independent or positively dependent.

    Returns:
        (m,) adjusted p-values, at least the raw ones, in the same order.

    Raises:
        ValueError: not a vector, a value outside 0..1, or another method.

    References:
        Holm, Scand. J. Statistics 6, 1979; Benjamini, Hochberg, J. R. Statist. Soc. B 57, 1995.
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
