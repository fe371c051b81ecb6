"""Starts of the fit of a logistic curve, found by a search over centres and scales.

Both mappings have the form a g((x - c) / s) plus a constant (4 parameters) or a straight line (5 parameters), where g
is the logistic function. For a given centre c and scale s the best a and the best line follow by linear least squares,
so a grid of centres and scales shows the whole surface of the cost, with every valley that a descent could end in. The
limit s = 0, a step, is searched at every place where the data can be parted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bench.api import FloatArray

BINS = 200
"""Most points of the search; the scores of more images are put into as many bins of equally many images."""
CENTRES = 24
"""Quantiles of the scores that the search tries as centres, and as many places evenly spaced over their range."""
SCALES = 14
"""Scales that the search tries, from the smallest distance between two centres to the range of the scores."""
VALLEYS = 4
"""Most valleys that are handed on."""


class Points(NamedTuple):
    """Points that a curve is fitted to: (n,) distinct scores, rising; their labels; the number of images of each."""

    x: FloatArray
    y: FloatArray
    weights: FloatArray


class Start(NamedTuple):
    """A curve height g((x - centre) / scale) + slope x + intercept, whose slope is 0 where it has no line."""

    height: float
    centre: float
    scale: float
    slope: float
    intercept: float


def binned(points: Points) -> Points:
    """Put neighbouring scores into at most BINS bins of about equally many images: their means and their numbers.

    Example:
        >>> many = np.arange(1000.0)
        >>> binned(Points(many, many, np.ones(1000))).x[:3]
        array([ 2.,  7., 12.])
    """
    x, y, weights = points
    if x.size <= BINS:
        return points
    before = np.cumsum(weights) - weights / 2
    _, of = np.unique((before * BINS / weights.sum()).astype(np.intp), return_inverse=True)
    sizes = np.bincount(of, weights).astype(np.float64)
    return Points(np.bincount(of, weights * x) / sizes, np.bincount(of, weights * y) / sizes, sizes)


def valleys(points: Points, line: bool) -> list[Start]:
    """Find the deepest valleys of the cost of a logistic curve.

    Args:
        points: what the curve is fitted to, few enough for a search.
        line: whether the curve includes a straight line, or only a constant.

    Returns:
        At most VALLEYS curves, that of least cost first.

    Example:
        >>> x = np.linspace(-2, 2, 50)
        >>> start = valleys(Points(x, 1 + 4 / (1 + np.exp(-3 * x)), np.ones(50)), line=False)[0]
        >>> bool(3.5 < start.height < 4.5)
        True
    """
    centres, scales = _grid(points)
    gains = np.stack([_gains(points, centres, scale, line) for scale in scales])
    return [_complete(points, float(centres[c]), float(scales[s]), line) for s, c in _peaks(gains)[:VALLEYS]]


def best_step(points: Points, line: bool) -> Start:
    """Return the steep curve of least cost between any two neighbouring scores.

    Args:
        points: what the curve is fitted to, at least two.
        line: whether the curve includes a straight line, or only a constant.

    Example:
        >>> step = best_step(Points(np.arange(6.0), np.array([1.0, 1, 1, 3, 3, 3]), np.ones(6)), line=False)
        >>> round(step.height, 1), step.centre
        (2.0, 2.5)
    """
    x, y, weights = points
    above = _sums_above(weights)
    square = above - above**2 / weights.sum()
    if line:
        centred = x - x @ weights / weights.sum()
        square = square - _sums_above(weights * centred) ** 2 / (centred @ (weights * centred))
    best = int(np.argmax(_gain(_sums_above(weights * _without_line(points, y, line)), square)))
    return _complete(points, float((x[best] + x[best + 1]) / 2), float(x[best + 1] - x[best]) / 8, line)


def _sums_above(values: FloatArray) -> FloatArray:
    """Return the sum of the values after each place but the last, (n - 1,)."""
    return np.cumsum(values[::-1])[::-1][1:]


def _grid(points: Points) -> tuple[FloatArray, FloatArray]:
    """Return centres at quantiles of the scores and over their range, and scales."""
    x, _, weights = points
    passed = np.cumsum(weights) - weights / 2
    at = (np.arange(CENTRES) + 0.5) / CENTRES * weights.sum()
    centres = np.union1d(np.interp(at, passed, x), np.linspace(x[0], x[-1], CENTRES))
    reach = x[-1] - x[0]
    smallest = max(float(np.quantile(np.diff(centres), 0.05)) / 2, 1e-4 * reach)
    return centres, np.geomspace(smallest, reach, SCALES)


def _without_line(points: Points, values: FloatArray, line: bool) -> FloatArray:
    """Take the weighted mean, and the line where there is one, out of each row of values (..., n)."""
    x, _, weights = points
    total = weights.sum()
    rest = values - (values @ weights / total)[..., None]
    if line:
        centred = x - x @ weights / total
        rest = rest - (rest @ (weights * centred) / (centred @ (weights * centred)))[..., None] * centred
    return np.asarray(rest)


def _gains(points: Points, centres: FloatArray, scale: float, line: bool) -> FloatArray:
    """Return by how much the best curve of each centre lowers the sum of squares, (centres,)."""
    from scipy.special import expit

    curves = _without_line(points, expit((points.x - centres[:, None]) / scale), line)
    return _gain(curves @ (points.weights * points.y), curves**2 @ points.weights)


def _gain(product: FloatArray, square: FloatArray) -> FloatArray:
    # A curve that is all line, or flat over the scores, gains nothing: only rounding is left of it.
    return np.divide(product**2, square, out=np.zeros_like(product), where=square > 1e-9)


def _peaks(gains: FloatArray) -> list[tuple[int, int]]:
    """Return the places (scale, centre) that no neighbour exceeds, the highest first."""
    rows, columns = gains.shape
    padded = np.pad(gains, 1, constant_values=-1)
    around = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    peaks = np.argwhere((gains >= np.max(around, axis=0)) & (gains > 0))
    order = np.argsort(-gains[tuple(peaks.T)], kind="stable")
    return [(int(row), int(column)) for row, column in peaks[order]]


def _complete(points: Points, centre: float, scale: float, line: bool) -> Start:
    """Add the best height and line to a centre and a scale."""
    from scipy.special import expit

    curve, ones = expit((points.x - centre) / scale), np.ones_like(points.x)
    columns = np.stack([curve, ones, *([points.x] if line else [])], axis=1)
    root = np.sqrt(points.weights)
    height, intercept, *slope = np.linalg.lstsq(root[:, None] * columns, root * points.y)[0].tolist()
    return Start(height, centre, scale, slope[0] if line else 0.0, intercept)
