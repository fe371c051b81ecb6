"""Degrading images: one alone, several under one random draw, at every level, or a batch of series at every level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from bench.distortions._core import Generators, check_image, check_images
from bench.distortions.catalogue import DISTORTIONS, find
from bench.distortions.declaration import LEVELS
from bench.errors import BenchError


def distort(image: Tensor, name: str, level: int, generator: torch.Generator) -> Tensor:
    """Degrade one image; the input is left as it is.

    Args:
        image: (C, H, W) floats in [0, 1], C = 1 or 3.
        name: of a type; see :func:`bench.distortions.find`.
        level: 1 (weakest) to 5; see ``Distortion.monotone`` for types where the order is another.
        generator: the only source of randomness. One state of it, one result.

    Returns:
        The degraded image: same shape, dtype and device, in [0, 1].

    Raises:
        ValueError: unknown name, level out of range, or an image that is not as above.
        BenchError: a type of another package returned anything but such an image.
    """
    check_image(image)
    return _apply(image[None], name, level, generator)[0]


def distort_alike(images: Tensor, name: str, level: int, generator: torch.Generator) -> Tensor:
    """Degrade several images under one random draw, as the two crops of a pair need it.

    Each gets what ``distort`` would give it from the generator's present state: the same noise, the same
    direction of motion, the same places of patches.

    Args:
        images: (N, C, H, W) floats in [0, 1], C = 1 or 3.
        name: of a type; see :func:`bench.distortions.find`.
        level: 1 (weakest) to 5.
        generator: the only source of randomness; it advances as for one image.

    Returns:
        The degraded images: same shape, dtype and device, in [0, 1].

    Raises:
        ValueError: unknown name, level out of range, or images that are not as above.
        BenchError: a type of another package returned anything but such images.
    """
    check_images(images)
    return _apply(images, name, level, generator)


def distort_levels(images: Tensor, name: str, generator: torch.Generator) -> Tensor:
    """Degrade images at every level under one random draw, as a series of rising levels needs it.

    With the same draw noise grows, and patches are added to those of the level before, instead of both
    being other ones at each level.

    Args:
        images: (N, C, H, W) floats in [0, 1], C = 1 or 3.
        name: of a type; see :func:`bench.distortions.find`.
        generator: the only source of randomness; it advances as for level 5.

    Returns:
        (5, N, C, H, W): levels 1 to 5.

    Raises:
        ValueError: unknown name, or images that are not as above.
        BenchError: a type of another package returned anything but such images.
    """
    state = generator.get_state()
    series = []
    for level in LEVELS:
        generator.set_state(state)
        series.append(distort_alike(images, name, level, generator))
    return torch.stack(series)


def distort_series(images: Tensor, name: str, seeds: Sequence[Sequence[int]]) -> Tensor:
    """Degrade the images of several series at every level, all series at once, on the device where they are.

    Each image gets what ``distort`` gives it from a generator of its seed, but for rounding. The generators are
    on the images' device; a GPU's draw other values of a seed than the CPU's. Values are not checked: that would
    wait for the device.

    Args:
        images: (S, N, C, H, W) floats in [0, 1], C = 1 or 3: S series of N images.
        name: of a type with ``Distortion.batched``.
        seeds: whole numbers for each of the five levels: S of them, one for the N images of a series, which are
            degraded alike, or S times N, one for each image.

    Returns:
        (S, 5, N, C, H, W): levels 1 to 5.

    Raises:
        ValueError: unknown name, a type that is not batched, or another number of seeds.
    """
    distortion = find(name)
    if not distortion.batched:
        raise ValueError(f"{name!r} is not batched: use distort_levels for each series")
    flat = images.flatten(0, 1)
    counts = {len(row) for row in seeds}
    if len(seeds) != len(LEVELS) or not counts <= {len(images), len(flat)}:
        raise ValueError(
            f"seeds has {len(seeds)} rows of {sorted(counts)} numbers: give {len(LEVELS)} of {len(images)}, one for "
            f"each series, or of {len(flat)}, one for each image"
        )
    function = cast("Callable[[Tensor, float, Generators], Tensor]", distortion.function)
    levels = []
    for value, row in zip(distortion.values, seeds, strict=True):
        each = tuple(torch.Generator(images.device).manual_seed(seed) for seed in row)
        levels.append(function(flat, value, Generators(each, len(flat) // len(row))).view(images.shape))
    return torch.stack(levels, 1)


def _apply(images: Tensor, name: str, level: int, generator: torch.Generator) -> Tensor:
    if level not in LEVELS:
        raise ValueError(f"level {level!r}: use a whole number from 1 to {len(LEVELS)}")
    distortion = find(name)
    degraded = distortion.function(images, distortion.values[int(level) - 1], generator)
    # Tests hold the types of this package to their promise; nobody else's.
    if name not in DISTORTIONS:
        _check_result(degraded, images, name)
    return degraded


def _check_result(degraded: Tensor, images: Tensor, name: str) -> None:
    if degraded.shape != images.shape or degraded.dtype != images.dtype:
        raise BenchError(
            f"the distortion {name!r} made {tuple(degraded.shape)} {degraded.dtype} of {tuple(images.shape)} "
            f"{images.dtype}: its function must return images of the same shape and type"
        )
    low, high = float(degraded.amin()), float(degraded.amax())
    # Written so that NaN fails as well.
    if not (low >= 0 and high <= 1):
        raise BenchError(
            f"the distortion {name!r} made values from {low:g} to {high:g}: its function must return images in [0, 1]"
        )
