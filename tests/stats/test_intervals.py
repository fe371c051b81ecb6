"""BCa intervals, the influence that they rest on, and the coverage of both kinds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from scipy.special import ndtri
from simulated import noisy, published

from bench.stats import (
    bootstrap,
    bootstrap_srcc,
    bootstrap_within,
    correlate,
    correlate_within,
    paired_differences,
    resampling,
)
from bench.stats.influence import srcc_influence
from bench.stats.interval import bca_interval


def weighted_srcc(s, y, w):
    """SRCC of images with weights, mid-ranks by comparing every pair."""
    r, q = ((np.sign(v[:, None] - v[None, :]) @ w) / 2 for v in (s, y))
    return (w * r * q).sum() / math.sqrt((w * r * r).sum() * (w * q * q).sum())


class TestInfluence:
    @pytest.mark.parametrize("ties", [False, True])
    def test_is_the_derivative_by_weight(self, ties):
        s, y = noisy(40, ties=ties)
        steps = 1e-5 * np.eye(40)
        numeric = [(weighted_srcc(s, y, 1 + h) - weighted_srcc(s, y, 1 - h)) / 2e-5 for h in steps]
        np.testing.assert_allclose(srcc_influence(s, y), numeric, atol=1e-9)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=4, max_size=40))
    def test_sums_to_zero(self, data):
        s, y = np.array(data, dtype=float).T
        if np.ptp(s) and np.ptp(y):
            assert abs(srcc_influence(s, y).sum()) < 1e-12

    def test_its_spread_is_the_standard_error(self):
        s, y = noisy(2000)
        error = math.sqrt((srcc_influence(s, y) ** 2).sum())
        assert error == pytest.approx(bootstrap_srcc(s, y, draws=1000).samples.std(), rel=0.1)


class TestBCa:
    def test_is_where_the_formula_puts_it(self):
        # Efron 1987, (4.1) with acceleration from the exact jackknife, on the same draws.
        s, y = noisy(200, noise=0.2)
        got = bootstrap_srcc(s, y, draws=1000, interval="bca")
        jackknife = np.array([scipy_stats.spearmanr(np.delete(s, i), np.delete(y, i)).statistic for i in range(200)])
        away = jackknife.mean() - jackknife
        a = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
        z0 = ndtri((got.samples[0] < correlate(s, y).srcc).mean())
        z = z0 + ndtri(np.array([0.025, 0.975]))
        want = np.quantile(got.samples[0], scipy_stats.norm.cdf(z0 + z / (1 - a * z)))
        assert abs(a) > 0.02, "there is something to correct"
        assert (got.intervals[0].low, got.intervals[0].high) == pytest.approx(tuple(want), abs=1e-4)
        percentile = bootstrap_srcc(s, y, draws=1000).intervals[0]
        assert got.intervals[0].low > percentile.low + 1e-3

    def test_agrees_with_scipy(self):
        # scipy draws for itself, so ends agree within the noise of 5,000 draws.
        s, y = noisy(120, noise=0.4)
        want = scipy_stats.bootstrap(
            (s, y),
            lambda a, b: scipy_stats.spearmanr(a, b).statistic,
            vectorized=False,
            paired=True,
            n_resamples=1000,
            rng=np.random.default_rng(0),
        ).confidence_interval
        got = bootstrap_srcc(s, y, draws=4000, interval="bca").intervals[0]
        assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=0.012)

    def test_directions(self):
        s, y = noisy(100, noise=0.5)
        a, b, c = bootstrap_srcc(np.stack([s, -s, -s]), y, draws=300, score_signs=[1, -1, 1], interval="bca").intervals
        assert a == b
        assert (c.low, c.high) == pytest.approx((-a.high, -a.low), abs=2e-3)

    def test_of_clusters_and_of_groups(self):
        s, y = noisy(200, noise=0.5)
        groups = np.repeat(np.arange(50), 4)
        whole = bootstrap_srcc(s, y, clusters=groups, draws=500, interval="bca")
        inside = bootstrap_within(s, y, groups, draws=500, interval="bca")
        assert whole.estimates[0] == pytest.approx(correlate(s, y).srcc)
        assert inside.estimates[0] == pytest.approx(correlate_within(s, y, groups).srcc)
        for got in (whole, inside):
            assert got.intervals[0].kind == "bca"
            assert got.intervals[0].low < got.estimates[0] < got.intervals[0].high
            assert got.intervals[0] != bootstrap_srcc(s, y, clusters=groups, draws=500).intervals[0]

    def test_of_the_median_over_groups(self):
        s, y = noisy(400, noise=0.5)
        groups = np.repeat(np.arange(50), 8)
        got = bootstrap_within(s, y, groups, draws=300, aggregate="median", interval="bca")
        assert got.estimates[0] == pytest.approx(correlate_within(s, y, groups, aggregate="median").srcc)
        assert got.intervals[0].low < got.estimates[0] < got.intervals[0].high

    def test_a_group_moves_the_median_by_its_side_only(self):
        inside = bootstrap._Inside(np.array([[0.1, 0.2, 0.5, 0.9]]), np.array([0, 1, 1, 2]), "median")
        assert inside.influence(0).tolist() == [-1, 0, 1]

    def test_without_bias_or_acceleration_it_is_the_percentile(self):
        draws = np.arange(1001.0)
        got = bca_interval(draws, 500.0, np.array([-1.0, 1.0]), 0.9)
        assert (got.low, got.high) == pytest.approx((50, 950))

    def test_no_interval_has_its_reason(self):
        assert bca_interval(np.arange(10.0), 10.0, np.ones(1), 0.9).reason == "all draws lie below the estimate"
        assert bca_interval(np.arange(10.0), -1.0, np.ones(1), 0.9).reason == "all draws lie above the estimate"
        constant, perfect = bootstrap_srcc(
            np.stack([np.ones(50), np.arange(50)]), np.arange(50), draws=50, interval="bca"
        ).intervals
        assert constant.reason == "constant scores or labels in 50 of 50 draws"
        assert (perfect.low, perfect.high) == (1.0, 1.0)
        three = bootstrap_srcc([1, 2, 3], [1, 2, 3], interval="bca")
        assert three.intervals[0].reason == "fewer than 4 images"
        assert np.isnan(three.estimates).all()
        with pytest.raises(ValueError, match="interval is 'normal': use one of percentile, bca, t"):
            bootstrap_srcc(np.arange(9), np.arange(9), interval="normal")


class TestT:
    def test_few_images_get_it_whatever_was_asked_for(self):
        s, y = noisy(49)
        asked = [bootstrap_srcc(s, y, draws=100, interval=kind).intervals[0] for kind in ("percentile", "bca", "t")]
        assert asked[0] == asked[1] == asked[2]
        assert asked[0].kind == "t"
        assert bootstrap_srcc(*noisy(50), draws=100).intervals[0].kind == "percentile"

    def test_a_perfect_order_of_few_images_has_no_interval(self):
        # Six images of a method whose true SRCC is below 0.9 are often in perfect order: [1, 1] would be wrong.
        (interval,) = bootstrap_srcc(np.arange(6), np.arange(6), draws=100).intervals
        assert interval.low is None
        assert interval.reason.startswith("all draws of 6 images or groups are equal")

    @pytest.mark.parametrize("references", [7, 10])
    @pytest.mark.slow
    def test_few_references_are_covered(self, references):
        # Percentile intervals cover 86 % and 90 % here. Three standard errors of 300 repetitions are 4 points.
        shares, of_difference = clustered_coverage(references, repetitions=300)
        assert min(shares, of_difference) > 0.91


def clustered_coverage(references, repetitions, draws=200):
    """How often intervals of an SRCC, and of a difference of two, hold the truth where references differ.

    Scores and labels are normal, and a third of their variance is what the images of a reference have in common.
    """
    rho = np.array([0.8, 0.6])
    truth = 6 / math.pi * np.arcsin(rho / 2)
    random = np.random.default_rng(references)
    clusters = np.repeat(np.arange(references), 20)

    def normal():
        alike = random.normal(size=references)[clusters]
        return math.sqrt(1 / 3) * alike + math.sqrt(2 / 3) * random.normal(size=clusters.size)

    hits = np.zeros(2)
    for seed in range(repetitions):
        y = normal()
        scores = np.stack([r * y + math.sqrt(1 - r**2) * normal() for r in rho])
        drawn = bootstrap_srcc(scores, y, clusters=clusters, draws=draws, seed=seed)
        (difference,) = paired_differences(drawn)
        for place, (got, value) in enumerate(
            [(drawn.intervals[0], truth[0]), (difference.interval, truth[0] - truth[1])]
        ):
            hits[place] += got.low <= value <= got.high
    return hits / repetitions


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=8, max_size=60),
    st.sampled_from(["percentile", "bca"]),
)
def test_ends_are_ordered_and_in_range(data, kind):
    s, y = np.array(data, dtype=float).T
    got = bootstrap_srcc(s, y, draws=100, interval=kind).intervals[0]
    assert got.reason if got.low is None else -1 <= got.low <= got.high <= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 3))
def test_percentile_contains_the_estimate_where_draws_are_many_and_images_not_few(seed, noise):
    s, y = noisy(80, seed=seed, noise=noise)
    got = bootstrap_srcc(s, y, draws=200)
    assert got.intervals[0].low < got.estimates[0] < got.intervals[0].high


def coverage(kind, n, rho, repetitions, draws):
    """How often an interval of scores and labels that are bivariate normal holds the true SRCC.

    The population value is 6 / pi * asin(rho / 2) (Pearson 1907).
    """
    truth = 6 / math.pi * math.asin(rho / 2)
    random = np.random.default_rng(n)
    covered = 0
    for seed in range(repetitions):
        y, noise = random.normal(size=(2, n))
        got = bootstrap_srcc(rho * y + math.sqrt(1 - rho**2) * noise, y, draws=draws, seed=seed, interval=kind)
        covered += got.intervals[0].low <= truth <= got.intervals[0].high
    return covered / repetitions


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.3, 0.9])
@pytest.mark.parametrize("n", [100, 300])
@pytest.mark.parametrize("kind", ["percentile", "bca"])
def test_coverage(kind, n, rho):
    # 1,000 repetitions: three binomial standard errors of 95% are 2.1 points; 1 point more for what a
    # percentile interval of 100 images really lacks.
    assert 0.919 <= coverage(kind, n, rho, repetitions=1000, draws=1000) <= 0.981


def test_draws_of_both_kinds_are_the_same():
    s, y = noisy(50)
    one, two = (bootstrap_srcc(s, y, draws=resampling.CHUNK + 1, interval=kind) for kind in ("percentile", "bca"))
    np.testing.assert_array_equal(one.samples, two.samples)


def test_published_scores_at_full_size():
    s, y = published("livec", "clip_vit_l14")
    got = bootstrap_srcc(s, y, draws=500, interval="bca").intervals[0]
    assert got.low < 0.307 < got.high
    assert 0.03 < (got.high - got.low) / 2 < 0.07
