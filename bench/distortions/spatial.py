"""Spatial: pixels moved or merged, their values kept."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from torch import Tensor

from bench.distortions._core import Distortion


def pixelate(image: Tensor, strength: float, _: torch.Generator) -> Tensor:
    """Shrink to (0.95 - strength^0.6) of each side and enlarge again, both by nearest neighbour.

    The scale is that of KADID-10k's released generator; the paper gives only the idea. At strength 0.5
    it is 0.29: blocks of three or four pixels.

    Args:
        image: (C, H, W) in [0, 1].
        strength: 0 to 0.9.
    """
    scale = 0.95 - strength**0.6
    small = [max(1, int(scale * side)) for side in image.shape[1:]]
    shrunk = F.interpolate(image[None], size=small, mode="nearest-exact")
    return F.interpolate(shrunk, size=list(image.shape[1:]), mode="nearest-exact")[0]


PIXELATE = Distortion(
    name="pixelate",
    group="spatial",
    values=(0.01, 0.05, 0.1, 0.2, 0.5),
    unit="strength",
    summary="nearest-neighbour down- and upscaling",
    function=pixelate,
    monotone=True,
)
