"""Colour: hue, saturation or the register of the planes go wrong, lightness mostly stays.

Grey images (C = 1) stay as they are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bench.distortions import _filters
from bench.distortions._colour import from_lab, luma, to_lab
from bench.distortions._core import colour_only, draw, series_by_series
from bench.distortions.declaration import distortion

_EDGE_SIGMA = 4.0
_WEAK_EDGE = 0.1


@distortion(
    name="colour-diffusion",
    group="colour",
    values=(1, 3, 6, 8, 12),
    unit="factor on a and b after a blur of sigma 1.5 v + 2 pixels",
    summary="a and b of L*a*b* blurred and raised: colours bleed",
    monotone=True,
    batched=True,
)
@colour_only
def colour_diffusion(images: Tensor, amount: float, _: torch.Generator) -> Tensor:
    """Blur a and b of CIE L*a*b* and raise them, so that strong colours bleed over the edges.

    As in KADID-10k's released generator the Gaussian has sigma 1.5 ``amount`` + 2 pixels, and the blurred
    planes are multiplied by ``amount``; what leaves the gamut is clipped.

    Args:
        images: (N, 3, H, W) in [0, 1].
        amount: 1 blurs colour without raising it.
    """
    lab = to_lab(images)
    lab[:, 1:] = _filters.gaussian(lab[:, 1:], 1.5 * amount + 2) * amount
    return from_lab(lab, images)


@distortion(
    name="colour-shift",
    group="colour",
    values=(1, 3, 6, 8, 12),
    unit="shift in pixels",
    summary="green plane moved in a random direction where there are edges",
    monotone=False,
    batched=True,
)
@series_by_series
@colour_only
def colour_shift(images: Tensor, amount: float, generator: torch.Generator) -> Tensor:
    """Move the green plane, where the image has edges, by whole pixels in a random direction.

    The shifted plane is mixed in by a weight from 0 to 1: the gradient of the luma, blurred with sigma 4,
    scaled to [0, 1], and stretched so that 0.1 (or the first percentile, where that is more) becomes 0 and
    the 99th percentile 1. That is how KADID-10k's generator finds edge regions. Its directions come from a
    quarter of the circle; here they come from the whole of it. Severity rises with the level on average, but
    little beyond 6 pixels, and in about one step of seven of a single series it falls.

    Args:
        images: (N, 3, H, W) in [0, 1].
        amount: length of the shift in pixels, before each coordinate is rounded.
        generator: gives the direction.
    """
    (turn,) = draw(1, generator)
    down, right = (round(amount * f(2 * math.pi * turn)) for f in (math.sin, math.cos))
    height, width = images.shape[2:]
    rows = (torch.arange(height, device=images.device) - down).clamp(0, height - 1)
    columns = (torch.arange(width, device=images.device) - right).clamp(0, width - 1)
    shifted = images[:, 1, rows][:, :, columns]
    result = images.clone()
    result[:, 1] = torch.lerp(images[:, 1], shifted, _edge_weight(images))
    return result


def _edge_weight(images: Tensor) -> Tensor:
    """(N, H, W) in [0, 1]; 0 everywhere in an image without edges."""
    edges = _filters.gaussian(_filters.gradient_magnitude(luma(images)), _EDGE_SIGMA).flatten(1)
    low, high = edges.amin(1, keepdim=True), edges.amax(1, keepdim=True)
    edges = (edges - low) / (high - low).clamp(min=1e-6)
    # Not torch.quantile: it refuses more than 16 million pixels.
    last = edges.shape[1] - 1
    first_percentile, top = (edges.kthvalue(1 + round(q * last), dim=1, keepdim=True).values for q in (0.01, 0.99))
    bottom = first_percentile.clamp(min=_WEAK_EDGE)
    weight = ((edges - bottom) / (top - bottom).clamp(min=1e-6)).clamp(0, 1)
    return weight.view(-1, *images.shape[2:])


@distortion(
    name="saturation-hsv",
    group="colour",
    values=(0.4, 0.2, 0.1, 0, -0.4),
    unit="factor on the saturation of HSV",
    summary="colours paled; at level 5 turned into their complements",
    monotone=True,
    batched=True,
)
@colour_only
def saturation_hsv(images: Tensor, factor: float, _: torch.Generator) -> Tensor:
    """Multiply the saturation of HSV, hue and value kept.

    A colour at fixed hue and value is V (1 - S g) with g in [0, 1] for its hue, so no conversion is needed:
    each sample's distance to the largest of its pixel is multiplied. A negative factor turns colours into
    pale complementary ones, clipped at white; KADID-10k has it so at level 5.

    Args:
        images: (N, 3, H, W) in [0, 1].
        factor: 1 changes nothing, 0 leaves V in all three planes.
    """
    value = images.amax(dim=1, keepdim=True)
    return (value - factor * (value - images)).clamp(0, 1)


@distortion(
    name="saturation-lab",
    group="colour",
    values=(1, 2, 3, 6, 9),
    unit="factor on a and b of L*a*b*",
    summary="colours exaggerated; level 1 leaves the image as it is",
    monotone=True,
    batched=True,
)
@colour_only
def saturation_lab(images: Tensor, factor: float, _: torch.Generator) -> Tensor:
    """Multiply a and b of CIE L*a*b*, clipping what leaves the gamut.

    Args:
        images: (N, 3, H, W) in [0, 1].
        factor: 1 changes nothing.
    """
    if factor == 1:
        return images.clone()
    lab = to_lab(images)
    lab[:, 1:] *= factor
    return from_lab(lab, images)
