"""Degradations of photographs at five levels, one module a group.

Types and level values follow KADID-10k (Lin, Hosu, Saupe: "KADID-10k: A Large-scale Artificially Distorted
IQA Database", QoMEX 2019); each function says where the paper leaves a choice and which one was made.
Images are float tensors (C, H, W) in [0, 1], C = 1 or 3. Importing this package imports torch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bench.distortions._core import LEVELS, Distortion, check_image
from bench.distortions.blur import GAUSSIAN_BLUR
from bench.distortions.brightness import DARKEN
from bench.distortions.compression import JPEG, JPEG2000
from bench.distortions.noise import WHITE_NOISE
from bench.distortions.spatial import PIXELATE
from bench.errors import did_you_mean

__all__ = ["DISTORTIONS", "LEVELS", "Distortion", "distort"]

_ALL = (GAUSSIAN_BLUR, JPEG2000, JPEG, WHITE_NOISE, DARKEN, PIXELATE)

DISTORTIONS: dict[str, Distortion] = {distortion.name: distortion for distortion in _ALL}
"""Every type by name, in the order of the groups in the paper."""


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
    if name not in DISTORTIONS:
        known = ", ".join(DISTORTIONS)
        raise ValueError(f"unknown distortion {name!r}.{did_you_mean(name, DISTORTIONS)} Known: {known}.")
    if level not in LEVELS:
        raise ValueError(f"level {level!r}: use a whole number from 1 to {len(LEVELS)}")
    check_image(image)
    distortion = DISTORTIONS[name]
    return distortion.function(image, distortion.values[int(level) - 1], generator)
