"""Statistics of robustness: agreement of scores with distortion levels, and mean curves.

A series is one photograph under one type: the photograph itself as level 0, then the levels 1 to 5. Declared
behaviour: a level whose image equals that of the level before is no step of its own (blur at level 1 may leave the
photograph as it is); a series with a failed image, or with fewer than three different images, is left out and counted;
a score that stays the same where it should fall is a violation; a series of one score has a rank correlation of 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bench import stats
from bench.api import FloatArray
from bench.defaults import CONFIDENCE, DRAWS
from bench.distortions import LEVELS
from bench.robustness.degraded import UNDISTORTED
from bench.stats.ranks import pearson, ranks

if TYPE_CHECKING:
    from bench.distortions import Distortion
    from bench.runs.entry import Entry

_FEWEST = 3
_STEPS = (0, *LEVELS)

Scope = Literal["type", "group", "all"]


@dataclass(frozen=True, eq=False)
class Levels:
    """One method's scores of P photographs under T types.

    Attributes:
        label: the method's row.
        higher_is_better: direction of the scores.
        scores: (P, T, 6) raw, NaN where an image failed or is not there; level 0 is the same for every type.
        repeated: (P, T, 6) whether the image equals that of the level before.
        lowest: the lowest level there is: 0, or 1 in a dataset without the photographs themselves.
    """

    label: str
    higher_is_better: bool
    scores: FloatArray
    repeated: NDArray[np.bool_]
    lowest: int = 0

    @property
    def oriented(self) -> FloatArray:
        """Scores (P, T, 6) turned so that higher is better."""
        return self.scores if self.higher_is_better else -self.scores

    @property
    def standardised(self) -> FloatArray:
        """Oriented scores (P, T, 6) less the mean of the lowest level, in standard deviations over all images.

        A method that gives every image one score has no deviation; its curves lie at 0. One that scores no image of
        the lowest level has no zero, and no curves: NaN.
        """
        found = self.oriented
        start = found[:, 0, 0] if self.lowest == 0 else found[:, :, self.lowest]
        if np.isnan(start).all():
            return np.full(found.shape, np.nan)
        every = np.concatenate([found[:, 0, 0], found[:, :, 1:].ravel()])
        return np.asarray((found - np.nanmean(start)) / (np.nanstd(every) or 1.0))

    @property
    def means(self) -> FloatArray:
        """Standardised scores (T, 6), mean over photographs; NaN where no image has a score."""
        return np.asarray(np.ma.masked_invalid(self.standardised).mean(axis=0).filled(np.nan))


@dataclass(frozen=True)
class LevelAgreement:
    """Agreement of one method with the levels of a type, a group of types or all types.

    Attributes:
        scope: of what.
        name: of the type or the group; ``all`` of all.
        group: the type's group; empty for all.
        monotone: whether the level orders severity; means are over types where it does.
        series: how many were judged.
        failed: how many were not because an image has no score.
        unchanged: how many were not because the type leaves the photograph much as it is: under three images differ.
        srcc: mean SRCC of falling quality with the level, 1 where every score falls; None without series.
        violated: mean share of neighbouring levels where the score does not fall, 0..1; None without series.
        srcc_interval: over photographs.
        violated_interval: over photographs.
    """

    scope: Scope
    name: str
    group: str
    monotone: bool
    series: int
    failed: int
    unchanged: int
    srcc: float | None
    violated: float | None
    srcc_interval: stats.Interval
    violated_interval: stats.Interval


def read_levels(entry: Entry, types: Sequence[str]) -> Levels:
    """Return the stored scores of a dataset whose labels say type and level, photographs in its order.

    Args:
        entry: a result with the columns type and level, 0 to 5. Without the column reference, each image counts as a
            photograph of its own; without content, no image as that of the level before.
        types: the T types, in the order wanted; every type of the entry but ``UNDISTORTED``.
    """
    frame = entry.scores()
    frame = frame.assign(**{name: frame.get(name, frame["image"]) for name in ("reference", "content")})
    photographs = {name: place for place, name in enumerate(dict.fromkeys(frame["reference"]))}
    places = {name: place for place, name in enumerate(types)}
    scores = np.full((len(photographs), len(types), len(_STEPS)), np.nan)
    contents = np.full(scores.shape, "", dtype=object)
    columns = (frame[name] for name in ("reference", "type", "level", "score", "content"))
    for reference, name, level, score, content in zip(*columns, strict=True):
        at = photographs[reference], slice(None) if name == UNDISTORTED else places[name], int(float(level))
        scores[at], contents[at] = score, content
    repeated = np.zeros(scores.shape, dtype=bool)
    repeated[..., 1:] = np.equal(contents[..., 1:], contents[..., :-1])
    lowest = min(int(float(level)) for level in frame["level"])
    return Levels(entry.method.label, entry.method.higher_is_better, scores, repeated, lowest)


def follow(oriented: FloatArray, repeated: NDArray[np.bool_]) -> tuple[float, float]:
    """Judge one series.

    Args:
        oriented: (levels,) scores, higher is better, NaN where an image failed.
        repeated: (levels,) whether the image equals that of the level before.

    Returns:
        SRCC of falling quality with the level, and the share of neighbouring pairs where the score does not fall;
        both NaN where the series cannot be judged.
    """
    kept = oriented[~repeated]
    if kept.size < _FEWEST or np.isnan(kept).any():
        return np.nan, np.nan
    falling = pearson(ranks(kept), ranks(-np.arange(kept.size, dtype=np.float64)))
    return float(falling), float(np.mean(np.diff(kept) >= 0))


def summarise(levels: Levels, types: Sequence[Distortion], draws: int = DRAWS) -> list[LevelAgreement]:
    """Judge every series and average them: each type, then each group and all over types whose level orders severity.

    Args:
        levels: scores, T types.
        types: the same T types.
        draws: of the bootstrap over photographs; the same photographs give the same draws to every method.
    """
    judged = np.array(
        [
            [follow(*series) for series in zip(*photograph, strict=True)]
            for photograph in zip(levels.oriented, levels.repeated, strict=True)
        ]
    )
    missing = np.asarray(np.isnan(levels.scores).any(axis=2))

    def of(scope: Scope, name: str, group: str, monotone: bool, chosen: Sequence[int]) -> LevelAgreement:
        return _followed(scope, name, group, monotone, judged[:, chosen], missing[:, chosen], draws)

    found = [of("type", t.name, t.group, t.monotone, [i]) for i, t in enumerate(types)]
    ordered = [i for i, t in enumerate(types) if t.monotone]
    for group in dict.fromkeys(types[i].group for i in ordered):
        found.append(of("group", group, group, True, [i for i in ordered if types[i].group == group]))
    return [*found, of("all", "all", "", True, ordered)] if ordered else found


def _followed(
    scope: Scope,
    name: str,
    group: str,
    monotone: bool,
    judged: FloatArray,
    missing: NDArray[np.bool_],
    draws: int,
) -> LevelAgreement:
    # judged: (P, types, 2), SRCC and share of violations; missing: (P, types).
    photograph = np.repeat(np.arange(len(judged)), judged.shape[1])
    values = judged.reshape(-1, 2)
    there = ~np.isnan(values[:, 0])
    drawn = stats.bootstrap_groups(
        values[there].T,
        photograph[there],
        draws=draws,
        level=CONFIDENCE,
        units="photographs",
        limits=[(-1.0, 1.0), (0.0, 1.0)],
    )
    srcc, violated = (float(value) if there.any() else None for value in drawn.estimates)
    failed = int(missing.sum())
    counts = int(there.sum()), failed, int((~there).sum()) - failed
    return LevelAgreement(scope, name, group, monotone, *counts, srcc, violated, *drawn.intervals)
