"""The 468 features of IL-NIQE for every block of a photograph, as pure functions of arrays.

Source: L. Zhang, L. Zhang, A. C. Bovik, "A feature-enriched completely blind image quality evaluator", IEEE
Transactions on Image Processing 24(8), 2015, and the behaviour of the authors' MATLAB release. Blocks are taken row by
row.
"""

from __future__ import annotations

import numpy as np

from bench.api import FloatArray, Pixels

from ._aggd import fit_moments, moments
from ._ilniqe_maps import Map, gradient, halved, log_gabor, log_opponent, normalised, opponent, split
from ._niqe_features import BlockFeatures, block_moments
from ._weibull import fit_weibull

BLOCK = 84
"""Side of a block in pixels."""

FEATURES = 468
"""234 features at each of two scales."""

_PAIRS = 4  # neighbours that a value is multiplied with
_MOST = 1e4  # larger features, such as the shape of a constant block, count as this


def block_features(pixels: Pixels) -> BlockFeatures:
    """Measure every whole 84 x 84 block of a photograph at two scales.

    Args:
        pixels: (H, W, 3) RGB, uint8, at least 84 x 84; what is left over at the right and the bottom is cut off.
    """
    rows, columns = (side // BLOCK for side in pixels.shape[:2])
    rgb = np.ascontiguousarray(pixels[: rows * BLOCK, : columns * BLOCK].transpose(2, 0, 1), dtype=np.float32)
    colours = opponent(rgb)
    fine, sharpness = _scale_features(rgb, colours, 1)
    coarse, _ = _scale_features(halved(rgb), halved(colours), 2)
    return BlockFeatures(np.minimum(np.hstack([fine, coarse]), _MOST), sharpness)


def _scale_features(rgb: Map, colours: Map, scale: int) -> BlockFeatures:
    """Measure the 234 features of every block of one scale."""
    side = BLOCK // scale
    mscn, deviation = normalised(colours[2])
    of_mscn = block_moments(split(mscn, side).reshape(-1, side, side))
    early, late, weibulls = [], [], []
    for colour in colours:
        derivatives = gradient(colour, scale, side)
        early += [moments(values) for values in derivatives]
        weibulls.append(fit_weibull(derivatives.log_magnitude()))
    for response in log_gabor(colours[2], scale):
        derivatives = gradient(response, scale, side)
        early.append(moments(split(response, side)))
        late += [moments(values) for values in derivatives]
        weibulls.append(fit_weibull(derivatives.log_magnitude()))
    fits = fit_moments(np.concatenate([of_mscn, np.stack(early + late, axis=1)], axis=1), side**2)
    own = np.stack([fits.shape, (fits.left + fits.right) / 2], axis=2)
    pairs = np.stack([fits.shape, fits.mean, fits.left, fits.right], axis=2)[:, 1 : 1 + _PAIRS]
    magnitudes = np.stack([np.stack(fitted, axis=1) for fitted in weibulls], axis=1)
    parts = [
        own[:, :1],
        pairs,
        magnitudes[:, : len(colours)],
        _means_and_variances(log_opponent(rgb), side),
        own[:, 1 + _PAIRS :],
        magnitudes[:, len(colours) :],
    ]
    features = np.hstack([part.reshape(len(part), -1) for part in parts])
    return BlockFeatures(features, split(deviation, side).mean(axis=1, dtype=np.float64))


def _means_and_variances(maps: Map, side: int) -> FloatArray:
    """Return mean and variance (blocks, 3, 2) of the blocks of three maps (3, H, W)."""
    blocks = np.stack([split(values, side) for values in maps], axis=1)
    return np.stack([blocks.mean(axis=2, dtype=np.float64), blocks.var(axis=2, ddof=1, dtype=np.float64)], axis=2)
