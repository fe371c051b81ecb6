"""Degradations of photographs at five levels, one module a group.

Types and level values follow KADID-10k (Lin, Hosu, Saupe: "KADID-10k: A Large-scale Artificially Distorted
IQA Database", QoMEX 2019) in the selection that ARNIQA and QualiCLIP train with; each function says where the
paper leaves a choice, what its authors' released generator does, and what is done here. Beside them stand
chains that imitate authentic faults, and compositions of two.

Images are float tensors in [0, 1], C = 1 or 3: ``distort`` takes one (C, H, W), ``distort_alike`` several
(N, C, H, W) under one random draw. Independent draws are a loop over ``distort``. The generator given is the
only source of randomness. Importing this package imports torch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bench.distortions._core import LEVELS, Distortion, check_image, check_images
from bench.distortions.authentic import AUTHENTIC
from bench.distortions.blur import GAUSSIAN_BLUR, LENS_BLUR, MOTION_BLUR
from bench.distortions.brightness import BRIGHTEN, DARKEN, MEAN_SHIFT
from bench.distortions.colour import COLOUR_DIFFUSION, COLOUR_SHIFT, SATURATION_HSV, SATURATION_LAB
from bench.distortions.composition import compositions
from bench.distortions.compression import JPEG, JPEG2000
from bench.distortions.noise import IMPULSE_NOISE, MULTIPLICATIVE_NOISE, WHITE_NOISE, WHITE_NOISE_YCBCR
from bench.distortions.sharpness import LINEAR_CONTRAST, NON_LINEAR_CONTRAST, OVER_SHARPEN
from bench.distortions.spatial import COLOUR_BLOCKS, JITTER, PATCHES, PIXELATE, QUANTIZATION
from bench.errors import did_you_mean

__all__ = ["DISTORTIONS", "LEVELS", "PRESETS", "Distortion", "distort", "distort_alike", "distort_levels", "select"]

_KADID = (
    *(GAUSSIAN_BLUR, LENS_BLUR, MOTION_BLUR),
    *(COLOUR_DIFFUSION, COLOUR_SHIFT, SATURATION_HSV, SATURATION_LAB),
    *(JPEG2000, JPEG),
    *(WHITE_NOISE, WHITE_NOISE_YCBCR, IMPULSE_NOISE, MULTIPLICATIVE_NOISE),
    *(BRIGHTEN, DARKEN, MEAN_SHIFT),
    *(JITTER, PATCHES, PIXELATE, QUANTIZATION, COLOUR_BLOCKS),
    *(OVER_SHARPEN, LINEAR_CONTRAST, NON_LINEAR_CONTRAST),
)
_SINGLES = {distortion.name: distortion for distortion in (*_KADID, *AUTHENTIC)}
_COMPOSITIONS = compositions(_SINGLES)

DISTORTIONS: dict[str, Distortion] = _SINGLES | {distortion.name: distortion for distortion in _COMPOSITIONS}
"""Every type by name: the paper's in the order of its groups, then authentic-like chains, then compositions."""

PRESETS: dict[str, tuple[str, ...]] = {
    "kadid": tuple(distortion.name for distortion in _KADID),
    "authentic": tuple(distortion.name for distortion in AUTHENTIC),
    "compositions": tuple(distortion.name for distortion in _COMPOSITIONS),
}
"""Names of types that are used together; ``kadid`` are the 24 of ARNIQA and QualiCLIP."""


def select(text: str) -> tuple[str, ...]:
    """Return the types that a comma-separated list of names of types and of ``PRESETS`` means, in their order.

    What is named twice, by itself or by a preset, is there twice.

    Raises:
        ValueError: a name that is neither, or no name at all.
    """
    names: list[str] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        known = [*PRESETS, *DISTORTIONS]
        if word not in known:
            raise ValueError(f"{word!r} is no type of degradation.{did_you_mean(word, known)}")
        names += PRESETS.get(word, (word,))
    if not names:
        raise ValueError("it is empty; name a type or a preset such as kadid")
    return tuple(names)


def distort(image: Tensor, name: str, level: int, generator: torch.Generator) -> Tensor:
    """Degrade one image; the input is left as it is.

    Args:
        image: (C, H, W) floats in [0, 1], C = 1 or 3.
        name: a key of ``DISTORTIONS``.
        level: 1 (weakest) to 5; see ``Distortion.monotone`` for types where the order is another.
        generator: the only source of randomness. One state of it, one result.

    Returns:
        The degraded image: same shape, dtype and device, in [0, 1].

    Raises:
        ValueError: unknown name, level out of range, or an image that is not as above.
    """
    distortion = _find(name, level)
    check_image(image)
    return distortion.function(image[None], distortion.values[int(level) - 1], generator)[0]


def distort_alike(images: Tensor, name: str, level: int, generator: torch.Generator) -> Tensor:
    """Degrade several images under one random draw, as the two crops of a pair need it.

    Each gets what ``distort`` would give it from the generator's present state: the same noise, the same
    direction of motion, the same places of patches.

    Args:
        images: (N, C, H, W) floats in [0, 1], C = 1 or 3.
        name: a key of ``DISTORTIONS``.
        level: 1 (weakest) to 5.
        generator: the only source of randomness; it advances as for one image.

    Returns:
        The degraded images: same shape, dtype and device, in [0, 1].

    Raises:
        ValueError: unknown name, level out of range, or images that are not as above.
    """
    distortion = _find(name, level)
    check_images(images)
    return distortion.function(images, distortion.values[int(level) - 1], generator)


def distort_levels(images: Tensor, name: str, generator: torch.Generator) -> Tensor:
    """Degrade images at every level under one random draw, as a series of rising levels needs it.

    With the same draw noise grows, and patches are added to those of the level before, instead of both
    being other ones at each level.

    Args:
        images: (N, C, H, W) floats in [0, 1], C = 1 or 3.
        name: a key of ``DISTORTIONS``.
        generator: the only source of randomness; it advances as for level 5.

    Returns:
        (5, N, C, H, W): levels 1 to 5.

    Raises:
        ValueError: unknown name, or images that are not as above.
    """
    state = generator.get_state()
    series = []
    for level in LEVELS:
        generator.set_state(state)
        series.append(distort_alike(images, name, level, generator))
    return torch.stack(series)


def _find(name: str, level: int) -> Distortion:
    if name not in DISTORTIONS:
        known = ", ".join(DISTORTIONS)
        raise ValueError(f"unknown distortion {name!r}.{did_you_mean(name, DISTORTIONS)} Known: {known}.")
    if level not in LEVELS:
        raise ValueError(f"level {level!r}: use a whole number from 1 to {len(LEVELS)}")
    return DISTORTIONS[name]
