"""Blur: the image convolved with a point spread function."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bench.distortions import _filters
from bench.distortions._core import draw, series_by_series
from bench.distortions.declaration import distortion


@distortion(
    name="gaussian-blur",
    group="blur",
    values=(0.1, 0.5, 1, 2, 5),
    unit="sigma in pixels",
    summary="Gaussian blur; level 1 leaves the image as it is",
    monotone=True,
    batched=True,
)
def gaussian_blur(images: Tensor, sigma: float, _: torch.Generator) -> Tensor:
    """Convolve each plane with a Gaussian, cut off at two standard deviations and renormalised.

    Args:
        images: (N, C, H, W) in [0, 1].
        sigma: standard deviation in pixels. At 0.1 the neighbours weigh 2e-22: nothing changes.
    """
    return _filters.gaussian(images, sigma).clamp(0, 1)


@distortion(
    name="lens-blur",
    group="blur",
    values=(1, 2, 4, 6, 8),
    unit="radius in pixels",
    summary="blur by a uniform disk, as out of focus",
    monotone=True,
    batched=True,
)
def lens_blur(images: Tensor, radius: float, _: torch.Generator) -> Tensor:
    """Convolve each plane with a uniform disk, the point spread of a lens out of focus.

    Args:
        images: (N, C, H, W) in [0, 1].
        radius: of the disk in pixels; pixels on its rim weigh what it covers of them.
    """
    return _filters.convolve(images, _filters.disk(radius)).clamp(0, 1)


@distortion(
    name="motion-blur",
    group="blur",
    values=(1, 2, 4, 6, 10),
    unit="length in pixels",
    summary="blur along a line in a random direction; level 1 leaves the image as it is",
    monotone=True,
    batched=True,
)
@series_by_series
def motion_blur(images: Tensor, length: float, generator: torch.Generator) -> Tensor:
    """Convolve each plane with a straight line, in a direction drawn evenly from the half circle.

    Args:
        images: (N, C, H, W) in [0, 1].
        length: of the line in pixels, its ends included: 1 is no motion.
        generator: gives the direction.
    """
    (turn,) = draw(1, generator)
    return _filters.convolve(images, _filters.line(length, math.pi * turn)).clamp(0, 1)
