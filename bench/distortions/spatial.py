"""Spatial: pixels moved, merged or covered."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from torch import Tensor

from bench.distortions._core import draw, normal, series_by_series
from bench.distortions._filters import read_at
from bench.distortions._quantize import quantized
from bench.distortions.declaration import distortion

_JITTER_PASSES = 5
_PATCH = 16
_PATCH_REACH = 8
_BLOCK = 32


@distortion(
    name="jitter",
    group="spatial",
    values=(0.05, 0.1, 0.2, 0.5, 1),
    unit="standard deviation in pixels",
    summary="pixels scattered in five passes",
    monotone=True,
    batched=True,
)
@series_by_series
def jitter(images: Tensor, amount: float, generator: torch.Generator) -> Tensor:
    """Scatter pixels: five times over, read each from a place a random distance away.

    Distances are Gaussian in both directions and independent from pixel to pixel. Values between pixels are
    interpolated by cubic convolution, as in KADID-10k's generator: linear interpolation, as in ARNIQA's code, blurs
    in each pass, at the first levels more than it scatters. The planes move together.

    Args:
        images: (N, C, H, W) in [0, 1].
        amount: standard deviation of the distance in pixels, in each direction and pass.
        generator: gives the distances.
    """
    height, width = images.shape[2:]
    rows = torch.arange(height, dtype=images.dtype, device=images.device)[:, None]
    columns = torch.arange(width, dtype=images.dtype, device=images.device)
    for _ in range(_JITTER_PASSES):
        right, down = amount * normal((2, height, width), generator, images)
        images = read_at(images, rows + down, columns + right)
    return images.clamp(0, 1)


@distortion(
    name="patches",
    group="spatial",
    values=(20, 40, 60, 80, 100),
    unit="patches of 16 x 16 pixels",
    summary="patches copied to places near by (non-eccentricity patches)",
    monotone=True,
    batched=True,
)
@series_by_series
def patches(images: Tensor, count: float, generator: torch.Generator) -> Tensor:
    """Copy square patches to random places near by ("non-eccentricity patches" in the paper).

    A patch lands up to 8 pixels off in each direction and may be copied on by a later one. Sides are 16
    pixels, half of the shorter side in images below 32.

    Args:
        images: (N, C, H, W) in [0, 1].
        count: patches in an image, whatever its size.
        generator: gives places and distances.
    """
    result = images.clone()
    side = _side(images, _PATCH)
    room = [length - side for length in images.shape[2:]]
    lots = draw(4 * int(count), generator)
    for lot in zip(*[iter(lots)] * 4, strict=True):
        source = [round(part * free) for part, free in zip(lot[:2], room, strict=True)]
        target = [
            min(max(start + round((2 * part - 1) * _PATCH_REACH), 0), free)
            for start, part, free in zip(source, lot[2:], room, strict=True)
        ]
        patch = result[..., source[0] : source[0] + side, source[1] : source[1] + side].clone()
        result[..., target[0] : target[0] + side, target[1] : target[1] + side] = patch
    return result


@distortion(
    name="pixelate",
    group="spatial",
    values=(0.01, 0.05, 0.1, 0.2, 0.5),
    unit="strength",
    summary="nearest-neighbour down- and upscaling",
    monotone=True,
    batched=True,
)
def pixelate(images: Tensor, strength: float, _: torch.Generator) -> Tensor:
    """Shrink to (0.95 - strength^0.6) of each side and enlarge again, both by nearest neighbour.

    The scale is that of KADID-10k's released generator; the paper gives only the idea. At strength 0.5
    it is 0.29: blocks of three or four pixels.

    Args:
        images: (N, C, H, W) in [0, 1].
        strength: 0 to 0.9.
    """
    scale = 0.95 - strength**0.6
    small = [max(1, int(scale * side)) for side in images.shape[2:]]
    shrunk = F.interpolate(images, size=small, mode="nearest-exact")
    return F.interpolate(shrunk, size=list(images.shape[2:]), mode="nearest-exact")


@distortion(
    name="quantization",
    group="spatial",
    values=(20, 16, 13, 10, 7),
    unit="thresholds",
    summary="few values left, between Otsu's thresholds",
    monotone=True,
)
def quantization(images: Tensor, thresholds: float, _: torch.Generator) -> Tensor:
    """Leave one value more than there are thresholds, the same for all planes of an image.

    As in KADID-10k's generator the thresholds are Otsu's for several classes, those that make the variance inside
    the classes least, over all planes together; a sample becomes the upper threshold of its class, in the lowest
    class 0 and in the highest 1. So most samples are raised, by up to the width of a class. Where no more values
    occur than would be left, the image stays as it is.

    Args:
        images: (N, C, H, W) in [0, 1]; rounded to 8 bits first. Each image has its own thresholds.
        thresholds: how many.
    """
    steps = (images * 255).round().long()
    palettes = [quantized(image.flatten().bincount(minlength=256).cpu().numpy(), int(thresholds)) for image in steps]
    tables = [torch.from_numpy(palette / 255).to(images) for palette in palettes]
    return torch.stack([table[image] for table, image in zip(tables, steps, strict=True)])


@distortion(
    name="colour-blocks",
    group="spatial",
    values=(2, 4, 6, 8, 10),
    unit="squares of 32 x 32 pixels",
    summary="squares of random colours over the image",
    monotone=True,
    batched=True,
)
@series_by_series
def colour_blocks(images: Tensor, count: float, generator: torch.Generator) -> Tensor:
    """Cover random places with squares of random colours.

    Sides are 32 pixels, half of the shorter side in images below 64.

    Args:
        images: (N, C, H, W) in [0, 1].
        count: squares in an image, whatever its size; they may overlap.
        generator: gives places and colours.
    """
    result = images.clone()
    side = _side(images, _BLOCK)
    room = [length - side for length in images.shape[2:]]
    for lot in zip(*[iter(draw(5 * int(count), generator))] * 5, strict=True):
        top, left = (round(part * free) for part, free in zip(lot[:2], room, strict=True))
        colour = images.new_tensor(lot[2 : 2 + images.shape[1]]).view(-1, 1, 1)
        result[..., top : top + side, left : left + side] = colour
    return result


def _side(images: Tensor, usual: int) -> int:
    return max(1, min(usual, min(images.shape[2:]) // 2))
