import math
import warnings

import numpy as np
import pytest
from scipy import stats as scipy_stats
from simulated import noisy

from bench.stats import (
    bootstrap_srcc,
    bootstrap_within,
    correlate,
    correlate_within,
    resampling,
)


def all_counts(units, draws, seed, chunk):
    return np.concatenate(list(resampling.resampling_counts(units, draws, seed, chunk)))


def naive_samples(scores, labels, units, draws, seed):
    """The same draws, as indices through scipy.stats.spearmanr."""
    samples = np.full((len(scores), draws), np.nan)
    for draw in range(draws):
        chunk, position = divmod(draw, resampling.CHUNK)
        if position == 0:
            counts = all_counts(units.max() + 1, min(resampling.CHUNK, draws - draw), seed, chunk)
        rows = np.repeat(np.arange(labels.size), counts[position][units])
        for method, row in enumerate(scores):
            with warnings.catch_warnings(action="ignore", category=scipy_stats.ConstantInputWarning):
                samples[method, draw] = scipy_stats.spearmanr(row[rows], labels[rows]).statistic
    return samples


class TestBootstrap:
    @pytest.mark.parametrize(("n", "clusters"), [(7, None), (58, None), (58, 9), (301, 25), (1000, None)])
    def test_equals_resampled_indices_through_scipy(self, n, clusters):
        random = np.random.default_rng(n)
        labels = random.integers(0, 20, n).astype(float)
        noise = labels + 8 * random.normal(size=(2, n))
        # Untied, tied, nearly constant, unrelated, and tied so much that draws come out constant.
        rare = (np.arange(n) < 2).astype(float)
        scores = np.stack([noise[0], np.round(noise[1]), labels > 18, random.normal(size=n), rare])
        units = np.arange(n) if clusters is None else random.permutation(np.arange(n) % clusters)
        draws = 70
        got = bootstrap_srcc(
            scores, labels, clusters=None if clusters is None else units, draws=draws, seed=5, threads=1
        )
        want = naive_samples(scores, labels, units, draws, seed=5)
        np.testing.assert_allclose(got.samples, want, rtol=0, atol=1e-12)
        low, high = np.nanquantile(want[0], [0.025, 0.975])
        if (count := units.max() + 1) < 50:
            z = np.arctanh(np.clip(want[0][~np.isnan(want[0])], -0.9999, 0.9999))
            reach = scipy_stats.t.ppf(0.975, count - 1) * z.std() * math.sqrt(count / (count - 1))
            low, high = np.tanh(np.arctanh(correlate(scores[0], labels).srcc) + np.array([-reach, reach]))
        assert (got.intervals[0].low, got.intervals[0].high) == pytest.approx((low, high), abs=1e-12)

    def test_few_distinct_values_among_many_images(self):
        random = np.random.default_rng(0)
        labels = np.round(random.normal(size=20_000), 2)
        scores = np.stack([labels > 0, labels > 3.2, np.round(labels)])
        got = bootstrap_srcc(scores, labels, draws=4, seed=1, threads=1).samples
        np.testing.assert_allclose(got, naive_samples(scores, labels, np.arange(20_000), 4, 1), rtol=0, atol=1e-12)

    def test_a_draw_of_one_cluster_only(self):
        # Each cluster has one score, so a draw of one cluster five times is constant: 315 images,
        # whose cube single precision cannot hold.
        clusters = np.repeat(np.arange(5), 63)
        counts = np.concatenate([all_counts(5, min(64, 2000 - at), 0, at // 64) for at in range(0, 2000, 64)])
        constant = np.count_nonzero(counts.max(axis=1) == 5)
        assert constant > 0
        labels = np.random.default_rng(0).permutation(315)
        got = bootstrap_srcc(clusters, labels, clusters=clusters, draws=2000, seed=0).intervals[0]
        assert got.dropped == constant

    def test_counts_are_those_of_the_documented_stream(self, monkeypatch):
        stream = np.random.default_rng(np.random.SeedSequence(3).spawn(2)[1])
        want = [np.bincount(stream.integers(0, 9, 9, dtype=np.int32), minlength=9) for _ in range(7)]
        np.testing.assert_array_equal(all_counts(9, 7, 3, 1), want)
        monkeypatch.setattr(resampling, "BATCH", 30)
        np.testing.assert_array_equal(all_counts(9, 7, 3, 1), want)

    def test_threads_methods_and_draws_do_not_change_the_draws(self, monkeypatch):
        s, y = noisy(100)
        one = bootstrap_srcc(s, y, draws=200, threads=1)
        monkeypatch.setattr(resampling, "SMALL", 0)
        two = bootstrap_srcc(np.stack([y, s]), y, draws=250, threads=3)
        np.testing.assert_array_equal(one.samples[0], two.samples[1, :200])
        assert bootstrap_srcc(s, y, draws=200, seed=1).intervals != one.intervals

    def test_directions(self):
        s, y = noisy(60)
        up = bootstrap_srcc(np.stack([s, -s]), y, draws=100, score_signs=[1, -1])
        assert up.intervals[0] == up.intervals[1]
        assert up.intervals[0].low > 0
        down = bootstrap_srcc(s, y, draws=100, label_sign=-1).intervals[0]
        assert (down.low, down.high) == pytest.approx((-up.intervals[0].high, -up.intervals[0].low))

    def test_perfect_agreement(self):
        interval = bootstrap_srcc(np.arange(50) ** 3, np.arange(50), draws=100).intervals[0]
        assert (interval.low, interval.high, interval.draws, interval.dropped) == (1.0, 1.0, 100, 0)

    def test_half_width_at_the_size_of_a_dataset(self):
        s, y = noisy(3000, noise=2.0)
        interval = bootstrap_srcc(s, y, draws=500).intervals[0]
        assert interval.low < correlate(s, y).srcc < interval.high
        assert 0.02 < (interval.high - interval.low) / 2 < 0.04

    def test_clusters_widen_the_interval(self):
        random = np.random.default_rng(0)
        clusters = np.repeat(np.arange(30), 20)
        shared = random.normal(size=(2, 30))[:, clusters]
        s, y = shared + 0.3 * random.normal(size=(2, 600))
        plain = bootstrap_srcc(s, y, draws=300).intervals[0]
        whole = bootstrap_srcc(s, y, clusters=clusters, draws=300).intervals[0]
        assert whole.high - whole.low > 2 * (plain.high - plain.low)

    def test_covers_the_true_value(self):
        # Population Spearman of a bivariate normal: 6 / pi * asin(rho / 2) (Pearson 1907).
        rho, repetitions = 0.6, 300
        truth = 6 / math.pi * math.asin(rho / 2)
        random = np.random.default_rng(0)
        covered = 0
        for seed in range(repetitions):
            y, noise = random.normal(size=(2, 60))
            interval = bootstrap_srcc(rho * y + 0.8 * noise, y, draws=400, seed=seed).intervals[0]
            covered += interval.low <= truth <= interval.high
        assert 0.90 <= covered / repetitions <= 0.98

    def test_degenerate_draws_are_dropped_and_counted(self):
        labels, rare = np.arange(20.0), (np.arange(20) == 3).astype(float)
        got = bootstrap_srcc(np.stack([rare, labels, np.ones(20)]), labels, draws=500)
        expected = round(500 * (1 - 1 / 20) ** 20)
        assert got.intervals[0].dropped == pytest.approx(expected, abs=40)
        assert got.intervals[0].draws + got.intervals[0].dropped == 500
        assert got.intervals[0].low is not None
        assert got.intervals[1].dropped == 0
        assert got.intervals[2].low is got.intervals[2].high is None
        assert got.intervals[2].reason == "constant scores or labels in 500 of 500 draws"

    @pytest.mark.parametrize("start", [bootstrap_srcc, bootstrap_within])
    def test_constant_labels(self, start):
        args = (np.repeat(np.arange(5), 4),) if start is bootstrap_within else ()
        got = start(np.arange(20.0), np.ones(20), *args, draws=50).intervals[0]
        assert got.low is None
        assert got.reason

    def test_too_few(self):
        got = bootstrap_srcc([[1, 2, 3], [3, 2, 1]], [1, 2, 3])
        assert [interval.reason for interval in got.intervals] == ["fewer than 4 images"] * 2
        assert got.samples.shape == (2, 0)
        got = bootstrap_srcc(np.arange(9), np.arange(9), clusters=np.arange(9) % 3)
        assert got.intervals[0].reason == "fewer than 4 clusters"
        assert bootstrap_srcc([], []).intervals[0].reason == "fewer than 4 images"

    def test_errors(self):
        y = np.arange(5.0)
        with pytest.raises(ValueError, match="1 of 5 scores are not finite"):
            bootstrap_srcc([1, 2, math.nan, 4, 5], y)
        with pytest.raises(ValueError, match="scores has shape"):
            bootstrap_srcc([1, 2, 3], y)
        with pytest.raises(ValueError, match="clusters has shape"):
            bootstrap_srcc(y, y, clusters=[1, 2])
        with pytest.raises(ValueError, match="draws is 0"):
            bootstrap_srcc(y, y, draws=0)
        with pytest.raises(ValueError, match="level is 95"):
            bootstrap_srcc(y, y, level=95)
        with pytest.raises(ValueError, match="score_signs has shape"):
            bootstrap_srcc(y, y, score_signs=[1, 1])
        with pytest.raises(ValueError, match="score_sign is 3"):
            bootstrap_srcc(y, y, score_signs=3)
        with pytest.raises(ValueError, match="threads is 0"):
            bootstrap_srcc(y, y, threads=0)


class TestBootstrapWithin:
    def test_equals_a_loop_over_clusters(self):
        random = np.random.default_rng(4)
        reference = np.repeat(np.arange(8), 15)
        groups = np.repeat(np.arange(24), 5)
        y = np.tile(np.arange(5), 24)
        s = y + 2 * random.normal(size=120)
        got = bootstrap_within(s, y, groups, clusters=reference, draws=20, seed=2)
        per_group = np.array([scipy_stats.spearmanr(s[groups == g], y[groups == g]).statistic for g in range(24)])
        for sample, counts in zip(got.samples[0], all_counts(8, 20, 2, 0), strict=True):
            weights = np.repeat(counts, 3)
            assert sample == pytest.approx((weights * per_group).sum() / weights.sum(), abs=1e-12)
        assert got.intervals[0].low < correlate_within(s, y, groups).srcc < got.intervals[0].high

    def test_directions_and_many_methods(self):
        s, y = noisy(60)
        groups = np.arange(60) % 10
        got = bootstrap_within(np.stack([s, -s]), y, groups, draws=50, score_signs=[1, -1])
        assert got.intervals[0] == got.intervals[1]

    def test_groups_that_are_left_out_are_not_drawn(self):
        s, y = noisy(60)
        groups = np.arange(60) % 10
        small = np.full(2, 99)
        got = bootstrap_within(np.append(s, [1, 2]), np.append(y, [2, 1]), np.append(groups, small), draws=50)
        np.testing.assert_array_equal(got.samples, bootstrap_within(s, y, groups, draws=50).samples)

    def test_refusals(self):
        s, y = noisy(30)
        got = bootstrap_within(s, y, np.arange(30) % 3)
        assert got.intervals[0].reason == "fewer than 4 groups"
        with pytest.raises(ValueError, match="a group spans several clusters"):
            bootstrap_within(s, y, np.arange(30) % 6, clusters=np.arange(30))
