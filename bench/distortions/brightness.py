"""Brightness: a tone curve over the pixel values."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.distortions._core import Distortion


def darken(image: Tensor, amount: float, _: torch.Generator) -> Tensor:
    """Pull the middle of the tone curve down, black and white kept where they are.

    The paper says no more than that; that mid-grey loses ``amount / 2`` is the convention of KADID-10k's
    generator. The parabola through (0, 0), (0.5, 0.5 - amount / 2) and (1, 1) is this project's choice;
    beyond an amount of 0.5 it dips below zero in the shadows, which are clipped to black.

    Args:
        image: (C, H, W) in [0, 1].
        amount: 0 (unchanged) to 1.
    """
    return (image - 2 * amount * image * (1 - image)).clamp(0, 1)


DARKEN = Distortion(
    name="darken",
    group="brightness",
    values=(0.05, 0.1, 0.2, 0.4, 0.8),
    unit="twice what mid-grey loses",
    summary="tone curve that lowers the mid-tones and keeps black and white",
    function=darken,
    monotone=True,
)
