from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import rankdata

from bench.stats import fisher_z_mean, mean_ranks


def test_fishers_mean_of_two_by_hand() -> None:
    # artanh r = ln((1 + r) / (1 - r)) / 2, so two are averaged by the root of the product of those ratios.
    ratio = math.sqrt(1.3 / 0.7 * 1.9 / 0.1)
    assert fisher_z_mean([0.3, 0.9]).value == pytest.approx((ratio - 1) / (ratio + 1), abs=1e-12)
    assert fisher_z_mean([0.3, 0.9]).value == pytest.approx(0.711823, abs=1e-6)


def test_fishers_mean_keeps_signs_and_does_not_move_what_is_equal() -> None:
    assert fisher_z_mean([-0.4, -0.4, -0.4]).value == pytest.approx(-0.4)
    assert fisher_z_mean([0.5, -0.5]).value == pytest.approx(0.0)
    assert fisher_z_mean([0.25]).value == pytest.approx(0.25)


@pytest.mark.parametrize("perfect", [1.0, -1.0, 1 - 1e-15, np.nextafter(-1, 0)])
def test_a_perfect_correlation_has_no_mean_and_says_why(perfect: float) -> None:
    mean = fisher_z_mean([0.2, perfect, 0.3])
    assert mean.value is None
    assert "infinite" in mean.reason


def test_one_swap_among_ten_thousand_is_not_perfect() -> None:
    n = 10_000
    assert fisher_z_mean([1 - 12 / (n**3 - n), 0.0]).value == pytest.approx(1.0, abs=1e-5)


def test_ranks_agree_with_scipy_and_ties_share_theirs() -> None:
    values = np.random.default_rng(0).integers(0, 4, (6, 5)) / 10
    expected = np.mean([rankdata(-column) for column in values.T], axis=0)
    assert len({*values[:, 0]}) < 6, "there are ties"
    np.testing.assert_allclose(mean_ranks(values), expected)


def test_mean_ranks_by_hand() -> None:
    values = [[0.9, -0.2], [0.5, 0.4], [0.5, 0.1]]
    assert mean_ranks(values).tolist() == [(1 + 3) / 2, (2.5 + 1) / 2, (2.5 + 2) / 2]
    assert mean_ranks([[0.3, 0.4]]).tolist() == [1.0]


@pytest.mark.parametrize("gap", [math.nan, math.inf])
def test_a_gap_is_never_skipped(gap: float) -> None:
    with pytest.raises(ValueError, match=r"1 of 2 correlations are not finite: leave out"):
        fisher_z_mean([0.5, gap])
    with pytest.raises(ValueError, match=r"1 of 4 values are not finite: leave out"):
        mean_ranks([[0.5, gap], [0.1, 0.2]])


def test_nothing_and_nonsense_are_refused() -> None:
    for nothing in ([], [[0.1, 0.2]]):
        with pytest.raises(ValueError, match="correlations has shape"):
            fisher_z_mean(nothing)
    for nothing in ([], [0.1, 0.2], [[], []]):
        with pytest.raises(ValueError, match="values has shape"):
            mean_ranks(nothing)
    with pytest.raises(ValueError, match=r"a correlation is -1\.5"):
        fisher_z_mean([0.5, -1.5])
