"""What a dataset resolves, and the raters that a metric is worth: planted answers are found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from bench.stats import Bootstrap, Interval, bootstrap_srcc, paired_differences, rater_curve, resolution


def drawn(samples: np.ndarray, units: int = 100) -> Bootstrap:
    intervals = (Interval(None, None, 0, 0.95),) * len(samples)
    return Bootstrap(intervals, samples, samples.mean(axis=1), units)


def twins(seed: int, gap: float, n: int = 150) -> Bootstrap:
    """Draw two methods that err on the same images, the second a little less."""
    random = np.random.default_rng(seed)
    quality, shared, own = random.normal(size=n), random.normal(size=n), random.normal(size=(2, n))
    scores = quality + 0.8 * shared + np.array([[0.5 + gap], [0.5]]) * own
    return bootstrap_srcc(scores, quality, draws=300, threads=1)


@pytest.mark.slow
def test_a_difference_as_large_as_the_resolution_is_found_in_four_cases_of_five() -> None:
    resolved, differences, found = [], [], []
    for seed in range(200):
        both = twins(seed, gap=0.5)
        (difference,) = paired_differences(both)
        assert difference.value is not None
        assert difference.p_t is not None
        median = resolution(both).median
        assert median is not None
        resolved.append(median)
        differences.append(difference.value)
        found.append(difference.p_t < 0.05)
    # The planted gap is near what is resolved; its power follows from their ratio by the normal distribution.
    ratio = -np.mean(differences) / np.mean(resolved)
    assert 0.8 < ratio < 1.3
    expected = norm.cdf(ratio * (1.96 + 0.8416) - 1.96)
    assert abs(np.mean(found) - expected) < 3 * np.sqrt(0.16 / 200)


def test_resolution_is_the_two_quantiles_times_the_standard_error() -> None:
    samples = np.zeros((3, 1000))
    samples[1, ::2], samples[2, ::2] = 0.2, 0.4  # differences with standard deviations of 0.1, 0.2 and 0.1
    found = resolution(drawn(samples, units=10_001))
    np.testing.assert_allclose([found.low, found.median, found.high], np.array([0.1, 0.1, 0.2]) * 2.802, rtol=1e-3)
    assert (found.pairs, found.units, found.reason) == (3, 10_001, "")
    few = resolution(drawn(samples, units=7))
    assert few.low == pytest.approx(0.1 * np.sqrt(7 / 6) * (2.4469 + 0.9057), rel=1e-4)
    assert resolution(drawn(samples), alpha=0.01).low > resolution(drawn(samples), alpha=0.05).low  # type: ignore[operator]


def test_a_pair_that_tells_nothing_is_left_out() -> None:
    labels = np.arange(60.0)
    other = labels + np.random.default_rng(0).normal(0, 20, 60)
    pair = bootstrap_srcc([labels, other], labels, draws=200)
    more = bootstrap_srcc([labels, 2 * labels, other, np.ones(60)], labels, draws=200)
    assert resolution(more).pairs == 2
    assert resolution(more).median == pytest.approx(resolution(pair).median)
    alike = resolution(bootstrap_srcc([labels, 2 * labels], labels, draws=200))
    assert (alike.median, alike.reason) == (None, "no two methods with different correlations to compare")


@pytest.mark.parametrize("planted", [0.4, 2, 8])
@pytest.mark.slow
def test_a_metric_made_of_raters_is_worth_as_many(planted: float) -> None:
    worth = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        quality, spread = random.uniform(1, 5, 400), random.uniform(0.5, 1.2, 400)
        ratings = quality + spread * random.normal(size=(20, 400))
        mos = ratings.mean(axis=0)
        metric = quality + spread / np.sqrt(planted) * random.normal(size=400)
        curve = rater_curve(mos, ratings.std(axis=0, ddof=1), 20)
        worth.append(curve.worth(float(spearmanr(metric, mos).statistic)))
    assert abs(np.mean(worth) / planted - 1) < 0.12


def test_raters_follow_the_formula_for_pearson_where_qualities_are_normal() -> None:
    random = np.random.default_rng(1)
    quality = random.normal(3, 1, 4000)
    mos = quality + random.normal(size=4000) / np.sqrt(10)
    curve = rater_curve(mos, np.ones(4000), 10)
    for number in (0.5, 1, 3, 10):
        plcc = (10 / 11) ** 0.5 / np.sqrt(1 + 1 / number)
        # The SRCC of two normal variables with this PLCC.
        assert curve.worth(6 / np.pi * np.arcsin(plcc / 2)) == pytest.approx(number, rel=0.1)


def test_the_ends_of_the_curve() -> None:
    mos = np.linspace(1, 5, 50)
    curve = rater_curve(mos, np.full(50, 0.8), 15)
    assert (curve.worth(-0.3), curve.worth(0.0)) == (0.0, 0.0)
    assert curve.worth(1.0) == float("inf")
    assert np.all(np.diff(curve.srcc) >= 0)


@pytest.mark.parametrize(
    ("std", "n_raters", "reason"),
    [
        (None, 15, "the spread of each image's ratings is not known"),
        (np.full(50, 50.0), 3, "noise is as large as the spread"),
        (np.zeros(50), 3, "the ratings of every image agree"),
    ],
)
def test_without_what_it_needs_a_curve_says_why(std: np.ndarray | None, n_raters: int, reason: str) -> None:
    curve = rater_curve(np.linspace(1, 5, 50), std, n_raters)
    assert reason in curve.reason
    assert np.isnan(curve.worth(0.5))
