"""Patch features of MDFS: means of deep features of several stages in windows that overlap by half.

Source: Z. Ni, Y. Liu, K. Ding, W. Yang, H. Wang, S. Wang, "Opinion-unaware blind image quality assessment using
multi-scale deep feature statistics", IEEE Transactions on Multimedia, 2024 (arXiv 2405.18790), and the behaviour of its
authors' release.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.api import FloatArray
from bench.plugins.gaussian import PristineModel

_BLUR = 1.0  # standard deviation in cells, before every halving
_SHARE = 32  # of the shorter side of the last map that half a window takes
_SMALLEST = 3  # cells, the side of a window
_TINY = 1e-12
_RIDGE = 1e-5  # of the mean variance: some channels are nearly silent, and the covariance has no stable inverse


class Patches(NamedTuple):
    """Patches of one photograph.

    Attributes:
        features: (M, D); the part of each stage has unit length.
        contrast: (M,), 0 or more: the local standard deviation of features, mean over the channels.
    """

    features: FloatArray
    contrast: FloatArray


def patches(stages: Sequence[Tensor]) -> Patches:
    """Return the patches of a photograph.

    Args:
        stages: the outputs (1, C, h, w) of a network's stages, each as large as the next or larger; the last has sides
            of at least 3.
    """
    size = stages[-1].shape[2:]
    maps = [_brought_to(stage, size) for stage in stages]
    side = max(_SMALLEST, 2 * (min(size) // _SHARE) + 1)
    window = _gaussian(side, side / 3, stages[0])
    mean, square = (_filtered(torch.cat(values, 1), window, side // 2) for values in (maps, [m**2 for m in maps]))
    contrast = (square - mean**2).relu().sqrt().mean(1).flatten()
    parts = torch.split(mean.flatten(2)[0].T, [stage.shape[1] for stage in stages], 1)
    unit = [part / (part.norm(dim=1, keepdim=True) + _TINY) for part in parts]
    return Patches(torch.cat(unit, 1).double().cpu().numpy(), contrast.double().cpu().numpy())


def _brought_to(stage: Tensor, size: torch.Size) -> Tensor:
    """Halve a map (1, C, h, w) until it is about as large as the last one, then bring it to its size."""
    window = _gaussian(3, _BLUR, stage)
    while stage.shape[2] > 1.5 * size[0]:
        stage = _filtered(functional.pad(stage, (1, 1, 1, 1), mode="reflect"), window, 2)
    if stage.shape[2:] != size:
        stage = functional.interpolate(stage, tuple(size), mode="bilinear", align_corners=True)
    return stage


def _gaussian(side: int, deviation: float, like: Tensor) -> Tensor:
    offsets = torch.arange(side, dtype=like.dtype, device=like.device) - side // 2
    window = torch.exp(-(offsets**2) / (2 * deviation**2))
    return window / window.sum()


def _filtered(maps: Tensor, window: Tensor, stride: int) -> Tensor:
    """Filter each channel of maps (1, C, h, w) by a window (k,) along both sides, at every ``stride``-th place."""
    channels = maps.shape[1]
    down, right = (window.view(shape).expand(channels, 1, -1, -1) for shape in ((1, 1, -1, 1), (1, 1, 1, -1)))
    rows = functional.conv2d(maps, down, stride=(stride, 1), groups=channels)
    return functional.conv2d(rows, right, stride=(1, stride), groups=channels)


def sharp(found: Patches) -> FloatArray:
    """Return the features (m, D) of the patches of more than mean contrast: what a pristine model is fitted on."""
    return np.asarray(found.features[found.contrast > found.contrast.mean()])


def distance(found: Patches, model: PristineModel) -> float:
    """Return the mean distance of patches from a pristine model, 0 or more; patches of more contrast count for more.

    A patch's distance is that of NIQE, with the mean of the model's covariance and that of the photograph's patches.
    """
    covariance = np.cov(found.features.T) if len(found.features) > 1 else np.zeros_like(model.covariance)
    middle = (model.covariance + covariance) / 2
    middle += _RIDGE * np.trace(middle) / len(middle) * np.eye(len(middle))
    difference = found.features - model.mean
    squared = (np.linalg.solve(middle, difference.T).T * difference).sum(axis=1)
    return float(np.average(np.sqrt(np.abs(squared)), weights=_weights(found.contrast)))


def _weights(contrast: FloatArray) -> FloatArray:
    """Return what each patch counts, (M,), in 0..1: the logistic function of its standardised contrast."""
    standard = (contrast - contrast.mean()) / (contrast.std() + _TINY)
    return np.asarray(1 / (1 + np.exp(-standard)))
