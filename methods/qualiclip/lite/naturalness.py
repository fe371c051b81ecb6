"""NIQE's distance of a photograph of any size, at native resolution or enlarged."""

from __future__ import annotations

import numpy as np

from bench.api import Pixels, Resize
from bench.io.images import luma, resize
from bench.plugins.gaussian import PristineModel, distance, flat_as_zero, gaussian

from ..._niqe_features import block_features

_SHORTEST = 768  # pixels of the short side; below, a photograph is enlarged
_PART = 480  # pixels, five blocks
_PARTS = 3  # along a side


def unnaturalness(pixels: Pixels, model: PristineModel) -> float:
    """Return NIQE's distance of a photograph (H, W, 3), 0 or more.

    A photograph is never made smaller, because what processing leaves behind shows at native resolution only; it is
    enlarged to a short side of 768 pixels, as on a screen, which makes blur and blocks as large as they are seen. Where
    a side is longer than 1,440 pixels, three stretches of 480 of it are looked at, so that work is bounded.
    """
    grey = luma(resize(pixels, Resize(short=_SHORTEST)) if min(pixels.shape[:2]) < _SHORTEST else pixels)
    rows, columns = (_stretches(length) for length in grey.shape)
    found = [block_features(grey[down, right]).features for down in rows for right in columns]
    mean, covariance, _ = gaussian(flat_as_zero(np.concatenate(found)))
    return distance(model, mean, covariance)


def _stretches(length: int) -> list[slice]:
    """Return what is looked at of a side: all of it, or three parts from end to end."""
    if length <= _PARTS * _PART:
        return [slice(0, length)]
    starts = np.linspace(0, length - _PART, _PARTS).astype(int)
    return [slice(start, start + _PART) for start in starts.tolist()]
