"""Asymmetric generalised Gaussian distribution (AGGD), fitted to many sets of samples by matching moments.

Source: N. Lasmar, Y. Stitou, Y. Berthoumieu, "Multiscale skewed heavy tailed model for texture analysis", ICIP 2009, as
NIQE and IL-NIQE use it: the shape is looked up among 0.2, 0.201, ... 10.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray


class Aggd(NamedTuple):
    """Asymmetric generalised Gaussians fitted to rows of samples: arrays of (rows,).

    Attributes:
        shape: alpha, in [0.2, 10]; 0.2 where nothing can be fitted.
        left: scale beta of the negative side; NaN where no sample is negative.
        right: scale beta of the positive side; NaN where no sample is positive.
        mean: of the fitted distribution.
    """

    shape: FloatArray
    left: FloatArray
    right: FloatArray
    mean: FloatArray


class _ShapeTable(NamedTuple):
    """The candidate shapes 0.2, 0.201, ... 10 and what each implies; ``ratio`` increases."""

    shape: FloatArray
    ratio: FloatArray
    scale: FloatArray  # beta over the standard deviation of its side
    spread: FloatArray  # mean over the difference of the betas


@functools.cache
def _shape_table() -> _ShapeTable:
    from scipy.special import gammaln  # slow to import, and a list of methods needs none of it

    shape: FloatArray = 0.2 + 0.001 * np.arange(9801, dtype=np.float64)
    one, two, three = (np.asarray(gammaln(k / shape), dtype=np.float64) for k in (1, 2, 3))
    return _ShapeTable(shape, np.exp(2 * two - one - three), np.exp((one - three) / 2), np.exp(two - one))


def moments(samples: NDArray[np.floating]) -> FloatArray:
    """Return, of every row, count and sum of squares of negatives, the same of positives, and the sum of magnitudes.

    Args:
        samples: (rows, n); sums are taken in their precision.

    Returns:
        (rows, 5).
    """
    twice_below = samples - np.abs(samples)
    left_square, square = np.einsum("ij,ij->i", twice_below, twice_below) / 4, np.einsum("ij,ij->i", samples, samples)
    magnitude = np.einsum("ij->i", samples) - np.einsum("ij->i", twice_below)
    found = (_counts(samples < 0), left_square, _counts(samples > 0), square - left_square, magnitude)
    return np.stack(found, axis=1).astype(np.float64)


def _counts(mask: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Count what is true in every row; packed into bits first, which is three times as fast."""
    return np.asarray(np.bitwise_count(np.packbits(mask, axis=1)).sum(axis=1))


def fit_moments(found: FloatArray, count: int) -> Aggd:
    """Fit sets of ``count`` samples from their :func:`moments` (..., 5), giving arrays of (...).

    A side without samples has scale NaN, and the shape is then 0.2, as in NIQE's release.
    """
    left_count, left_square, right_count, right_square, magnitude = np.moveaxis(found, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = np.sqrt(left_square / left_count), np.sqrt(right_square / right_count)
        skew = left / right
        flatness = (magnitude / count) ** 2 / ((left_square + right_square) / count)
        target = flatness * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    table, index = _shape_table(), _nearest_shape(target)
    left, right = left * table.scale[index], right * table.scale[index]
    return Aggd(table.shape[index], left, right, (right - left) * table.spread[index])


def _nearest_shape(target: FloatArray) -> NDArray[np.intp]:
    """Index of the table's ratio nearest to each target, the lower on a tie and 0 for what is not finite."""
    ratio = _shape_table().ratio
    above = np.clip(np.searchsorted(ratio, target), 1, len(ratio) - 1)
    index = np.where((target - ratio[above - 1]) ** 2 <= (ratio[above] - target) ** 2, above - 1, above)
    return np.where(np.isfinite(target), index, 0)
