"""Weibull distribution, fitted to many sets of samples by maximum likelihood.

Newton's method solves the equation for the shape k of samples with logarithms y:
mean(y e^(ky)) / mean(e^(ky)) - mean(y) = 1/k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray

_THINNING = 4  # a quarter of the samples gives the shape to a few per cent, and costs a quarter
_SETTLED = 1e-3  # of the shape: Newton's method squares the error, so after so small a step it is near 1e-6
_MOST_STEPS = 50


class Weibull(NamedTuple):
    """Weibull distributions fitted to rows of samples: arrays of (rows,).

    Attributes:
        scale: lambda, above 0.
        shape: k, above 0; infinite where all samples are equal.
    """

    scale: FloatArray
    shape: FloatArray


def fit_weibull(logarithms: NDArray[np.floating]) -> Weibull:
    """Fit a Weibull distribution to every row.

    Args:
        logarithms: (rows, n), natural logarithms of the samples. The work is done in their precision.

    Example:
        >>> import numpy as np
        >>> samples = 3.0 * np.random.default_rng(1).weibull(1.5, (1, 100_000))
        >>> fitted = fit_weibull(np.log(samples))
        >>> print(f"{fitted.scale[0]:.1f} {fitted.shape[0]:.1f}")
        3.0 1.5
    """
    deviation = logarithms.std(axis=1, dtype=np.float64)
    start = 1.2 / np.where(deviation > 0, deviation, 1)
    few = _solve(np.ascontiguousarray(logarithms[:, ::_THINNING]), start)
    return _solve(logarithms, np.where(np.isfinite(few.shape), few.shape, start))


def _solve(logarithms: NDArray[np.floating], start: FloatArray) -> Weibull:
    """Search for the shapes from a start (rows,)."""
    top = logarithms.max(axis=1)
    # Below 0, so that no power overflows; and no spread is left where the rows are constant.
    below = logarithms - top[:, None]
    constant = ~below.any(axis=1)
    shape = start
    for _ in range(_MOST_STEPS):
        better, log_power = _improved(below, shape)
        settled = np.abs(better - shape) <= _SETTLED * shape
        shape = np.where(constant, start, better)
        if (settled | constant).all():
            break
    scale = np.exp(top + log_power / shape)
    return Weibull(np.where(constant, np.exp(top), scale), np.where(constant, np.inf, shape))


def _improved(below: NDArray[np.floating], shape: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Take a step of Newton's method for the shape of every row.

    Returns:
        The new shapes, and the logarithm of the mean of the samples' powers of them.
    """
    count = below.shape[1]
    powers = np.exp(shape[:, None].astype(below.dtype) * below)
    total = powers.sum(axis=1, dtype=np.float64)
    powers *= below
    weighted = powers.sum(axis=1) / total
    spread = np.einsum("ij,ij->i", powers, below) / total - weighted**2
    value = weighted - below.mean(axis=1) - 1 / shape
    # A step may not leave the positive numbers.
    step = np.maximum(-value / (spread + 1 / shape**2), -0.75 * shape)
    # ``weighted`` and ``spread`` are the first derivatives of this logarithm, so it need not be computed again.
    return shape + step, np.log(total / count) + step * weighted + step**2 * spread / 2
