"""NIQE's distance of a photograph of any size, at one size and at its own."""

from __future__ import annotations

import math

import numpy as np

from bench.api import Pixels, Resize
from bench.io.images import luma, resize
from bench.plugins.gaussian import PristineModel

from ..._niqe_features import block_features
from ...niqe import distance_of_blocks

_SHORT_SIDE = 768  # pixels, at which a photograph is looked at as a whole
_PART = 480  # pixels, five blocks
_PARTS = 3  # along a side


def unnaturalness(pixels: Pixels, model: PristineModel) -> float:
    """Return NIQE's distance of a photograph (H, W, 3), 0 or more.

    It is that of the photograph at a short side of 768 pixels. Smaller ones are enlarged, as on a screen, which makes
    blur and blocks as large as they are seen. Of larger ones it is the geometric mean with the distance at native
    resolution, where alone some of what processing leaves behind can be seen.
    """
    at_one_size = _distance(resize(pixels, Resize(short=_SHORT_SIDE)), model)
    if min(pixels.shape[:2]) <= _SHORT_SIDE:
        return at_one_size
    return math.sqrt(at_one_size * _distance(pixels, model))


def _distance(pixels: Pixels, model: PristineModel) -> float:
    """Return the distance of what is looked at; that is bounded, so that work is."""
    grey = luma(pixels)
    rows, columns = (_stretches(length) for length in grey.shape)
    found = [block_features(grey[down, right]).features for down in rows for right in columns]
    return distance_of_blocks(np.concatenate(found), model)


def _stretches(length: int) -> list[slice]:
    """Return what is looked at of a side: all of up to 1,440 pixels, or three parts of 480 from end to end."""
    if length <= _PARTS * _PART:
        return [slice(0, length)]
    starts = np.linspace(0, length - _PART, _PARTS).astype(int)
    return [slice(start, start + _PART) for start in starts.tolist()]
