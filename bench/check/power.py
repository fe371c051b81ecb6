"""The smallest regression that the rule for correlations finds with a probability of 80 %; nothing is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.api import FloatArray
from bench.check.compare import CheckedLabels, Record, Tolerance
from bench.defaults import POWER
from bench.stats.influence import srcc_influence
from bench.stats.ranks import pearson, ranks

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
_TRIALS = 60
_HALVINGS = 7
_NORMAL = 1.959964  # half of a 95 % interval, in standard errors
_NOISE = (1e-3, 3.0)  # standard deviations of the scores


def smallest_fall(record: Record, labels: CheckedLabels, tolerance: Tolerance) -> float | None:
    """Return the fall of SRCC that is found in 80 % of simulations, where noise on the scores makes it.

    Noise of one size is added to the scores again and again, and the size is searched at which the rule of ``bench
    check`` (a change beyond the fixed tolerance and half of the paired interval) finds four falls of five. The
    interval's width is that of the bootstrap to a few percent: it comes from the influence of each image on the SRCC.

    Args:
        record: scores to start from.
        labels: of the images that it has scores of.
        tolerance: gives the fixed tolerance and the seed.

    Returns:
        The mean fall, above 0; None inside groups, with constant scores or labels, and where no noise is found.
    """
    if labels.groups is not None:
        return None
    kept = [i for i, name in enumerate(labels.images) if name in record.scores]
    scores, values = np.array([record.scores[labels.images[i]] for i in kept]), labels.values[kept]
    if len(kept) < 4 or np.ptp(scores) == 0 or np.ptp(values) == 0:
        return None
    clusters: IntArray = np.arange(len(kept))
    if labels.clusters is not None:
        clusters = np.unique([labels.clusters[i] for i in kept], return_inverse=True)[1]
    draw = np.random.default_rng(tolerance.seed)
    noise = draw.standard_normal((_TRIALS, scores.size)) * scores.std()
    low, high = np.log(_NOISE)
    if _power(scores, values, clusters, np.exp(high) * noise, tolerance)[0] < POWER:
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        found = _power(scores, values, clusters, np.exp(middle) * noise, tolerance)[0] >= POWER
        low, high = (low, middle) if found else (middle, high)
    return _power(scores, values, clusters, np.exp(high) * noise, tolerance)[1]


def _power(
    scores: FloatArray, labels: FloatArray, clusters: IntArray, noise: FloatArray, tolerance: Tolerance
) -> tuple[float, float]:
    """Return how often a fall is found, and the mean fall, with each row of noise added to the scores."""
    y = ranks(labels)
    sign = 1.0 if pearson(ranks(scores), y) >= 0 else -1.0
    before, of_each = pearson(ranks(scores), y), srcc_influence(scores, labels)
    falls, found = [], 0
    for each in noise:
        fall = sign * (before - pearson(ranks(scores + each), y))
        moved = np.bincount(clusters, srcc_influence(scores + each, labels) - of_each)
        half_width = _NORMAL * float(np.sqrt((moved**2).sum()))
        falls.append(fall)
        found += bool(fall > max(tolerance.correlation, half_width))
    return found / len(falls), float(np.mean(falls))
