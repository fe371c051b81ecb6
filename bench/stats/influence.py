"""Influence of each image on the SRCC: its derivative by the weight of that image."""

from __future__ import annotations

import numpy as np

from bench.api import FloatArray
from bench.stats.ranks import ranks
from bench.stats.weighted_srcc import tie_groups


def srcc_influence(scores: FloatArray, labels: FloatArray) -> FloatArray:
    """Differentiate the SRCC of weighted images at equal weights of 1.

    With weights w and mid-ranks' deviations r (scores) and s (labels), the SRCC is C / sqrt(A B), with
    C = sum w r s and A = (N^3 - sum t^3) / 12 over tie groups of weight t, B likewise. A weight moves C by
    its own product r s and by the ranks of whatever lies above it; sums of deviations over a sorted order
    give the latter, so all n derivatives take O(n log n). They sum to zero.

    Args:
        scores: (n,) finite, not constant.
        labels: (n,) finite, not constant.

    Returns:
        (n,) derivatives.
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
    """Sum deviations over the images below each image and half of its ties; and the size of its tie."""
    order = np.argsort(values, kind="stable")
    group, last = tie_groups(values[order])
    ends = np.cumsum(deviations[order])[last]
    starts = np.concatenate([[0.0], ends[:-1]])
    half, sizes = np.empty((2, values.size))
    half[order] = ((starts + ends) / 2)[group]
    sizes[order] = np.bincount(group)[group]
    return half, sizes
