"""Natural-scene statistics of whole images as differentiable torch functions, which a deep encoder tends to lose.

Of every image the mean-subtracted contrast-normalised (MSCN) luma and its products with four neighbours are
taken at three scales, as NIQE and BRISQUE do. Instead of fitting generalised Gaussians, the moments that such
a fit matches are kept.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

FEATURES = 82
"""How many numbers ``scene_statistics`` gives an image."""

_SCALES = 3
_SIGMA = 7 / 6  # of the 7x7 window, as in BRISQUE
_LUMA = (0.299, 0.587, 0.114)
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
_TINY = 1e-8


def scene_statistics(images: Tensor) -> Tensor:
    """Return the statistics (N, 82) of images (N, 3, H, W), RGB in [0, 1].

    Per scale 20 moments of the MSCN luma and its products with neighbours, and 4 numbers on the local standard
    deviation (how sharp, and how unevenly so); then 10 on luma and colour. Sides of at least 16 pixels.
    """
    luma = (images * images.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    found: list[Tensor] = []
    grey = 255 * luma
    for _ in range(_SCALES):
        normalised, deviation = _mscn(grey)
        found += _moments(normalised)
        for shift in _NEIGHBOURS:
            found += _moments(normalised * normalised.roll(shift, (2, 3)))
        found += _sharpness(deviation)
        grey = functional.avg_pool2d(grey, 2)
    return torch.stack([*found, *_tones(luma, images)], 1)


def _mscn(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Return the normalised image and the local standard deviation of (N, 1, H, W) in grey levels 0 to 255."""
    mean = _blur(grey)
    deviation = (_blur(grey.square()) - mean.square()).abs().sqrt()
    return (grey - mean) / (deviation + 1), deviation


def _blur(grey: Tensor) -> Tensor:
    window = torch.exp(-torch.arange(-3, 4, dtype=grey.dtype, device=grey.device).square() / (2 * _SIGMA**2))
    window = window / window.sum()
    rows = functional.conv2d(functional.pad(grey, (3, 3, 0, 0), mode="replicate"), window.view(1, 1, 1, 7))
    return functional.conv2d(functional.pad(rows, (0, 0, 3, 3), mode="replicate"), window.view(1, 1, 7, 1))


def _moments(values: Tensor) -> list[Tensor]:
    """Return four numbers (N,): squared mean magnitude over mean square, spread to either side, mean."""
    flat = values.flatten(1)
    square = flat.square().mean(1) + _TINY
    left, right = (side.square().mean(1).add(_TINY).sqrt() for side in (flat.clamp(max=0), flat.clamp(min=0)))
    return [flat.abs().mean(1).square() / square, left, right, flat.mean(1)]


def _sharpness(deviation: Tensor) -> list[Tensor]:
    logs = (deviation.flatten(1) + 0.5).log()
    return [logs.mean(1), logs.std(1), *torch.quantile(logs, logs.new_tensor([0.9, 0.1]), 1)]


def _tones(luma: Tensor, images: Tensor) -> list[Tensor]:
    """Return ten numbers (N,): quantiles and spread of luma, mean and spread of two opponent colours."""
    flat = luma.flatten(1)
    shares = flat.new_tensor([0.02, 0.25, 0.5, 0.75, 0.98])
    red_green = (images[:, 0] - images[:, 1]).flatten(1)
    yellow_blue = ((images[:, 0] + images[:, 1]) / 2 - images[:, 2]).flatten(1)
    spreads = [flat.std(1), red_green.mean(1), yellow_blue.mean(1), red_green.std(1), yellow_blue.std(1)]
    return [*torch.quantile(flat, shares, 1), *spreads]
