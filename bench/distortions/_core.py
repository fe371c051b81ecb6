"""What several degradations need: checks of images, and random draws, of one series or of a batch of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from bench.distortions.declaration import Degrade


@dataclass(frozen=True)
class Generators:
    """A generator for each of several series that lie in one batch.

    Attributes:
        each: the generators, in the order of the series.
        images: how many images a series has; they are degraded alike.
    """

    each: tuple[torch.Generator, ...]
    images: int


Randomness: TypeAlias = torch.Generator | Generators
"""One draw for all images, or one for each series of them."""


def series_by_series(function: Degrade) -> Degrade:
    """Let a function whose draws are single numbers, such as an angle, degrade a batch: one series after the other."""

    @functools.wraps(function)
    def degrade(images: Tensor, value: float, generator: Randomness) -> Tensor:
        if not isinstance(generator, Generators):
            return function(images, value, generator)
        parts = zip(torch.split(images, generator.images), generator.each, strict=True)
        return torch.cat([function(part, value, one) for part, one in parts])

    return degrade


def check_image(image: Tensor) -> None:
    """Raise ValueError unless the image is float, (1 or 3, H, W), not empty and within [0, 1]."""
    if image.ndim != 3 or image.shape[0] not in (1, 3) or not image.numel():
        raise ValueError(f"image has shape {tuple(image.shape)}: pass (C, H, W) with C = 1 or 3")
    _check_values(image, "image has")


def check_images(images: Tensor) -> None:
    """Raise ValueError unless the images are float, (N, 1 or 3, H, W), not empty and within [0, 1]."""
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not images.numel():
        raise ValueError(f"images have shape {tuple(images.shape)}: pass (N, C, H, W) with C = 1 or 3")
    _check_values(images, "images have")


def _check_values(images: Tensor, subject: str) -> None:
    if not images.is_floating_point():
        raise ValueError(f"{subject} dtype {images.dtype}: pass floats in [0, 1]")
    # Written so that NaN fails as well.
    if not (images.amin() >= 0 and images.amax() <= 1):
        raise ValueError(f"{subject} values from {images.amin():g} to {images.amax():g}: pass floats in [0, 1]")


def colour_only(function: Degrade) -> Degrade:
    """Leave grey images (C = 1) as they are: they have no colour to degrade."""

    @functools.wraps(function)
    def degrade(images: Tensor, value: float, generator: torch.Generator) -> Tensor:
        return images.clone() if images.shape[1] == 1 else function(images, value, generator)

    return degrade


def normal(shape: tuple[int, ...] | torch.Size, generator: Randomness, like: Tensor) -> Tensor:
    """Draw standard normal values of the dtype, and on the device, of ``like``.

    They are drawn on the generator's device, so that one seed gives one draw wherever the images are.

    Returns:
        Values of that shape; of several generators (N, *shape), one draw for each image.
    """
    return _drawn(torch.randn, shape, generator, like)


def uniform(shape: tuple[int, ...] | torch.Size, generator: Randomness, like: Tensor) -> Tensor:
    """Draw values uniform in [0, 1); see ``normal``."""
    return _drawn(torch.rand, shape, generator, like)


def _drawn(
    sample: Callable[..., Tensor], shape: tuple[int, ...] | torch.Size, generator: Randomness, like: Tensor
) -> Tensor:
    if isinstance(generator, Generators):
        each = [_drawn(sample, shape, one, like) for one in generator.each]
        return torch.stack(each).repeat_interleave(generator.images, 0)
    return sample(shape, generator=generator, dtype=like.dtype, device=generator.device).to(like.device)


def draw(count: int, generator: torch.Generator) -> list[float]:
    """Draw numbers uniform in [0, 1), for what a type decides once: an angle, a place, a sign."""
    values: list[float] = torch.rand(count, generator=generator, device=generator.device, dtype=torch.float64).tolist()
    return values
