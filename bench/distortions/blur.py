"""Blur: the image convolved with a point spread function."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from torch import Tensor

from bench.distortions._core import Distortion


def gaussian_blur(image: Tensor, sigma: float, _: torch.Generator) -> Tensor:
    """Convolve each plane with a Gaussian, cut off at two standard deviations and renormalised.

    Args:
        image: (C, H, W) in [0, 1].
        sigma: standard deviation in pixels. At 0.1 the neighbours weigh 2e-22: nothing changes.
    """
    radius = math.ceil(2 * sigma)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(image)
    # A border repeated outwards works for an image of any size; a mirrored one needs H, W > radius.
    padded = F.pad(image[:, None], (radius,) * 4, mode="replicate")
    rows = F.conv2d(padded, kernel.view(1, 1, -1, 1))
    return F.conv2d(rows, kernel.view(1, 1, 1, -1))[:, 0].clamp(0, 1)


GAUSSIAN_BLUR = Distortion(
    name="gaussian-blur",
    group="blur",
    values=(0.1, 0.5, 1, 2, 5),
    unit="sigma in pixels",
    summary="Gaussian blur; level 1 leaves the image as it is",
    function=gaussian_blur,
    monotone=True,
)
