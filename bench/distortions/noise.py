"""Noise: random values added to the pixels, multiplied into them, or put in their place."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bench.distortions._colour import rgb_of_ycbcr
from bench.distortions._core import Randomness, normal, uniform
from bench.distortions.declaration import distortion

_LUMA_RANGE = 219 / 255


@distortion(
    name="white-noise",
    group="noise",
    values=(0.001, 0.002, 0.003, 0.005, 0.01),
    unit="variance",
    summary="white Gaussian noise, independent in R, G and B",
    monotone=True,
    batched=True,
)
def white_noise(images: Tensor, variance: float, generator: Randomness) -> Tensor:
    """Add independent zero-mean Gaussian noise to every sample, then clip to [0, 1].

    Args:
        images: (N, C, H, W) in [0, 1].
        variance: of the noise before clipping, on the scale where white is 1.
        generator: the noise is drawn on its device, so one seed gives one noise wherever the image is.
    """
    return (images + math.sqrt(variance) * normal(images.shape[1:], generator, images)).clamp(0, 1)


@distortion(
    name="white-noise-ycbcr",
    group="noise",
    values=(0.0001, 0.0005, 0.001, 0.002, 0.003),
    unit="variance",
    summary="white Gaussian noise, independent in Y, Cb and Cr",
    monotone=True,
    batched=True,
)
def white_noise_ycbcr(images: Tensor, variance: float, generator: Randomness) -> Tensor:
    """Add independent zero-mean Gaussian noise to Y, Cb and Cr, then clip in RGB.

    The conversion is affine, so the noise is taken to RGB rather than the image to YCbCr and back: there it is
    coloured, and has 3.9, 2.2 and 5.4 times the variance in R, G and B.

    Args:
        images: (N, C, H, W) in [0, 1]. A grey image is all Y.
        variance: on the scale where 8 bits are [0, 1]; Y spans 219 of the 255 steps there.
        generator: gives the noise.
    """
    noise = math.sqrt(variance) * normal(images.shape[1:], generator, images)
    if images.shape[1] == 1:
        return (images + noise / _LUMA_RANGE).clamp(0, 1)
    return (images + torch.einsum("rc,...chw->...rhw", rgb_of_ycbcr().to(images), noise)).clamp(0, 1)


@distortion(
    name="impulse-noise",
    group="noise",
    values=(0.001, 0.005, 0.01, 0.02, 0.03),
    unit="part of the samples",
    summary="salt and pepper, independent in R, G and B",
    monotone=True,
    batched=True,
)
def impulse_noise(images: Tensor, density: float, generator: Randomness) -> Tensor:
    """Set a random part of the samples to 0 or to 1, each half the time.

    Planes are hit independently, as in KADID-10k (MATLAB's ``imnoise``): most hits show as coloured dots.

    Args:
        images: (N, C, H, W) in [0, 1].
        density: expected part of the samples that are replaced.
        generator: decides where.
    """
    lot = uniform(images.shape[1:], generator, images)
    return images.masked_fill(lot < density, 0).masked_fill(lot < density / 2, 1)


@distortion(
    name="multiplicative-noise",
    group="noise",
    values=(0.001, 0.005, 0.01, 0.02, 0.05),
    unit="variance",
    summary="noise in proportion to the sample",
    monotone=True,
    batched=True,
)
def multiplicative_noise(images: Tensor, variance: float, generator: Randomness) -> Tensor:
    """Multiply every sample by 1 plus zero-mean Gaussian noise, then clip to [0, 1].

    KADID-10k uses MATLAB's speckle, whose noise is uniform of the same variance.

    Args:
        images: (N, C, H, W) in [0, 1].
        variance: of the factor.
        generator: gives the noise.
    """
    return (images * (1 + math.sqrt(variance) * normal(images.shape[1:], generator, images))).clamp(0, 1)
