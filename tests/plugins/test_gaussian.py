"""A difference that a covariance of many features is taken out of: the same as by the pseudo-inverse."""

import numpy as np
import pytest

from bench.plugins.gaussian import unmixed

FEATURES = 300  # enough for equations to be solved in place of a pseudo-inverse


def covariance(smallest: float) -> np.ndarray:
    """A covariance with variances from 1 down to the smallest."""
    directions, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(FEATURES, FEATURES)))
    mixed = directions * np.geomspace(1, smallest, FEATURES) @ directions.T
    return (mixed + mixed.T) / 2


shapes = pytest.mark.parametrize("shape", [(FEATURES,), (5, FEATURES)])


@shapes
def test_many_features_of_any_number_of_blocks_need_no_pseudo_inverse(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed, difference = covariance(1e-6), np.random.default_rng(2).normal(size=shape)
    expected = difference @ np.linalg.inv(mixed)
    monkeypatch.setattr("numpy.linalg.pinv", None)
    np.testing.assert_allclose(unmixed(mixed, difference), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


@shapes
def test_a_direction_that_rounding_rules_is_left_out(shape: tuple[int, ...]) -> None:
    # Positive definite, as rounding leaves it: solved, one direction would count 1e17 times as much as the others.
    mixed = np.diag(np.r_[np.ones(FEATURES - 1), 1e-17])
    expected = np.ones(shape)
    expected[..., -1] = 0
    np.testing.assert_allclose(unmixed(mixed, np.ones(shape)), expected)
