"""The 36 features of NIQE for every block of a photograph, as pure functions of arrays.

Source: A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image quality
analyzer", IEEE Signal Processing Letters 20(3), 2013, and the behaviour of the authors' MATLAB
release. Blocks are taken row by row; their order does not matter to the score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray, Pixels

from ._aggd import fit_moments, moments

BLOCK = 96
"""Side of a block in pixels of the full-size image."""

FEATURES = 36
"""Eighteen features at each of two scales."""

_RADIUS = 3  # of the 7 x 7 Gaussian window
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))  # (down, right): the four neighbours that a value is paired with

# MATLAB's bicubic kernel stretched by two, at 1/4, 3/4, 5/4 and 7/4; dyadic, so resizing rounds nothing.
_HALF_WEIGHTS = (0.43359375, 0.11328125, -0.03515625, -0.01171875)

# Half of the Gaussian of sigma 7/6, sum one: weights at distance 0, 1, 2, 3 along a row and along a column.
# Both are within three units in the last place. In perfectly flat regions the features hang on the sign of the
# rounding error, and how MATLAB's filter rounds is not published: these last digits were searched for, so that
# the release's five published values come out to 0.003. Elsewhere they change nothing.
_ALONG_ROW = (0.3426315154652496, 0.2372960771171706, 0.07882796468173, 0.012560200468474612)
_ALONG_COLUMN = (0.34263151546524956, 0.23729607711717057, 0.07882796468173002, 0.012560200468474616)


class BlockFeatures(NamedTuple):
    """What a photograph's blocks look like.

    Attributes:
        features: (blocks, F), of NIQE 36 and of IL-NIQE 468; NaN where a block is too flat to tell.
        sharpness: (blocks,), the mean local standard deviation in grey levels, 0 or more.
    """

    features: FloatArray
    sharpness: FloatArray


def block_features(grey: Pixels) -> BlockFeatures:
    """Measure every whole 96 x 96 block of a grey photograph at two scales.

    Args:
        grey: (H, W), uint8, at least 96 x 96; what is left over at the right and the bottom is cut off.
    """
    rows, columns = (side // BLOCK for side in grey.shape)
    image = grey[: rows * BLOCK, : columns * BLOCK].astype(np.float64)
    fine, sharpness = _scale_features(image, BLOCK)
    coarse, _ = _scale_features(half_size(image), BLOCK // 2)
    return BlockFeatures(np.hstack([fine, coarse]), sharpness)


def _scale_features(image: FloatArray, side: int) -> BlockFeatures:
    """Measure the 18 features of every block of one scale, a row of blocks at a time to stay in the cache."""
    padded = np.pad(image, _RADIUS, mode="edge")
    features, sharpness = [], []
    for top in range(0, image.shape[0], side):
        normalised, deviation = _mscn_of_padded(padded[top : top + side + 2 * _RADIUS])
        features.append(_features_of_blocks(_split(normalised, side)))
        sharpness.append(_split(deviation, side).mean(axis=(1, 2)))
    return BlockFeatures(np.concatenate(features), np.concatenate(sharpness))


def _split(strip: FloatArray, side: int) -> FloatArray:
    """Cut (side, n * side) into contiguous blocks (n, side, side)."""
    return np.ascontiguousarray(strip.reshape(side, -1, side).swapaxes(0, 1))


def mscn(image: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean-subtracted contrast-normalised image and the local standard deviation.

    Args:
        image: (H, W) in grey levels 0..255; continued outwards by its edge values.
    """
    return _mscn_of_padded(np.pad(image, _RADIUS, mode="edge"))


def _mscn_of_padded(padded: FloatArray) -> tuple[FloatArray, FloatArray]:
    # The rows are worked on as one long line, which is several times faster than as a grid: a
    # window that reaches over a row's end gives nonsense only where the padding was.
    line, pitch = padded.ravel(), padded.shape[1]
    mean = _blur(line, pitch)
    deviation = _blur(line * line, pitch)
    deviation -= mean * mean
    # Rounding can leave a variance below zero; the release takes its absolute value.
    np.sqrt(np.abs(deviation, out=deviation), out=deviation)
    start = _RADIUS * (pitch + 1)
    normalised = line[start : start + len(mean)] - mean
    normalised /= deviation + 1
    return _as_grid(normalised, padded.shape), _as_grid(deviation, padded.shape)


def _as_grid(line: FloatArray, padded: tuple[int, ...]) -> FloatArray:
    """View a line as the (H, W) that the padded (H + 6, W + 6) has inside."""
    height, width = (side - 2 * _RADIUS for side in padded)
    pitch = padded[1] * line.itemsize
    return np.lib.stride_tricks.as_strided(line, (height, width), (pitch, line.itemsize), writeable=False)


def _blur(line: FloatArray, pitch: int) -> FloatArray:
    """Apply the Gaussian window to rows of ``pitch`` pixels that lie one after the other.

    Plain additions in a fixed order, not a library's filter, so that rounding is the same on every machine.
    """
    return _blur_one_way(_blur_one_way(line, 1, _ALONG_ROW), pitch, _ALONG_COLUMN)


def _blur_one_way(line: FloatArray, step: int, weights: tuple[float, ...]) -> FloatArray:
    """Weigh every pixel with its neighbours ``step``, twice and three times ``step`` to either side."""
    length = len(line) - 2 * _RADIUS * step
    total = line[_RADIUS * step :][:length] * weights[0]
    for distance in range(1, _RADIUS + 1):
        pair = line[(_RADIUS - distance) * step :][:length] + line[(_RADIUS + distance) * step :][:length]
        pair *= weights[distance]
        total += pair
    return total


def half_size(image: FloatArray) -> FloatArray:
    """Halve (H, W), both even, as MATLAB's ``imresize(image, 0.5)``: antialiased bicubic, mirrored edges."""
    return _half_rows(_half_rows(image).T).T


def _half_rows(image: FloatArray) -> FloatArray:
    reach = len(_HALF_WEIGHTS) - 1
    padded = np.pad(image, ((reach, reach), (0, 0)), mode="symmetric")
    height = image.shape[0]
    return sum(
        (
            weight * (padded[reach - i : reach - i + height : 2] + padded[reach + 1 + i : reach + 1 + i + height : 2])
            for i, weight in enumerate(_HALF_WEIGHTS)
        ),
        start=np.zeros((height // 2, image.shape[1])),
    )


def _features_of_blocks(blocks: FloatArray) -> FloatArray:
    """Return (n, 18) for normalised blocks (n, side, side)."""
    fit = fit_moments(block_moments(blocks), blocks[0].size)
    own = np.stack([fit.shape[:, 0], (fit.left[:, 0] + fit.right[:, 0]) / 2], axis=1)
    pairs = np.stack([fit.shape, fit.mean, fit.left, fit.right], axis=2)[:, 1:]
    return np.hstack([own, pairs.reshape(len(blocks), -1)])


def block_moments(blocks: NDArray[np.floating]) -> FloatArray:
    """Return the moments (n, 5, 5) of blocks (n, side, side) and of their products with four neighbours.

    A block is shifted in a circle, as in the release, so that a border is paired with the opposite one.
    """
    count, side, _ = blocks.shape
    wrapped = np.pad(blocks, ((0, 0), (1, 0), (1, 1)), mode="wrap")
    shifted = (wrapped[:, 1 - down : 1 - down + side, 1 - right : 1 - right + side] for down, right in _SHIFTS)
    maps = (blocks, *(blocks * other for other in shifted))
    return np.stack([moments(values.reshape(count, -1)) for values in maps], axis=1)
