"""Krasula's AUCs, DeLong's test, and the ceiling that the noise of a MOS puts on correlations."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.stats import Aucs, auc_tests, krasula, noise_ceiling
from bench.stats.krasula import _image_pairs, placements


def rated(n, seed=0, methods=2, noise=0.7, raters=20):
    """Methods that see true quality through noise of their own, and a MOS that does so through its raters'."""
    random = np.random.default_rng(seed)
    true = random.normal(size=n)
    mos = true + random.normal(size=n) / math.sqrt(raters)
    return true + noise * random.normal(size=(methods, n)), mos, np.ones(n)


class TestKrasula:
    def test_equals_loops_over_all_pairs(self):
        s, y, std = rated(25)
        s[1] = np.round(s[1])
        raters = np.random.default_rng(1).integers(5, 40, 25)
        got = krasula(s, y, std, raters)
        pairs = [(i, j) for i in range(25) for j in range(i)]
        z = [(y[i] - y[j]) / math.sqrt(std[i] ** 2 / raters[i] + std[j] ** 2 / raters[j]) for i, j in pairs]
        differ = np.array([2 * scipy_stats.norm.sf(abs(value)) < 0.05 for value in z])
        assert (got.different, got.similar, got.sampled) == (differ.sum(), (~differ).sum(), False)
        for method, row in enumerate(s):
            change = np.array([row[i] - row[j] for i, j in pairs])
            up, down = abs(change[differ]), abs(change[~differ])
            u = scipy_stats.mannwhitneyu(up, down).statistic
            assert got.ds.values[method] == pytest.approx(u / up.size / down.size, abs=1e-12)
            better = (change * np.sign(z))[differ]
            u = scipy_stats.mannwhitneyu(better, -better).statistic
            assert got.bw.values[method] == pytest.approx(u / better.size**2, abs=1e-12)
            assert got.correct[method] == pytest.approx(((better > 0) + (better == 0) / 2).mean(), abs=1e-12)

    def test_sampled_pairs_are_of_two_images(self):
        low, high = _image_pairs(30, 400, seed=0)
        assert (low < high).all()
        assert len({*zip(low.tolist(), high.tolist(), strict=True)}) == low.size > 200

    def test_placements_average_to_the_area(self):
        above, below = np.random.default_rng(0).integers(0, 5, (2, 30)).astype(float)
        v10, v01 = placements(above, below)
        want = scipy_stats.mannwhitneyu(above, below).statistic / 900
        assert (v10.mean(), v01.mean()) == pytest.approx((want, want))

    def test_equal_methods_are_told_apart_as_often_as_was_agreed(self):
        rejected = np.zeros(2)
        for seed in range(200):
            s, y, std = rated(50, seed)
            got = krasula(s, y, std, 20)
            rejected += [test.p < 0.05 for aucs in (got.ds, got.bw) for test in auc_tests(aucs)]
        # 5% of 200 is 10; three binomial standard errors are 9, and 50 images are few.
        assert (rejected <= 22).all()
        assert (rejected >= 2).all()

    @pytest.mark.parametrize("clusters", [None, [str(i // 3) for i in range(14)]])
    def test_covariance_joins_pairs_that_share_an_image_or_a_cluster(self, clusters):
        # A loop over all two pairs: their influences count together where they have a member in common.
        s, y, std = rated(14)
        got = krasula(s, y, std, 20, clusters=clusters)
        member = clusters or list(range(14))
        pairs = [(i, j) for i in range(14) for j in range(i + 1, 14)]
        differ = [pair for pair in pairs if abs(y[pair[0]] - y[pair[1]]) > scipy_stats.norm.ppf(0.975) * 0.1**0.5]
        right = np.array([[(np.sign((row[i] - row[j]) * (y[i] - y[j])) + 1) / 2 for i, j in differ] for row in s])
        influence = (right - right.mean(axis=1, keepdims=True)) / len(differ)
        ends = [{member[i], member[j]} for i, j in differ]
        joined = np.array([[bool(a & b) for b in ends] for a in ends], dtype=float)
        np.testing.assert_allclose(got.correct_shared, influence @ joined @ influence.T, atol=1e-15)

    def test_clusters_widen_what_is_not_known(self):
        # Five copies of each of 30 images are 30 observations, and not 150.
        s, y, std = rated(30)
        copies = [
            krasula(np.repeat(s, 5, axis=1), np.repeat(y, 5), np.repeat(std, 5), 20, clusters=c)
            for c in (None, [str(i // 5) for i in range(150)])
        ]
        once = krasula(s, y, std, 20)
        taken_apart, together = (np.sqrt(np.diag(each.bw.shared)) for each in copies)
        np.testing.assert_allclose(together, np.sqrt(np.diag(once.bw.shared)), rtol=0.02)
        assert (taken_apart < 0.6 * together).all()

    def test_a_negative_variance_is_no_test(self):
        covariance = np.array([[1.0, 2.0], [2.0, 1.0]])
        (test,) = auc_tests(Aucs(np.array([0.6, 0.7]), covariance))
        assert math.isnan(test.p)

    def test_directions_and_order_of_images(self):
        s, y, std = rated(40)
        one = krasula(s, y, std, 20)
        other = krasula(-s[:, ::-1], -y[::-1], std, 20, score_signs=-1, label_sign=-1)
        for name in ("ds", "bw"):
            np.testing.assert_allclose(getattr(one, name).values, getattr(other, name).values)
            np.testing.assert_allclose(getattr(one, name).shared, getattr(other, name).shared)
        np.testing.assert_allclose(krasula(-s, y, std, 20, score_signs=-1).bw.values, one.bw.values)
        wrong = krasula(-s, y, std, 20)
        np.testing.assert_allclose(wrong.bw.values, 1 - one.bw.values)
        np.testing.assert_allclose(wrong.ds.values, one.ds.values)

    def test_constant_and_perfect_scores(self):
        _, y, std = rated(40)
        got = krasula(np.stack([np.ones(40), y]), y, std, 20)
        assert got.ds.values == pytest.approx([0.5, 1.0])
        assert got.bw.values == pytest.approx([0.5, 1.0])
        assert got.correct == pytest.approx([0.5, 1.0])
        assert auc_tests(got.bw)[0].p == 0.0
        assert auc_tests(krasula(np.stack([y, y]), y, std, 20).bw)[0].p == 1.0

    def test_many_pairs_are_sampled(self):
        s, y, std = rated(200)
        whole, part = krasula(s, y, std, 20), krasula(s, y, std, 20, max_pairs=5000)
        assert (whole.sampled, part.sampled) == (False, True)
        assert whole.different + whole.similar == 19_900
        assert 4000 < part.different + part.similar <= 5000
        np.testing.assert_allclose(part.ds.values, whole.ds.values, atol=0.03)
        np.testing.assert_allclose(part.bw.values, whole.bw.values, atol=0.03)

    def test_reasons(self):
        s, y, std = rated(10)
        for got, reason in [
            (krasula(s, y, None, 20), "the spread of each image's ratings is not known"),
            (krasula(s, y, None, None), "the spread and the number of each image's ratings are not known"),
            (krasula(s, y, [math.nan, *std[1:]], 20), "1 of 10 images lack the spread or the number of their ratings"),
            (krasula(s, y, std, [1, *[20] * 9]), "1 of 10 images have fewer than 2 ratings, which have no spread"),
            (krasula(s[:, :3], y[:3], std[:3], 20), "fewer than 4 images"),
        ]:
            assert got.ds.reason == got.bw.reason == reason
            assert got.ds.values.size == 0
            assert auc_tests(got.ds) == ()
        alike = krasula(s, y, 100 * std, 20)
        assert alike.ds.reason == "0 different and 45 similar pairs"
        assert alike.bw.reason == "0 different pairs"
        sure = krasula(s, y, 0 * std, 20)
        assert sure.ds.reason == "45 different and 0 similar pairs"
        assert sure.bw.values.size == 2

    def test_errors(self):
        s, y, std = rated(10)
        with pytest.raises(ValueError, match="1 of 20 scores are not finite"):
            krasula(np.where(s == s[0, 0], math.nan, s), y, std, 20)
        with pytest.raises(ValueError, match=r"std has -1\.0: a standard deviation"):
            krasula(s, y, -std, 20)
        with pytest.raises(ValueError, match=r"std has shape \(9,\)"):
            krasula(s, y, std[:9], 20)
        with pytest.raises(ValueError, match="level is 95, max_pairs 500000"):
            krasula(s, y, std, 20, level=95)
        with pytest.raises(ValueError, match="clusters has 9 values, labels 10: give one for each image"):
            krasula(s, y, std, 20, clusters=[*"aabbccddd"])


class TestCeiling:
    def test_is_what_true_quality_reaches(self):
        # 20,000 images whose raters disagree more the worse the image is; a uniform scale.
        random = np.random.default_rng(99)
        true = random.uniform(1, 5, 20_000)
        std, raters = 2.5 - true / 4, random.integers(12, 30, 20_000)
        mos = true + random.normal(size=20_000) * std / np.sqrt(raters)
        got = noise_ceiling(mos, std, raters, draws=5)
        assert got.plcc == pytest.approx(scipy_stats.pearsonr(true, mos).statistic, abs=0.005)
        assert got.srcc == pytest.approx(scipy_stats.spearmanr(true, mos).statistic, abs=0.003)
        assert got.reliability == pytest.approx(true.var() / mos.var(), abs=0.01)

    def test_of_a_normal_sample_by_formula(self):
        # 6 / pi * asin(r / 2), Pearson 1907.
        random = np.random.default_rng(99)
        mos = random.normal(size=20_000)
        got = noise_ceiling(mos, np.full(20_000, 2.0), 16, draws=5)
        assert got.plcc == pytest.approx(math.sqrt(0.75), abs=0.005)
        assert got.srcc == pytest.approx(6 / math.pi * math.asin(math.sqrt(0.75) / 2), abs=0.006)

    def test_units_and_direction_do_not_matter(self):
        _, y, std = rated(100)
        one, two = noise_ceiling(y, std, 20), noise_ceiling(30 - 7 * y, 7 * std, 20)
        assert (one.reliability, one.plcc) == pytest.approx((two.reliability, two.plcc))
        assert one.srcc == pytest.approx(two.srcc, abs=0.002)

    def test_no_noise_is_no_ceiling(self):
        got = noise_ceiling(np.arange(9.0), np.zeros(9), 5)
        assert (got.reliability, got.plcc, got.srcc) == (1, 1, 1)

    @pytest.mark.parametrize(
        ("labels", "std", "raters", "reason"),
        [
            ([1, 2, 3, 4], None, 9, "the spread of each image's ratings is not known"),
            ([1, 2, 3, 4], [1, 1, 1, 1], None, "the number of each image's ratings is not known"),
            ([1, 2, 3], [1, 1, 1], 9, "fewer than 4 images"),
            ([2, 2, 2, 2], [1, 1, 1, 1], 9, "constant labels"),
            ([1, 2, 3, 4], [9, 9, 9, 9], 9, "the raters' noise is as large as the spread of the MOS"),
            ([1, 2, 3, 4], [1, 1, 1, math.nan], 9, "1 of 4 images lack the spread or the number of their ratings"),
        ],
    )
    def test_reasons(self, labels, std, raters, reason):
        got = noise_ceiling(labels, std, raters)
        assert (got.reliability, got.plcc, got.srcc, got.reason) == (None, None, None, reason)

    def test_errors(self):
        with pytest.raises(ValueError, match="1 of 2 labels are not finite"):
            noise_ceiling([1, math.nan], [1, 1], 9)
