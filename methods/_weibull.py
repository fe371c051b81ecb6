"""Weibull distribution, fitted to many sets of samples by maximum likelihood.

The shape k of samples with logarithms y solves k (mean(y e^(ky)) / mean(e^(ky)) - mean(y)) = 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray

_THINNING = 16  # a sixteenth of the samples gives the shapes to some ten per cent, and costs a sixteenth
_NEAR = 3e-2  # of the shape: as near as the sixteenth is worth
_SETTLED = 3e-3  # of the shape: Newton's method squares the error, so after so small a step it is near 1e-6
_MOST_STEPS = 50
_STEEPEST = 10  # more than this is rounding, of samples that are nearly equal
_TINY = 1e-30  # what rounding leaves of the spread of nearly equal samples may be 0 or less


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
    top = logarithms.max(axis=1)
    varied = logarithms.min(axis=1) < top
    below = logarithms - top[:, None]  # so that no power overflows, and one is 1
    few = below[:, ::_THINNING] - below[:, ::_THINNING].max(axis=1)[:, None]
    deviation = few.std(axis=1, dtype=np.float64)
    start = 1.2 / np.where(deviation > 0, deviation, 1)
    near, _ = _solve(few, few.any(axis=1), start, _NEAR)
    shape, log_power = _solve(below, varied, near, _SETTLED)
    return Weibull(np.exp(top + np.where(varied, log_power / shape, 0)), np.where(varied, shape, np.inf))


def _solve(
    logarithms: NDArray[np.floating], varied: NDArray[np.bool_], start: FloatArray, settled: float
) -> tuple[FloatArray, FloatArray]:
    """Search for the shapes k that solve the equation.

    Its left side is close to a power of k, so that Newton's method needs few steps with the logarithms of both.

    Args:
        logarithms: (rows, n), y, at most 0 and in each row once 0.
        varied: (rows,), whether a row has any spread; one without keeps the shape that it begins with.
        start: (rows,), shapes to begin with.
        settled: the search ends when no shape changes by more than this fraction of it.

    Returns:
        The shapes, and the logarithm of mean(e^(ky)) for them.
    """
    squares = logarithms * logarithms
    ones = np.ones_like(logarithms[0])
    mean = logarithms @ ones / len(ones)
    shape = start
    for _ in range(_MOST_STEPS):
        powers = shape[:, None].astype(logarithms.dtype) * logarithms
        np.exp(powers, out=powers)
        total = (powers @ ones).astype(np.float64)
        # The derivatives of log(mean(e^(ky))) by k.
        first = np.vecdot(powers, logarithms) / total
        second = np.vecdot(powers, squares) / total - first**2
        rise = np.where(varied, first - mean, 1 / shape).clip(min=_TINY)
        power = 1 + (shape * second / rise).clip(0, _STEEPEST)
        step = shape * ((shape * rise) ** (-1 / power)).clip(0.25, 4) - shape
        # Near enough to know it at the next shape without computing it.
        log_power = np.log(total / len(ones)) + step * first + step**2 * second / 2
        shape = shape + step
        if (np.abs(step) <= settled * shape).all():
            break
    return shape, log_power
