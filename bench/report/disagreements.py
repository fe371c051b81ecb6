"""Images on which a method and the labels disagree most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray
from bench.stats.ranks import relative_ranks

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
    method = 100 * relative_ranks(scores[both] if higher_score else -scores[both])
    people = 100 * relative_ranks(labels[both] if higher_label else -labels[both])
    gap = people - method
    over = [i for i in _least(gap) if gap[i] < 0]
    # Of equal gaps the last image comes first here: both lists are ends of one order.
    under = [gap.size - 1 - i for i in _least(-gap[::-1]) if gap[gap.size - 1 - i] > 0]
    return tuple(Disagreement(int(both[i]), float(method[i]), float(people[i])) for i in (*over, *under))


def _least(values: FloatArray) -> NDArray[np.intp]:
    """Return the places of the EACH_WAY least values, the least first, of equal ones the first."""
    if values.size <= EACH_WAY:
        return np.argsort(values, kind="stable")
    few = np.flatnonzero(values <= np.partition(values, EACH_WAY - 1)[EACH_WAY - 1])
    return few[np.argsort(values[few], kind="stable")][:EACH_WAY]
