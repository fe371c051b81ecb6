"""The features that the head reads, on numpy's arrays and torch's tensors alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from array_api_compat import array_namespace

from .architecture import CHANNELS
from .pooling import pool
from .scene_statistics import FEATURES, scene_statistics
from .windows import Window

WIDTH = 4 * sum(CHANNELS) + FEATURES
"""How many features there are, F."""


def features(images: Any, maps: Sequence[Any], windows: Sequence[Window] = ()) -> Any:
    """Return the features (N, W, F) of W windows of images: pooled maps, then natural-scene statistics.

    The statistics are those of the whole image: for windows of their own they cost more than the encoder, and say as
    much.

    Args:
        images: (N, 3, H, W), RGB in [0, 1].
        maps: of every stage of the encoder, (N, C, h, w).
        windows: of the images; default: the whole of them alone.
    """
    xp = array_namespace(images)
    height, width = images.shape[2:]
    looked_at = windows or [Window(0, 0, height, width)]
    scene = scene_statistics(images)[:, None]
    pooled = [pool(each, looked_at, height, width) for each in maps]
    return xp.concat([*pooled, xp.concat([scene] * len(looked_at), axis=1)], axis=-1)
