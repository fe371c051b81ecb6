"""Disagreements: images on which a method and people disagree most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.api import FloatArray

EACH_WAY = 4


@dataclass(frozen=True)
class Disagreement:
    """One image.

    Attributes:
        index: of the image.
        method: share of the images that the method puts below it, in percent; ties count half.
        people: the same by the labels.
    """

    index: int
    method: float
    people: float


def disagree(
    scores: FloatArray, labels: FloatArray, higher_score: bool, higher_label: bool
) -> tuple[Disagreement, ...]:
    """Return the images whose ranks by score and by label differ most, up to EACH_WAY in each direction.

    Args:
        scores: (n,) raw scores, NaN where there is none.
        labels: (n,) labels, NaN likewise.
        higher_score: whether a higher score is better.
        higher_label: whether a higher label is better.

    Returns:
        Those that the method thinks too well of, the worst first, then those that it thinks too little of.
    """
    both = np.flatnonzero(np.isfinite(scores) & np.isfinite(labels))
    method = _below(scores[both] if higher_score else -scores[both])
    people = _below(labels[both] if higher_label else -labels[both])
    order = np.argsort(people - method, kind="stable")
    over = [i for i in order[:EACH_WAY] if method[i] > people[i]]
    under = [i for i in order[::-1][:EACH_WAY] if method[i] < people[i]]
    return tuple(Disagreement(int(both[i]), float(method[i]), float(people[i])) for i in (*over, *under))


def _below(values: FloatArray) -> FloatArray:
    from scipy.stats import rankdata

    return np.asarray(100 * (rankdata(values) - 0.5) / values.size)
