"""What methods reach over several datasets or groups: means and medians of correlations, and the mean rank.

Declared behaviour: a value that is missing is never skipped. Who calls chooses datasets on which every
method has a value, and says which; NaN, infinity and nothing at all are a ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray
from bench.stats.defaults import CONFIDENCE
from bench.stats.interval import Bootstrap, no_bootstrap, percentile_interval
from bench.stats.ranks import ranks

_PERFECT = 1e-12  # below this distance from 1 a correlation is 1 but for rounding
_SHIFT = 67  # draws by which each dataset's are moved against those of the one before; prime


@dataclass(frozen=True)
class Mean:
    """A mean, or None with the reason."""

    value: float | None
    reason: str = ""


def fisher_z_mean(correlations: ArrayLike) -> Mean:
    """Average correlations by Fisher's z: tanh(mean(artanh(r))), each counted once.

    A correlation of exactly 1 or -1 has an infinite z, which would make the mean 1 whatever the other
    values: there is no mean then.

    Args:
        correlations: (n,) values in -1..1, n at least 1.

    Raises:
        ValueError: not a vector of at least one value, or a value is not finite or outside -1..1.

    References:
        Fisher, Metron 1, 1921, for z; Silver and Dunlap, Journal of Applied Psychology 72, 1987, on averaging by it.
    """
    r = _checked("correlations", correlations, ndim=1)
    if np.abs(r).max() > 1:
        raise ValueError(f"a correlation is {r[np.abs(r).argmax()]}: they lie in -1..1")
    if np.any(1 - np.abs(r) < _PERFECT):
        return Mean(None, "no mean by Fisher's z: a correlation is 1 or -1, whose z is infinite")
    return Mean(float(np.tanh(np.arctanh(r).mean())))


def bootstrap_mean(drawn: Sequence[Bootstrap], level: float = CONFIDENCE) -> Bootstrap:
    """Intervals of the mean correlation by Fisher's z, from the draws on each dataset.

    The datasets are taken as given and their images as drawn: an interval says how far the mean over *these*
    datasets is known, not how a method would do on another one.

    Args:
        drawn: one of each dataset, at least one: the same methods in the same order, the same number of draws.
        level: nominal coverage.

    Returns:
        Draws of the mean; its units are those of the smallest dataset. Undefined where a draw of any dataset is
        undefined, or is exactly 1 or -1.

    Raises:
        ValueError: no dataset, or the numbers of methods or draws differ.
    """
    if not drawn or len({each.samples.shape for each in drawn}) != 1:
        raise ValueError(f"drawn has samples of shapes {[each.samples.shape for each in drawn]}: give equal ones")
    units = min(each.units for each in drawn)
    estimates = _mean_by_z(np.stack([each.estimates for each in drawn]))
    if not drawn[0].samples.shape[1]:
        return no_bootstrap(estimates, level, "percentile", drawn[0].intervals[0].reason, units)
    # One seed serves every dataset, and draws of one number take the same places of the label files: moved
    # against each other they are independent, as the datasets are.
    moved = [np.roll(each.samples, _SHIFT * place, axis=1) for place, each in enumerate(drawn)]
    samples = _mean_by_z(np.stack(moved))
    return Bootstrap(tuple(percentile_interval(row, level) for row in samples), samples, estimates, units)


def _mean_by_z(correlations: FloatArray) -> FloatArray:
    """Average over the first axis by Fisher's z; NaN where a correlation is NaN, 1 or -1."""
    inside = np.where(1 - np.abs(correlations) < _PERFECT, np.nan, correlations)
    return np.asarray(np.tanh(np.arctanh(inside).mean(axis=0)))


def mean_ranks(values: ArrayLike) -> FloatArray:
    """Rank methods on each dataset and average the ranks (Borda's count, upside down).

    Equal values share their mid-rank.

    Args:
        values: (methods, datasets), higher is better, at least one of each.

    Returns:
        (methods,) mean ranks in 1..methods, 1 is best.

    Raises:
        ValueError: not a matrix with a value in it, or a value is not finite.
    """
    v = _checked("values", values, ndim=2)
    return np.asarray(ranks(-v.T).mean(axis=0))


def _checked(name: str, values: ArrayLike, ndim: int) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim or not array.size:
        raise ValueError(f"{name} has shape {array.shape}: {ndim} dimensions and at least one value are expected")
    if missing := array.size - int(np.count_nonzero(np.isfinite(array))):
        raise ValueError(
            f"{missing} of {array.size} {name} are not finite: leave out those datasets, or those methods, and say so"
        )
    return array


def weighted_medians(values: FloatArray, weights: NDArray[np.integer[Any]]) -> FloatArray:
    """Medians of (n,) values, each taken as often as its weight says: (draws, n) weights, (draws,) medians."""
    order = np.argsort(values)
    passed = np.cumsum(weights[:, order], axis=1)
    total = passed[:, -1:]
    # Of an even number the two in the middle are averaged.
    lower, upper = ((passed >= rank).argmax(axis=1) for rank in ((total + 1) // 2, total // 2 + 1))
    return np.asarray((values[order][lower] + values[order][upper]) / 2)
