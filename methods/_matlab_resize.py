"""MATLAB's ``imresize`` of 8-bit images to a size: bicubic, antialiased, rounded after each of the two directions.

Source: the behaviour of MATLAB's function, with which the release of IL-NIQE brings a photograph to 524x524. That
it rounds between the directions is part of the release's published scores.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from bench.api import FloatArray, Pixels

_REACH = 2.0  # of the cubic kernel, in pixels of the smaller image
_AT_ONCE = 2**21  # samples of the larger image that are held as float64


def matlab_resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resize an image.

    Args:
        pixels: (H, W, C), uint8.
        height: of the result, in pixels.
        width: of the result, in pixels.

    Returns:
        (height, width, C), uint8.
    """
    # The direction that shrinks most goes first, rows before columns.
    if height / pixels.shape[0] <= width / pixels.shape[1]:
        return _columns(_rows(pixels, height), width)
    return _rows(_columns(pixels, width), height)


def _columns(pixels: Pixels, width: int) -> Pixels:
    return np.ascontiguousarray(_rows(pixels.swapaxes(0, 1), width).swapaxes(0, 1))


def _rows(pixels: Pixels, height: int) -> Pixels:
    """Give an image (H, W, C) another height."""
    weights = _weights(pixels.shape[0], height)
    flat = pixels.reshape(pixels.shape[0], -1)
    strips = math.ceil(flat.size / _AT_ONCE)
    done = [_rounded(weights @ strip.astype(np.float64)) for strip in np.array_split(flat, strips, axis=1)]
    return np.concatenate(done, axis=1).reshape(height, *pixels.shape[1:])


def _rounded(values: FloatArray) -> Pixels:
    """Round half up, as MATLAB does for positive values, in place as far as that goes."""
    values += 0.5
    return np.clip(values, 0, 255, out=values).astype(np.uint8)  # which cuts off the fraction


@functools.lru_cache(maxsize=16)
def _weights(size: int, target: int) -> Any:
    """Return the sparse matrix (target, size) that resizes one direction."""
    from scipy.sparse import csr_array  # slow to import, and a list of methods needs none of it

    scale = target / size
    shrink = min(scale, 1.0)  # below one the kernel is stretched, which is the antialiasing
    centre = (np.arange(target) + 0.5) / scale - 0.5
    first = np.floor(centre - _REACH / shrink).astype(int)
    taps = first[:, None] + np.arange(math.ceil(2 * _REACH / shrink) + 2)
    weight = _cubic(shrink * (centre[:, None] - taps))
    weight /= weight.sum(axis=1, keepdims=True)
    # The image goes on as its own mirror image.
    around = taps % (2 * size)
    mirrored = np.where(around < size, around, 2 * size - 1 - around)
    row = np.repeat(np.arange(target), taps.shape[1])
    return csr_array((weight.ravel(), (row, mirrored.ravel())), shape=(target, size))


def _cubic(distance: FloatArray) -> FloatArray:
    """Return the cubic kernel with a = -1/2."""
    near = np.abs(distance)
    inner = (1.5 * near - 2.5) * near**2 + 1
    outer = ((-0.5 * near + 2.5) * near - 4) * near + 2
    return np.where(near <= 1, inner, np.where(near <= 2, outer, 0.0))
