"""Statistics over splits by content: spread of the SRCC, and mappings fitted on other images."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from simulated import noisy

from bench.datasets.dataset import random_groups
from bench.stats import content_folds, correlate, cross_fit, fit_logistic4, mapping, srcc_over_splits


def content_disjoint(groups, splits):
    """Indices of the test images of splits that share no group with the training part."""
    chosen = [random_groups(groups, seed) for seed in range(splits)]
    return [[i for i, group in enumerate(groups) if group in test] for test in chosen]


class TestSplits:
    def test_equals_scipy_on_content_disjoint_splits(self):
        s, y = noisy(300)
        tests = content_disjoint([f"scene {i // 6}" for i in range(300)], 10)
        got = srcc_over_splits(s, y, tests)
        want = [scipy_stats.spearmanr(s[test], y[test]).statistic for test in tests]
        assert got.values == pytest.approx(want, abs=1e-12)
        assert (got.low, got.median, got.high) == pytest.approx(tuple(np.quantile(want, [0.25, 0.5, 0.75])))
        assert got.iqr == got.high - got.low
        assert got.reason == ""

    def test_directions(self):
        s, y = noisy(100)
        tests = [range(50), range(50, 100)]
        right = srcc_over_splits(s, y, tests)
        assert srcc_over_splits(-s, y, tests, score_sign=-1) == right
        assert srcc_over_splits(s, y, tests, label_sign=-1).median == -right.median

    def test_scores_of_each_split(self):
        # A method fitted on a split's training part has no score for that part.
        s, y = noisy(40)
        tests = [range(20), range(20, 40)]
        fitted = np.full((2, 40), math.nan)
        fitted[0, :20], fitted[1, 20:] = s[:20], s[20:]
        assert srcc_over_splits(fitted, y, tests) == srcc_over_splits(s, y, tests)

    @pytest.mark.parametrize("scores", [[1, 1, 1, 1, 5, 6, 7, 8], [*range(8)]])
    def test_a_split_without_a_value_is_not_skipped(self, scores):
        tests = [range(4) if scores[0] == 1 else range(3), range(4, 8)]
        got = srcc_over_splits(scores, range(8), tests)
        assert got.values == (None, 1.0)
        assert (got.median, got.iqr) == (None, None)
        assert got.reason == "1 of 2 splits have constant scores or labels or fewer than 4 images"

    def test_errors(self):
        y = np.arange(8.0)
        for wrong in ([[0, 8]], [[-1, 2]], [[0.5, 1]], [[[0, 1]]]):
            with pytest.raises(ValueError, match=r"tests must be vectors of indices in 0\.\.7"):
                srcc_over_splits(y, y, wrong)
        with pytest.raises(ValueError, match="an index twice"):
            srcc_over_splits(y, y, [[0, 1, 2, 2]])
        with pytest.raises(ValueError, match=r"scores has shape \(8,\), labels \(8,\), tests 0"):
            srcc_over_splits(y, y, [])
        with pytest.raises(ValueError, match="1 of 4 scores are not finite"):
            srcc_over_splits([math.nan, *y[1:]], y, [range(4)])


class TestFolds:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(0, 30).map(str), min_size=1, max_size=200), st.integers(2, 8), st.integers(0, 99))
    def test_groups_stay_whole_and_folds_even(self, groups, k, seed):
        folds = content_folds(groups, k, seed)
        for group in set(groups):
            assert len({fold for fold, other in zip(folds, groups, strict=True) if other == group}) == 1
        sizes, largest = np.bincount(folds, minlength=k), max(groups.count(group) for group in set(groups))
        assert sizes.max() - sizes.min() <= largest

    def test_are_the_same_everywhere(self):
        # printf 0/c | sha256sum: 288182, b 7d9abe, e 7ed4eb, d 9d84c2, a d3216b, so c goes to fold 0 and a to fold 4.
        order = [*"abcde"]
        assert content_folds(order, 5, 0).tolist() == [4, 1, 0, 3, 2]
        assert content_folds(order, 5, 1).tolist() != [4, 1, 0, 3, 2]
        np.testing.assert_array_equal(content_folds([*"aabbccddee"], 5, 0)[::2], content_folds(order, 5, 0))
        with pytest.raises(ValueError, match="k is 1: at least 2 folds"):
            content_folds(order, 1)


class TestCrossFit:
    def test_equals_a_loop(self):
        s, y = noisy(200)
        folds = content_folds([str(i // 4) for i in range(200)])
        mapped = np.empty(200)
        for fold in range(5):
            mapped[folds == fold] = fit_logistic4(s[folds != fold], y[folds != fold]).predict(s[folds == fold])
        got = cross_fit(s, y, folds)
        assert got.plcc_log4_cv == pytest.approx(scipy_stats.pearsonr(mapped, y).statistic)
        assert got.rmse_log4_cv == pytest.approx(math.sqrt(((mapped - y) ** 2).mean()))

    @pytest.mark.slow
    def test_takes_off_what_fitting_on_the_same_images_adds(self):
        better = 0
        for seed in range(20):
            s, y = noisy(40, seed, noise=2.0)
            folds = content_folds([str(i) for i in range(40)])
            better += cross_fit(s, y, folds).plcc_log4_cv < correlate(s, y).plcc_log4
        assert better >= 18

    def test_directions(self):
        s, y = noisy(200)
        folds = np.arange(200) % 5
        right = cross_fit(s, y, folds)
        assert right.plcc_log4_cv > 0.6
        assert cross_fit(-s, y, folds, score_sign=-1) == right
        assert cross_fit(-s, y, folds).plcc_log4_cv == pytest.approx(-right.plcc_log4_cv, abs=1e-3)

    def test_reasons(self, monkeypatch):
        s, y = noisy(40)
        folds = np.arange(40) % 2
        constant = "constant scores or labels, or fewer than 4 images"
        assert cross_fit(np.ones(40), y, folds).reason == constant
        assert cross_fit([1, 2, 3], [1, 2, 3], [0, 1, 1]).reason == constant
        assert cross_fit(s[:8], y[:8], folds[:8]).reason == "without fold 0: too few images for 4 parameters"
        monkeypatch.setattr(mapping, "MAX_EVALUATIONS", 2)
        monkeypatch.setattr(mapping, "SEARCH", 2)
        assert cross_fit(s, y, folds).reason == "without fold 0: 4-parameter fit did not converge"

    def test_errors(self):
        s, y = noisy(40)
        with pytest.raises(ValueError, match="at least two folds to each of 40 images"):
            cross_fit(s, y, np.zeros(40))
        with pytest.raises(ValueError, match="score_sign is 2"):
            cross_fit(s, y, np.arange(40) % 2, score_sign=2)
