"""Sharpness and contrast: edges overdone, the tone curve bent about mid-grey."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.distortions import _filters
from bench.distortions._colour import from_lab, to_lab
from bench.distortions.declaration import distortion

_MASK_SIGMA = 3.0


@distortion(
    name="over-sharpen",
    group="sharpness",
    values=(1, 2, 3, 6, 12),
    unit="amount",
    summary="unsharp mask of sigma 3 on the lightness, far too strong",
    monotone=True,
    batched=True,
)
def over_sharpen(images: Tensor, amount: float, _: torch.Generator) -> Tensor:
    """Add to L of L*a*b* so many times its difference to a blur of sigma 3: an unsharp mask.

    Args:
        images: (N, C, H, W) in [0, 1].
        amount: 0 changes nothing; photographs are sharpened by 0.5 to 1.
    """
    lab = to_lab(images)
    light = lab[:, :1]
    lab[:, :1] = (light + amount * (light - _filters.gaussian(light, _MASK_SIGMA))).clamp(0, 100)
    return from_lab(lab, images)


@distortion(
    name="linear-contrast",
    group="sharpness",
    values=(0, 0.15, -0.4, 0.3, -0.6),
    unit="amount; -0.2 changes nothing",
    summary="mid-tone contrast raised or lowered by an S-shaped curve",
    monotone=False,
    batched=True,
)
def linear_contrast(images: Tensor, amount: float, _: torch.Generator) -> Tensor:
    """Bend the tone curve about mid-grey, black, mid-grey and white kept.

    The curve of KADID-10k's "contrast change": a spline through (0, 0), (0.3, 0.25 - amount / 4),
    (0.5, 0.5), (0.7, 0.75 + amount / 4) and (1, 1), clipped. These points lie evenly about the middle, so the
    spline is one odd cubic. It is no line but for an amount of -0.2, which changes nothing; the name is the
    one that later training code gave it. An amount of 0 already raises contrast a little.

    Args:
        images: (N, C, H, W) in [0, 1].
        amount: above -0.2 raises contrast in the mid-tones, below lowers it.
    """
    # 0.5 + s u + b u^3 with u = x - 0.5 meets u = 0.2 and u = 0.5.
    bend = -(0.05 + amount / 4) / 0.042
    slope = 1 - bend / 4
    middle = images - 0.5
    return (0.5 + middle * (slope + bend * middle.square())).clamp(0, 1)


@distortion(
    name="non-linear-contrast",
    group="sharpness",
    values=(0.4, 0.3, 0.2, 0.1, 0.05),
    unit="largest distance to mid-grey",
    summary="all values squeezed towards mid-grey",
    monotone=True,
    batched=True,
)
def non_linear_contrast(images: Tensor, reach: float, _: torch.Generator) -> Tensor:
    """Squeeze all values evenly into mid-grey plus or minus ``reach``.

    KADID-10k has no such type. It stands in the list that ARNIQA and QualiCLIP train with, under this name
    although the curve is straight, in the place of KADID-10k's colour quantization with dither.

    Args:
        images: (N, C, H, W) in [0, 1].
        reach: 0.5 changes nothing, 0 leaves mid-grey.
    """
    return (0.5 + 2 * reach * (images - 0.5)).clamp(0, 1)
