"""Influence of each image on the SRCC: the derivative of the SRCC by the weight of the image."""

from __future__ import annotations

import numpy as np

from bench.api import FloatArray
from bench.stats.ranks import ranks
from bench.stats.weighted_srcc import tie_groups


def srcc_influence(scores: FloatArray, labels: FloatArray) -> FloatArray:
    """Differentiate the SRCC of weighted images by each weight, where all weights are 1.

    With weights w and deviations of the mid-ranks from their mean, r (scores) and s (labels), the SRCC is
    C / sqrt(A B), where C = sum w r s, A = (N^3 - sum t^3) / 12 over tie groups of weight t in the scores, and B is the
    same for the labels. A weight changes C by its own product r s and by the ranks of all images above it. The latter
    are sums of deviations over a sorted order, so all n derivatives take O(n log n).

    Args:
        scores: (n,) scores, finite, not constant.
        labels: (n,) labels, finite, not constant.

    Returns:
        (n,) derivatives, without units; they sum to zero.

    Example:
        >>> srcc_influence(np.array([1.0, 2.0, 3.0, 5.0, 4.0]), np.arange(5.0)).round(3)
        array([ 0.06,  0.06,  0.06, -0.09, -0.09])
    """
    n = scores.size
    r, s = ranks(scores) - (n + 1) / 2, ranks(labels) - (n + 1) / 2
    below_r, tied_r = _below(labels, r)
    below_s, tied_s = _below(scores, s)
    a, b = float(r @ r), float(s @ s)
    moved = r * s - below_s - below_r
    spread = (n**2 - tied_s**2) / (4 * a) + (n**2 - tied_r**2) / (4 * b)
    norm = np.sqrt(a) * np.sqrt(b)
    return np.asarray(moved / norm - float(r @ s) / norm / 2 * spread)


def _below(values: FloatArray, deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sum of deviations over the images below each image and half of its ties, and the size of its tie."""
    order = np.argsort(values, kind="stable")
    group, last = tie_groups(values[order])
    ends = np.cumsum(deviations[order])[last]
    starts = np.concatenate([[0.0], ends[:-1]])
    half, sizes = np.empty((2, values.size))
    half[order] = ((starts + ends) / 2)[group]
    sizes[order] = np.bincount(group)[group]
    return half, sizes
