"""Brightness: a tone curve or an offset over the pixel values."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.distortions._colour import from_lab, to_lab
from bench.distortions.declaration import distortion


@distortion(
    name="brighten",
    group="brightness",
    values=(0.1, 0.2, 0.4, 0.7, 1.1),
    unit="twice what mid-grey gains",
    summary="tone curve that raises the mid-tones and keeps black and white",
    monotone=True,
    batched=True,
)
def brighten(images: Tensor, amount: float, _: torch.Generator) -> Tensor:
    """Pull the middle of the tone curve up, black and white kept where they are.

    The curve is the parabola through (0, 0), (0.5, 0.5 + amount / 2) and (1, 1), clipped at 1. As in
    KADID-10k's generator two thirds of the result have it over R, G and B, and one third over L of
    L*a*b*, which holds hues better.

    Args:
        images: (N, C, H, W) in [0, 1].
        amount: 0 (unchanged) to 1.1.
    """
    lab = to_lab(images)
    lab[:, :1] = 100 * _lift(lab[:, :1] / 100, amount)
    return (2 * _lift(images, amount) + from_lab(lab, images)) / 3


def _lift(values: Tensor, amount: float) -> Tensor:
    return (values + 2 * amount * values * (1 - values)).clamp(0, 1)


@distortion(
    name="darken",
    group="brightness",
    values=(0.05, 0.1, 0.2, 0.4, 0.8),
    unit="twice what mid-grey loses",
    summary="tone curve that lowers the mid-tones and keeps black and white",
    monotone=True,
    batched=True,
)
def darken(images: Tensor, amount: float, _: torch.Generator) -> Tensor:
    """Pull the middle of the tone curve down, black and white kept where they are.

    The paper says no more than that. ARNIQA's port of KADID-10k's generator lays a spline through (0, 0),
    (0.5, 0.5 - amount / 2) and (1, 1), which with three points is this parabola; beyond an amount of 0.5 it
    dips below zero in the shadows, which are clipped to black.

    Args:
        images: (N, C, H, W) in [0, 1].
        amount: 0 (unchanged) to 1.
    """
    return (images - 2 * amount * images * (1 - images)).clamp(0, 1)


@distortion(
    name="mean-shift",
    group="brightness",
    values=(0, 0.08, -0.08, 0.15, -0.15),
    unit="offset",
    summary="everything brighter or darker by the same; level 1 leaves the image as it is",
    monotone=False,
    batched=True,
)
def mean_shift(images: Tensor, offset: float, _: torch.Generator) -> Tensor:
    """Add the same to every sample, then clip to [0, 1].

    Args:
        images: (N, C, H, W) in [0, 1].
        offset: negative darkens.
    """
    return (images + offset).clamp(0, 1)
