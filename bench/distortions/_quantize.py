"""Otsu's thresholds for many classes, exactly, and the values that are left.

scikit-image's ``threshold_multiotsu`` tries every combination, which beyond five classes takes hours, and MATLAB's
``multithresh`` searches from a start and may stop at a lesser optimum. Over 256 values a dynamic programme finds the
best thresholds in milliseconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.integer]
Values = NDArray[np.float64]


def quantized(counts: Counts, thresholds: int) -> Values:
    """Return what each of 256 values becomes: the threshold at the upper end of its class.

    The lowest class becomes 0 and the highest 255, as in KADID-10k's generator.

    Args:
        counts: (256,) how often each value occurs; at least one occurs.
        thresholds: at least 1; there is one class more. Where no more values occur than that, all stay.
    """
    values = np.arange(256, dtype=np.float64)
    if np.count_nonzero(counts) <= thresholds + 1:
        return values
    ends = otsu_thresholds(counts, thresholds)
    return np.array([0, *ends[1:], 255], dtype=np.float64)[np.searchsorted(ends, values)]


def otsu_thresholds(counts: Counts, thresholds: int) -> list[int]:
    """Return rising thresholds that make the variance inside the classes least.

    Args:
        counts: (256,) how often each value occurs.
        thresholds: how many; more values than that occur.

    Returns:
        For each class but the highest the largest value in it that occurs.
    """
    costs = _costs(counts)
    # best[j]: least cost of the values below j in so many classes. One class more tries every start of the last.
    best, choices = costs[0], []
    for _ in range(thresholds):
        candidates = best[:, None] + costs
        choices.append(candidates.argmin(axis=0))
        best = candidates.min(axis=0)
    starts, stop = [], 256
    for choice in reversed(choices):
        stop = int(choice[stop])
        starts.append(stop)
    return [start - 1 for start in reversed(starts)]


def _costs(counts: Counts) -> Values:
    """(257, 257): [i, j] is the sum of squared distances to the mean of the values i to j - 1; inf for j < i."""
    values = np.arange(256, dtype=np.float64)
    number, total, squares = (np.concatenate([[0], np.cumsum(counts * values**power)]) for power in (0, 1, 2))
    count = number - number[:, None]
    cost = (squares - squares[:, None]) - (total - total[:, None]) ** 2 / np.maximum(count, 1)
    return np.where(np.tri(257, k=-1, dtype=bool), np.inf, np.maximum(cost, 0))
