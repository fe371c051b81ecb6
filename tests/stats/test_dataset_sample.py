"""Datasets as a sample of datasets: Nemenyi's critical difference, and the bootstrap of datasets and their images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from simulated import published_table

from bench.stats import Bootstrap, bootstrap_over_datasets, nemenyi, rank_intervals
from bench.stats.interval import no_bootstrap

# Demsar 2006, table 5 (a): q at 0.05 for 2, 3, ... 10 classifiers.
DEMSAR = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
# Demsar 2006, table 6: AUC of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf on 14 datasets.
AUC = """0.763 0.768 0.771 0.798  0.599 0.591 0.590 0.569  0.954 0.971 0.968 0.967  0.628 0.661 0.654 0.657
0.882 0.888 0.886 0.898  0.936 0.931 0.916 0.931  0.661 0.668 0.609 0.685  0.583 0.583 0.563 0.625
0.775 0.838 0.866 0.875  1.000 1.000 1.000 1.000  0.940 0.962 0.965 0.962  0.619 0.666 0.614 0.669
0.972 0.981 0.9751 0.975  0.957 0.978 0.946 0.970"""


def test_the_critical_difference_is_that_of_demsars_table() -> None:
    for k, q in enumerate(DEMSAR, 2):
        found = nemenyi(np.random.default_rng(0).normal(size=(k, 12)))
        assert found.critical_difference == pytest.approx(q * math.sqrt(k * (k + 1) / 72), abs=1e-3)


def test_demsars_example() -> None:
    found = nemenyi(np.array(AUC.split(), float).reshape(14, 4).T)
    assert found.means == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=1e-3)
    assert round(found.critical_difference, 2) == 1.25
    assert not found.better.any()  # 3.143 - 1.964 = 1.18: the test is not powerful enough, as he says


def test_a_difference_of_mean_ranks_has_a_direction() -> None:
    found = nemenyi(np.array([[0.2] * 9, [0.5] * 9, [0.9] * 9]))
    assert found.ranks[:, 0].tolist() == [3, 2, 1]
    assert found.better.tolist() == [[False] * 3, [False] * 3, [True, False, False]]  # one rank is 1.10 too little


def of_z(values: np.ndarray, error: float, draws: int, random: np.random.Generator) -> Bootstrap:
    """One dataset: methods with these correlations on Fisher's scale, and samples with one standard error."""
    return Bootstrap(
        (), np.tanh(values[:, None] + error * random.normal(size=(len(values), draws))), np.tanh(values), 300
    )


def test_datasets_and_their_images_both_add_to_the_spread() -> None:
    random, z = np.random.default_rng(1), np.array([0.2, 0.5, 0.9, 1.2])
    for error in (0.0, 0.3):
        found = bootstrap_over_datasets([of_z(np.array([each]), error, 20_000, random) for each in z])
        # Drawn datasets have the variance of the four values, drawn images theirs, and four are averaged.
        expected = math.sqrt((z.var() + error**2) / 4)
        assert np.arctanh(found.samples).std() == pytest.approx(expected, rel=0.02)
        assert found.estimates == pytest.approx([math.tanh(z.mean())])
        assert (found.units, found.intervals[0].kind) == (4, "t")


def test_a_dataset_drawn_twice_has_new_images_each_time() -> None:
    random = np.random.default_rng(2)
    found = bootstrap_over_datasets([of_z(np.array([0.5]), 0.2, 20_000, random)] * 3)
    assert np.arctanh(found.samples).std() == pytest.approx(0.2 / math.sqrt(3), rel=0.02)


def test_methods_share_the_draws() -> None:
    random = np.random.default_rng(3)
    sets = [of_z(np.array([z, z]), 0.0, 500, random) for z in (0.1, 0.5, 0.8)]
    one, other = bootstrap_over_datasets(sets).samples
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize("datasets", [3, 6, 12])
@pytest.mark.slow
def test_intervals_cover_the_mean_and_the_rank_on_all_datasets(datasets: int) -> None:
    random, true = np.random.default_rng(4), np.array([0.8, 0.6, 0.5])
    runs, mean, rank = 600, 0, 0
    for seed in range(runs):
        z = true + 0.2 * random.normal(size=(datasets, 1)) + 0.15 * random.normal(size=(datasets, 3))
        measured = z + 0.03 * random.normal(size=z.shape)
        found = bootstrap_over_datasets([of_z(row, 0.03, 200, random) for row in measured], seed=seed)
        low, high = found.intervals[0].low, found.intervals[0].high
        assert low is not None
        assert high is not None
        mean += low <= math.tanh(0.8) <= high
        interval = rank_intervals(found)[1]
        rank += interval is not None and interval[0] <= 2 <= interval[1]
    # 95 % less three standard errors of 600 simulations.
    assert mean / runs > 0.923
    assert mean / runs < 0.98
    assert rank / runs > 0.923


@pytest.mark.slow
def test_six_published_datasets_tell_three_of_105_pairs() -> None:
    from scipy.stats import spearmanr

    tables = [published_table(name) for name in ("agi", "cgi", "kadid", "koniq", "livec", "spaq")]
    values = [[spearmanr(row, labels).statistic for row in scores] for scores, labels in tables]
    found = nemenyi(np.array(values).T)
    assert (found.better.size, found.better.sum()) == (225, 3)


def test_too_little_is_refused() -> None:
    one = no_bootstrap(np.array([0.5]), 0.95, "percentile", "fewer than 4 images", units=3)
    with pytest.raises(ValueError, match="2 datasets are no sample of datasets: give at least 3"):
        bootstrap_over_datasets([one, one])
    assert bootstrap_over_datasets([one] * 3).intervals[0].reason == "fewer than 4 images"
    with pytest.raises(ValueError, match="all must have one shape"):
        bootstrap_over_datasets([one, one, of_z(np.array([0.5]), 0.1, 10, np.random.default_rng(0))])
    with pytest.raises(ValueError, match="2 datasets are no sample"):
        nemenyi([[0.1, 0.2], [0.3, 0.4]])
    with pytest.raises(ValueError, match="values has 1 method"):
        nemenyi([[0.1, 0.2, 0.3]])
    with pytest.raises(ValueError, match="1 of 6 values are not finite"):
        nemenyi([[0.1, 0.2, 0.3], [0.3, math.nan, 0.1]])
