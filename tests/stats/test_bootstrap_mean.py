"""Draws of means over datasets."""

import numpy as np
import pytest
from simulated import noisy

from bench.stats import bootstrap_mean, bootstrap_srcc, paired_differences


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
