"""Group maximum differentiation: pairs of images with equal scores by one method and most different by another.

The one method defends, the other attacks. Images are parted into levels by the defender's score; in each, of all
pairs that the defender holds equal, the one is found that the attacker holds most different. Looking at it
says which of the two is wrong. Scores are oriented by who calls: higher is better for both.

References:
    Ma et al., Group maximum differentiation competition: model comparison with few samples, IEEE Trans. Pattern
    Analysis and Machine Intelligence 42(4), 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray

EQUAL = 0.1
"""Standard deviations within which two scores are held equal."""


@dataclass(frozen=True)
class ImagePair:
    """Two images that the defender holds equal.

    Attributes:
        level: of the defender's score, from 1, the worst.
        better: place of the image that the attacker holds better.
        worse: place of the other.
        defender_gap: the defender's score of the better less that of the worse, in standard deviations.
        attacker_gap: the same of the attacker's, above 0.
    """

    level: int
    better: int
    worse: int
    defender_gap: float
    attacker_gap: float


@dataclass(frozen=True)
class Level:
    """A quality level of the defender.

    Attributes:
        number: from 1, the worst.
        images: how many are in it.
        pairs: the most different first.
        reason: why there are fewer than were asked for; empty where there are not.
    """

    number: int
    images: int
    pairs: tuple[ImagePair, ...]
    reason: str = ""


class Opinion(StrEnum):
    """Whose opinion of a pair the labels share."""

    ATTACKER = "attacker"
    """They differ, the way that the attacker says."""
    DEFENDER = "defender"
    """They are equal."""
    NEITHER = "neither"
    """They differ, the other way round."""


def differentiate(
    defender: FloatArray,
    attacker: FloatArray,
    names: Sequence[str],
    levels: int = 6,
    pairs: int = 1,
    equal: float = EQUAL,
) -> list[Level]:
    """Find the pairs of each level; no image is in two of them.

    Args:
        defender: (n,) finite scores, higher is better.
        attacker: (n,) finite scores, higher is better.
        names: (n,) unique; they break ties, so that the order of images does not matter.
        levels: parts with equally many images, by the defender's score.
        pairs: wanted in each level.
        equal: standard deviations of the defender's scores within which it holds two images equal.

    Raises:
        ValueError: a method gives every image one score, or there are fewer than two images a level.
    """
    if len(names) < 2 * levels:
        raise ValueError(f"{len(names)} images are too few for {levels} levels of two or more")
    d, a = standardised(defender), standardised(attacker)
    order = np.lexsort((np.asarray(names), d))
    parts = np.array_split(order, levels)
    return [_level(number, part, d, a, pairs, equal) for number, part in enumerate(parts, 1)]


def standardised(scores: FloatArray) -> FloatArray:
    """Return scores in standard deviations (over n) from their mean.

    Raises:
        ValueError: they are all one.
    """
    if np.ptp(scores) == 0:
        raise ValueError("all images have one score")
    return np.asarray((scores - scores.mean()) / scores.std())


def _level(number: int, part: NDArray[np.intp], d: FloatArray, a: FloatArray, wanted: int, equal: float) -> Level:
    left = part
    found: list[ImagePair] = []
    while len(found) < wanted and (pair := _widest(left, d, a, equal)) is not None:
        better, worse = pair
        found.append(ImagePair(number, better, worse, float(d[better] - d[worse]), float(a[better] - a[worse])))
        left = left[(left != better) & (left != worse)]
    reason = "" if len(found) == wanted else f"no {'more ' if found else ''}two images that the one method holds equal "
    return Level(number, len(part), tuple(found), reason and reason + "and the other does not")


def _widest(part: NDArray[np.intp], d: FloatArray, a: FloatArray, equal: float) -> tuple[int, int] | None:
    """Return the pair (better, worse) of one level that the attacker holds most different, or None.

    Args:
        part: places of the level's images, by rising score of the defender.
        d: the defender's standardised scores of all images.
        a: the attacker's.
        equal: largest difference in ``d``, and what the difference in ``a`` must exceed.
    """
    ends = np.searchsorted(d[part], d[part] + equal, side="right")
    scores = a[part]
    gaps = np.maximum(_highest(scores, ends) - scores, scores + _highest(-scores, ends))
    start = int(np.argmax(gaps))
    if not gaps[start] > equal:
        return None
    gaps = scores[start : ends[start]] - scores[start]
    at = int(np.argmax(np.abs(gaps)))
    two = int(part[start]), int(part[start + at])
    return two if gaps[at] < 0 else two[::-1]


def _highest(values: FloatArray, ends: NDArray[np.intp]) -> FloatArray:
    """Return the highest value from each place (n,) to before its end, which lies behind it, in O(n log n)."""
    starts, highest = np.arange(values.size), np.empty(values.size)
    lengths = ends - starts
    reach = 1
    while True:
        # Of each place, the highest value of as many as ``reach``; two of these cover up to twice as many.
        here = np.flatnonzero((lengths >= reach) & (lengths < 2 * reach))
        highest[here] = np.maximum(values[here], values[ends[here] - reach])
        if not (lengths >= 2 * reach).any():
            return highest
        values = np.maximum(values[:-reach], values[reach:])
        reach *= 2


def judge(gap: float, equal: float = EQUAL) -> Opinion:
    """Say who is right about a pair.

    Args:
        gap: label of the image that the attacker holds better less that of the other, higher is better, in standard
            deviations of the labels, or in standard errors of the difference.
        equal: largest gap, in the same units, at which the labels hold two images equal.
    """
    if abs(gap) <= equal:
        return Opinion.DEFENDER
    return Opinion.ATTACKER if gap > 0 else Opinion.NEITHER
