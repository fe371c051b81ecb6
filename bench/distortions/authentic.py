"""Authentic-like chains: what goes wrong in cameras and on the way from them, imitated in a few steps each.

These are this project's own; no dataset has been rated with them. Light is added up in linear light, which a
plain gamma of 2.2 stands in for.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from torch import Tensor

from bench.distortions import _filters
from bench.distortions._core import Randomness, colour_only, draw, normal, series_by_series
from bench.distortions.compression import jpeg
from bench.distortions.declaration import distortion
from bench.distortions.sharpness import over_sharpen

_GAMMA = 2.2
# Of a small sensor at high gain, on the scale where white is 1: 1 / 400 electrons, and 0.4 % of white.
_SHOT = 0.0025
_READ = 0.004
_HAZE = 0.9


def _to_light(images: Tensor) -> Tensor:
    return images**_GAMMA


def _to_image(light: Tensor) -> Tensor:
    return light.clamp(0, 1) ** (1 / _GAMMA)


@distortion(
    name="low-light",
    group="authentic",
    values=(0.7, 1.4, 2.2, 3, 4),
    unit="stops under",
    summary="underexposed with sensor noise, half of it raised again",
    monotone=True,
    batched=True,
)
def low_light(images: Tensor, stops: float, generator: Randomness) -> Tensor:
    """Expose too little, with the noise of a sensor, and raise half of what is missing afterwards.

    Args:
        images: (N, C, H, W) in [0, 1].
        stops: how often the light is halved.
        generator: gives the noise.
    """
    light = _to_light(images) * 2**-stops
    noise = (_SHOT * light + _READ**2).sqrt() * normal(images.shape[1:], generator, images)
    return _to_image((light + noise) * 2 ** (stops / 2))


@distortion(
    name="over-exposure",
    group="authentic",
    values=(0.3, 0.7, 1.1, 1.6, 2.2),
    unit="stops over",
    summary="overexposed, highlights clipped",
    monotone=True,
    batched=True,
)
def over_exposure(images: Tensor, stops: float, _: torch.Generator) -> Tensor:
    """Expose too long: highlights are clipped and colours burn out.

    Args:
        images: (N, C, H, W) in [0, 1].
        stops: how often the light is doubled.
    """
    return _to_image(_to_light(images) * 2**stops)


@distortion(
    name="hand-shake",
    group="authentic",
    values=(2, 5, 9, 14, 20),
    unit="path in pixels",
    summary="blur along a bent path",
    monotone=True,
    batched=True,
)
@series_by_series
def hand_shake(images: Tensor, length: float, generator: torch.Generator) -> Tensor:
    """Blur along a bent path, as of a hand that turns while the shutter is open.

    Args:
        images: (N, C, H, W) in [0, 1].
        length: of the path in pixels.
        generator: gives its direction and its bend, a turn of up to half a circle either way.
    """
    direction, bend = draw(2, generator)
    kernel = _arc(length, 2 * math.pi * direction, math.pi * (2 * bend - 1))
    return _to_image(_filters.convolve(_to_light(images), kernel))


def _arc(length: float, direction: float, turn: float) -> Tensor:
    """(k, k) float64: the time spent over each pixel, shared out linearly between neighbours."""
    count = 8 * math.ceil(length) + 1
    headings = direction + turn * torch.linspace(-0.5, 0.5, count, dtype=torch.float64)
    path = torch.cumsum(torch.stack([headings.sin(), headings.cos()]), 1) * length / count
    path -= path.mean(dim=1, keepdim=True)
    half = math.ceil(length / 2) + 1
    offsets = torch.arange(-half, half + 1, dtype=torch.float64)[:, None]
    rows, columns = ((1 - (offsets - along).abs()).clamp(min=0) for along in path)
    return torch.mm(rows, columns.T) / count


@distortion(
    name="defocus",
    group="authentic",
    values=(0.8, 1.5, 2.5, 4, 6),
    unit="radius in pixels",
    summary="disk blur in linear light under faint noise",
    monotone=True,
    batched=True,
)
def defocus(images: Tensor, radius: float, generator: Randomness) -> Tensor:
    """Blur by a disk in linear light, so that highlights grow into disks, under faint sensor noise.

    Args:
        images: (N, C, H, W) in [0, 1].
        radius: of the disk in pixels.
        generator: gives the noise (standard deviation 0.005), which a real lens does not blur.
    """
    blurred = _to_image(_filters.convolve(_to_light(images), _filters.disk(radius)))
    return (blurred + 0.005 * normal(images.shape[1:], generator, images)).clamp(0, 1)


@distortion(
    name="rescale",
    group="authentic",
    values=(1.5, 2, 3, 4.5, 7),
    unit="factor",
    summary="shrunk and enlarged again",
    monotone=True,
    batched=True,
)
@series_by_series
def rescale(images: Tensor, factor: float, generator: torch.Generator) -> Tensor:
    """Shrink and enlarge again, as a thumbnail shown large.

    Args:
        images: (N, C, H, W) in [0, 1].
        factor: of the shrinking.
        generator: decides, half the time each, whether shrinking is antialiased and whether enlarging is
            bilinear or bicubic.
    """
    careful, smooth = (lot < 0.5 for lot in draw(2, generator))
    size = list(images.shape[2:])
    small = [max(1, round(side / factor)) for side in size]
    shrunk = F.interpolate(images, size=small, mode="bicubic", align_corners=False, antialias=careful)
    mode = "bilinear" if smooth else "bicubic"
    return F.interpolate(shrunk, size=size, mode=mode, align_corners=False).clamp(0, 1)


@distortion(
    name="haze",
    group="authentic",
    values=(0.02, 0.06, 0.15, 0.35, 0.8),
    unit="optical depth",
    summary="bright haze, denser towards the top",
    monotone=True,
    batched=True,
)
def haze(images: Tensor, density: float, generator: Randomness) -> Tensor:
    """Mix in bright airlight, more of it where the scene is made out to be far.

    Koschmieder's law, light = scene * t + airlight * (1 - t) with t = exp(-density * depth). The depth is made
    up: from 0.5 at the bottom to 1.5 at the top, times a smooth random factor.

    Args:
        images: (N, C, H, W) in [0, 1].
        density: optical depth at a depth of 1.
        generator: gives the random factor.
    """
    height, width = images.shape[2:]
    lots = normal((1, 4, 4), generator, images).view(-1, 1, 4, 4)
    clouds = F.interpolate(lots, size=[height, width], mode="bicubic")
    slope = torch.linspace(1.5, 0.5, height, dtype=images.dtype, device=images.device)[:, None]
    clear = torch.exp(-density * slope * torch.exp(0.3 * clouds))
    return _to_image(_to_light(images) * clear + _HAZE * (1 - clear))


@distortion(
    name="denoise",
    group="authentic",
    values=(0.02, 0.04, 0.07, 0.11, 0.16),
    unit="standard deviation of the noise taken away",
    summary="noise smoothed away together with texture",
    monotone=True,
    batched=True,
)
def denoise(images: Tensor, sigma: float, generator: Randomness) -> Tensor:
    """Add noise and smooth it away together with the texture that it hid, edges kept.

    The smoother is a guided filter with the image as its own guide (He, Sun, Tang: "Guided Image Filtering",
    ECCV 2010), as phones do it: skin like wax, grass like water-colour.

    Args:
        images: (N, C, H, W) in [0, 1].
        sigma: standard deviation of the noise; the filter smooths what varies by less than twice that.
        generator: gives the noise.
    """
    noisy = (images + sigma * normal(images.shape[1:], generator, images)).clamp(0, 1)
    return _smooth(noisy, 2 * sigma)


def _smooth(images: Tensor, weak: float) -> Tensor:
    radius = 4
    mean = _filters.box(images, radius)
    variance = (_filters.box(images.square(), radius) - mean.square()).clamp(min=0)
    keep = variance / (variance + weak**2)
    return (_filters.box(keep, radius) * images + _filters.box(mean * (1 - keep), radius)).clamp(0, 1)


@distortion(
    name="white-balance",
    group="authentic",
    values=(0.1, 0.2, 0.35, 0.55, 0.8),
    unit="log of the largest gain",
    summary="tinted by wrong gains of R, G and B",
    monotone=True,
    batched=True,
)
@series_by_series
@colour_only
def white_balance(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Multiply R, G and B by wrong gains in linear light, luma kept for a grey.

    Args:
        images: (N, 3, H, W) in [0, 1]; a grey image stays as it is.
        strength: natural logarithm of the largest gain.
        generator: gives the tint: mostly towards orange or blue, partly towards green or magenta.
    """
    (turn,) = draw(1, generator)
    warm, green = math.cos(2 * math.pi * turn), 0.5 * math.sin(2 * math.pi * turn)
    gains = torch.exp(strength * images.new_tensor([warm - green / 2, green, -warm - green / 2]))
    gains = gains / (gains * images.new_tensor([0.2126, 0.7152, 0.0722])).sum()
    return _to_image(_to_light(images) * gains.view(3, 1, 1))


@distortion(
    name="phone-pipeline",
    group="authentic",
    values=(0.1, 0.25, 0.45, 0.7, 1),
    unit="strength",
    summary="noise, smoothing, sharpening, JPEG",
    monotone=True,
)
def phone_pipeline(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Noise, smoothing, sharpening and JPEG, one after the other.

    Args:
        images: (N, C, H, W) in [0, 1].
        strength: 0 to 1: noise of 0.02 to 0.1, an unsharp mask of 0.3 to 1.8, JPEG quality 90 to 30.
        generator: gives the noise.
    """
    smoothed = denoise(images, 0.02 + 0.08 * strength, generator)
    sharpened = over_sharpen(smoothed, 0.3 + 1.5 * strength, generator)
    return jpeg(sharpened, 90 - 60 * strength, generator)
