"""Bytes per pixel: a trivial baseline that any metric must beat."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.api import Family, Method, MethodInfo, Photo, register
from bench.errors import ImageError


@register
class BytesPerPixel(Method):
    """Encoded file size over pixel count: compression leaves a trace in the size that is no quality."""

    info = MethodInfo(
        name="bytes-per-pixel",
        version="1",
        family=Family.HAND_CRAFTED,
        opinion_aware=False,
        trained_on=(),
        score_range=(0.0, math.inf),
        higher_is_better=True,
        licence="Apache-2.0",
        citation="none: a baseline",
        summary="trivial baseline that any metric must beat: file size divided by number of pixels",
    )

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return encoded bytes per stored pixel, one value a photo.

        Raises:
            ImageError: a photo came from memory, where there is no file to measure.
        """
        if not all(photo.file_bytes for photo in photos):
            raise ImageError("the image comes from memory and has no file whose size could be measured")
        return [photo.file_bytes / photo.file_pixels for photo in photos]
