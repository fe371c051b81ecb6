"""Otsu's thresholds for many classes, exactly.

scikit-image's ``threshold_multiotsu`` tries every combination, which beyond five classes takes hours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.integer]
Values = NDArray[np.float64]


def otsu_palette(counts: Counts, classes: int) -> Values:
    """Sort 256 values into classes of neighbours with the least variance inside, and return each one's mean.

    Args:
        counts: (256,) how often each value occurs; at least one occurs.
        classes: at least 1. Where fewer values occur, each is a class of its own.

    Returns:
        (256,) for each value the mean of its class, at most ``classes`` different ones among those that occur.
    """
    starts = _starts(_costs(counts), min(classes, int(np.count_nonzero(counts))))
    palette = np.arange(256, dtype=np.float64)
    for start, stop in zip(starts, [*starts[1:], 256], strict=True):
        total = counts[start:stop].sum()
        if total:
            palette[start:stop] = palette[start:stop] @ counts[start:stop] / total
    return palette


def _costs(counts: Counts) -> Values:
    """(257, 257): [i, j] is the sum of squared distances to the mean of the values i to j - 1; inf for j < i."""
    values = np.arange(256, dtype=np.float64)
    number, total, squares = (np.concatenate([[0], np.cumsum(counts * values**power)]) for power in (0, 1, 2))
    count = number - number[:, None]
    cost = (squares - squares[:, None]) - (total - total[:, None]) ** 2 / np.maximum(count, 1)
    return np.where(np.tri(257, k=-1, dtype=bool), np.inf, np.maximum(cost, 0))


def _starts(costs: Values, classes: int) -> list[int]:
    # best[j]: least cost of the values below j in so many classes. One class more tries every start of the last.
    best, choices = costs[0], []
    for _ in range(classes - 1):
        candidates = best[:, None] + costs
        choices.append(candidates.argmin(axis=0))
        best = candidates.min(axis=0)
    starts, stop = [], 256
    for choice in reversed(choices):
        stop = int(choice[stop])
        starts.append(stop)
    return [0, *reversed(starts)]
