"""Draws of the PLCC and of means over datasets, against loops over scipy on the same draws."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from simulated import noisy

from bench import _draws
from bench._influence import plcc_influence
from bench.stats import bootstrap_mean, bootstrap_plcc, bootstrap_srcc, paired_differences


def weighted_plcc(s, y, w):
    x, z = s - np.average(s, weights=w), y - np.average(y, weights=w)
    return (w * x * z).sum() / np.sqrt((w * x * x).sum() * (w * z * z).sum())


@pytest.mark.parametrize("units", [60, 12])
def test_every_draw_equals_scipy_on_the_images_drawn(units):
    s, y = noisy(60)
    scores = np.stack([s, -(s**3)])
    clusters = None if units == 60 else np.arange(60) // 5
    got = bootstrap_plcc(1e5 + scores, y, clusters=clusters, draws=50, score_signs=[1, -1])
    counts = np.concatenate(list(_draws.resampling_counts(units, 50, 0, 0)))
    members = np.arange(60) if clusters is None else clusters
    for draw, taken in enumerate(counts):
        images = np.repeat(np.arange(60), taken[members])
        want = [scipy_stats.pearsonr(v[images], y[images]).statistic for v in (s, s**3)]
        np.testing.assert_allclose(got.samples[:, draw], want, atol=1e-9)
    np.testing.assert_allclose(got.estimates, [scipy_stats.pearsonr(v, y).statistic for v in (s, s**3)], atol=1e-9)


def test_draws_are_those_of_the_srcc():
    # On ranks without ties the two correlations of a draw differ, but each draw takes the same images.
    y = np.arange(40.0)
    s = y.copy()
    s[0] = 1000
    plcc, srcc = (f(s, y, draws=64).samples[0] for f in (bootstrap_plcc, bootstrap_srcc))
    taken = np.concatenate(list(_draws.resampling_counts(40, 64, 0, 0)))[:, 0] > 0
    np.testing.assert_allclose(plcc[~taken], 1)
    np.testing.assert_allclose(srcc[~taken], 1)
    assert (plcc[taken] < 0.99).all()


def test_constant_scores_have_no_interval_and_say_why():
    y = np.arange(20.0)
    got = bootstrap_plcc(np.stack([y, np.full(20, 3.3)]), y, draws=100)
    assert got.intervals[0].low == pytest.approx(1)
    assert np.isnan(got.estimates[1])
    assert "constant scores or labels in 100 of 100 draws" in got.intervals[1].reason


def test_too_few_units_have_a_reason():
    y = np.arange(20.0)
    assert bootstrap_plcc(y, y, clusters=np.arange(20) % 3).intervals[0].reason == "fewer than 4 clusters"


def test_the_influence_is_the_derivative_by_weight():
    s, y = noisy(40)
    steps = 1e-5 * np.eye(40)
    numeric = [(weighted_plcc(s, y, 1 + h) - weighted_plcc(s, y, 1 - h)) / 2e-5 for h in steps]
    np.testing.assert_allclose(plcc_influence(s, y), numeric, atol=1e-9)


@pytest.mark.parametrize("kind", ["percentile", "bca"])
def test_intervals_cover(kind):
    random = np.random.default_rng(5)
    covered = 0
    for seed in range(200):
        x, e = random.normal(size=(2, 150))
        found = bootstrap_plcc(0.6 * x + 0.8 * e, x, draws=300, seed=seed, interval=kind, threads=1).intervals[0]
        covered += found.low <= 0.6 <= found.high
    assert 0.90 <= covered / 200 <= 0.98


def test_the_mean_over_datasets_averages_draws_by_fishers_z():
    drawn = [bootstrap_srcc(np.stack([s, -s + y]), y, draws=200) for s, y in (noisy(80), noisy(120, noise=2.0))]
    got = bootstrap_mean(drawn)
    a, b = (each.samples for each in drawn)
    np.testing.assert_allclose(got.samples[:, 100], np.tanh((np.arctanh(a[:, 100]) + np.arctanh(b[:, 33])) / 2))
    want = np.tanh(np.mean([np.arctanh(each.estimates) for each in drawn], axis=0))
    np.testing.assert_allclose(got.estimates, want)


def test_the_mean_of_the_same_images_twice_is_not_taken_for_more_certain_than_two_datasets_are():
    # Without moving draws apart, two equal datasets would give the interval of one.
    s, y = noisy(200)
    once = bootstrap_srcc(s, y, draws=2000)
    mean = bootstrap_mean([once, once])
    assert mean.samples.std() == pytest.approx(once.samples.std() / np.sqrt(2), rel=0.1)


def test_a_perfect_draw_leaves_the_mean_undefined():
    y = np.arange(10.0)
    mean = bootstrap_mean([bootstrap_srcc(y, y, draws=50), bootstrap_srcc(y, y, draws=50)])
    assert np.isnan(mean.samples).all()
    (difference,) = paired_differences(bootstrap_mean([bootstrap_srcc(np.stack([y, -y]), y, draws=50)]))
    assert difference.value is None


def test_datasets_with_other_numbers_of_draws_do_not_go_together():
    y = np.arange(10.0)
    with pytest.raises(ValueError, match="shapes"):
        bootstrap_mean([bootstrap_srcc(y, y, draws=50), bootstrap_srcc(y, y, draws=60)])
