"""Noise: random values added to the pixels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bench.distortions._core import Distortion


def white_noise(image: Tensor, variance: float, generator: torch.Generator) -> Tensor:
    """Add independent zero-mean Gaussian noise to every sample, then clip to [0, 1].

    Args:
        image: (C, H, W) in [0, 1].
        variance: of the noise before clipping, on the scale where white is 1.
        generator: the noise is drawn on its device, so one seed gives one noise wherever the image is.
    """
    noise = torch.randn(image.shape, generator=generator, dtype=image.dtype, device=generator.device)
    return (image + math.sqrt(variance) * noise.to(image.device)).clamp(0, 1)


WHITE_NOISE = Distortion(
    name="white-noise",
    group="noise",
    values=(0.001, 0.002, 0.003, 0.005, 0.01),
    unit="variance",
    summary="white Gaussian noise, independent in R, G and B",
    function=white_noise,
    monotone=True,
)
