"""A method in a file: RMS contrast of luma at a scale, for examples/study.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.api import Family, InputPolicy, Method, MethodInfo, Photo, option


@dataclass(frozen=True)
class Options:
    """The scale."""

    scale: int = option(1, help="take every so many pixels of a row and a column")


class Contrast(Method):
    """Standard deviation of luma."""

    Options = Options
    info = MethodInfo(
        name="contrast",
        family=Family.HAND_CRAFTED,
        opinion_aware=False,
        trained_on=(),
        score_range=(0.0, 127.5),
        higher_is_better=True,
        licence="Apache-2.0",
        citation="none",
        summary="RMS contrast of luma",
        input=InputPolicy(colour="grey"),
    )

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one standard deviation for each photo, in grey levels."""
        step = self.options.scale
        return [float(photo.pixels[::step, ::step].std()) for photo in photos]
