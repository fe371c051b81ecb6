"""What every degradation is: a named function with five values, and the checks around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LEVELS = (1, 2, 3, 4, 5)

Degrade = Callable[[Tensor, float, torch.Generator], Tensor]
"""(image (C, H, W) in [0, 1], value, generator) to an image of the same shape, dtype and range."""


@dataclass(frozen=True)
class Distortion:
    """One degradation at five levels.

    Attributes:
        name: identifier, e.g. ``gaussian-blur``.
        group: one of the seven groups of KADID-10k, e.g. ``blur``.
        values: what ``function`` is given at the levels 1 to 5.
        unit: what a value means, e.g. ``sigma in pixels``.
        summary: one line on what is done.
        function: the degradation itself; see ``Degrade``. It reads randomness from the generator alone.
        monotone: the mean squared error to the original never falls with the level; measured on
            photographs by the tests. Where False the level is an index, not a severity.
    """

    name: str
    group: str
    values: tuple[float, float, float, float, float]
    unit: str
    summary: str
    function: Degrade
    monotone: bool


def check_image(image: Tensor) -> None:
    """Raise ValueError unless the image is float, (1 or 3, H, W), not empty and within [0, 1]."""
    if image.ndim != 3 or image.shape[0] not in (1, 3) or not image.numel():
        raise ValueError(f"image has shape {tuple(image.shape)}: pass (C, H, W) with C = 1 or 3")
    if not image.is_floating_point():
        raise ValueError(f"image has dtype {image.dtype}: pass floats in [0, 1]")
    # Written so that NaN fails as well.
    if not (image.amin() >= 0 and image.amax() <= 1):
        raise ValueError(f"image has values from {image.amin():g} to {image.amax():g}: pass floats in [0, 1]")
