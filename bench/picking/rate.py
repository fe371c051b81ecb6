"""The photographs on which a rating by people would tell most about which method to trust."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray
from bench.stats.ranks import relative_ranks

MANY = 30
_BANDS = 10


def worth_rating(quality: FloatArray, many: int = MANY) -> NDArray[np.intp]:
    """Return the photographs on which methods disagree most, spread over the range of quality.

    The photographs are put into ten bands of the methods' mean rank, and from each in turn comes the one whose ranks
    differ most (standard deviation), until there are enough.

    Args:
        quality: (methods, n) scores, turned so that higher is better, finite; at least two methods.
        many: how many photographs, at most.

    Returns:
        Their indices, first the worst band.

    Example:
        >>> worth_rating(np.array([[1.0, 2, 3, 4], [1, 4, 2, 3]]), many=2).tolist()
        [1, 3]
    """
    ranks = relative_ranks(quality)
    spread, middle = ranks.std(axis=0), ranks.mean(axis=0)
    bands = np.array_split(np.argsort(middle, kind="stable"), min(_BANDS, many, len(middle)))
    queues = [sorted(map(int, band), key=lambda index: -spread[index]) for band in bands]
    turns = (queue[turn] for turn in range(len(middle)) for queue in queues if turn < len(queue))
    return np.array(sorted(itertools.islice(turns, many), key=lambda index: middle[index]), dtype=np.intp)
