"""The two public definitions of the 24 types, written here from what their code does, for comparison alone.

KADID-10k's generator is MATLAB (``imdist_generator``, with its folder of functions); ARNIQA's training code is Python
(``utils/distortions.py``, levels in ``utils/utils_data.py``). Images are (H, W, 3) float64 in [0, 1]; a function takes
one, the value of a level and a generator, and may leave [0, 1]. Codecs are Pillow's, as MATLAB's are not at hand.

Of ARNIQA's code its slips are kept where they change the strength: channels reversed before every conversion to L*a*b*,
edges whose weight is not stretched, margins that move the image. Left out are the weights of its disk's rim, and that
its impulse noise cannot index a tensor and its spline no single point.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as Pictures
from scipy import ndimage
from scipy.interpolate import CubicSpline
from skimage import color

from bench.distortions._quantize import otsu_thresholds

Image: TypeAlias = NDArray[np.float64]
Degrade: TypeAlias = Callable[[Image, float, Generator], Image]


def stretched(image: Image) -> Image:
    """Bring the least value to 0 and the largest to 1."""
    low, high = image.min(), image.max()
    return (image - low) / (high - low) if low < high else image


def luma(image: Image) -> Image:
    return image @ np.array([0.299, 0.587, 0.114])


def from_lab(lab: Image) -> Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # colours beyond the gamut
        return np.asarray(color.lab2rgb(lab))


def gaussian(planes: Image, sigma: float, radius: int | None = None) -> Image:
    reach = math.ceil(2 * sigma) if radius is None else radius
    return ndimage.gaussian_filter(planes, sigma, mode="nearest", radius=reach, axes=(0, 1))


def filtered(image: Image, kernel: Image) -> Image:
    return ndimage.correlate(image, kernel[:, :, None] / kernel.sum(), mode="nearest")


# Definitions that both have.


def gaussian_blur(image: Image, sigma: float, _: Generator) -> Image:
    return gaussian(image, sigma)


def lens_blur(image: Image, radius: float, _: Generator) -> Image:
    half = math.ceil(radius - 0.5)
    fine = (np.arange((2 * half + 1) * 32) + 0.5) / 32 - half - 0.5
    inside = fine[:, None] ** 2 + fine**2 <= radius**2
    return filtered(image, inside.reshape(2 * half + 1, 32, -1, 32).mean((1, 3)))


def motion_blur(image: Image, length: float, rng: Generator) -> Image:
    angle, half = math.radians(rng.integers(0, 181)), (length - 1) / 2
    places = np.mgrid[-math.ceil(half) : math.ceil(half) + 1, -math.ceil(half) : math.ceil(half) + 1]
    direction = np.array([math.sin(angle), math.cos(angle)])
    along = np.tensordot(direction, places, 1)
    nearest = np.clip(along, -half, half) * direction[:, None, None]
    return filtered(image, np.clip(1 - np.hypot(*(places - nearest)), 0, None))


def saturation_hsv(image: Image, factor: float, _: Generator) -> Image:
    high = image.max(2, keepdims=True)
    return high - factor * (high - image)


def curve(image: Image, *points: tuple[float, float]) -> Image:
    """A spline through (0, 0), the points and (1, 1)."""
    across, up = zip((0.0, 0.0), *points, (1.0, 1.0), strict=True)
    return np.asarray(CubicSpline(across, up)(image)).clip(0, 1)


def darken(image: Image, amount: float, _: Generator) -> Image:
    return curve(image, (0.5, 0.5 - amount / 2))


def mean_shift(image: Image, offset: float, _: Generator) -> Image:
    return (image + offset).clip(0, 1)


def linear_contrast(image: Image, amount: float, _: Generator) -> Image:
    return curve(image, (0.3, 0.25 - amount / 4), (0.5, 0.5), (0.7, 0.75 + amount / 4))


def white_noise(image: Image, variance: float, rng: Generator) -> Image:
    return image + math.sqrt(variance) * rng.standard_normal(image.shape)


def impulse_noise(image: Image, density: float, rng: Generator) -> Image:
    lot = rng.random(image.shape)
    return np.where(lot < density / 2, 1.0, np.where(lot < density, 0.0, image))


def patches(image: Image, count: float, rng: Generator) -> Image:
    result, sizes = image.copy(), np.array(image.shape[:2])
    for _ in range(int(count)):
        top, left = 16 + np.round(rng.random(2) * (sizes - 48)).astype(int)
        patch = result[top : top + 16, left : left + 16].copy()
        down, right = np.round((rng.random(2) - 0.5) * 16 + (top, left)).astype(int)
        result[down : down + 16, right : right + 16] = patch
    return result


def colour_blocks(image: Image, count: float, rng: Generator) -> Image:
    result, sizes = image.copy(), np.array(image.shape[:2])
    for _ in range(int(count)):
        colour = rng.random(3)
        top, left = (rng.random(2) * (sizes - 32)).astype(int)
        result[top : top + 32, left : left + 32] = colour
    return result


def colour_diffusion(image: Image, amount: float, _: Generator) -> Image:
    lab = color.rgb2lab(image)
    lab[:, :, 1:] = gaussian(lab[:, :, 1:], 1.5 * amount + 2) * amount
    return from_lab(lab)


def saturation_lab(image: Image, factor: float, _: Generator) -> Image:
    return from_lab(color.rgb2lab(image) * [1, factor, factor])


def brighten(image: Image, amount: float, _: Generator) -> Image:
    lab = color.rgb2lab(image)
    lab[:, :, 0] = 100 * curve(lab[:, :, 0] / 100, (0.5, 0.5 + amount / 2))
    return (2 * curve(image, (0.5, 0.5 + amount / 2)) + from_lab(lab)) / 3


def compressed(pixels: Image, codec: str, **options: Any) -> Image:
    file = io.BytesIO()
    Pictures.fromarray(pixels.astype(np.uint8)).save(file, codec, **options)
    return np.asarray(Pictures.open(file)) / 255


# KADID-10k's generator.


def kadid_colour_shift(image: Image, amount: float, rng: Generator) -> Image:
    edges = stretched(gaussian(np.hypot(*np.gradient(luma(image))), 4)).clip(0.1, 1)
    low, high = np.percentile(edges, (1, 99))
    direction = rng.random(2)
    down, right = np.round(amount * direction / np.hypot(*direction)).astype(int)
    padded = np.pad(image[:, :, 1], int(amount), mode="edge")
    moved = np.roll(padded, (down, right), (0, 1))[int(amount) : -int(amount), int(amount) : -int(amount)]
    weight = stretched(edges.clip(low, high))
    return np.stack([image[:, :, 0], weight * moved + (1 - weight) * image[:, :, 1], image[:, :, 2]], 2)


def kadid_jpeg2000(image: Image, ratio: float, _: Generator) -> Image:
    return compressed(
        (255 * image).round(), "JPEG2000", quality_mode="rates", quality_layers=[ratio], irreversible=True
    )


def kadid_jpeg(image: Image, quality: float, _: Generator) -> Image:
    return compressed((255 * image).round(), "JPEG", quality=int(quality))


def kadid_noise_ycbcr(image: Image, variance: float, rng: Generator) -> Image:
    noisy = color.rgb2ycbcr(image) / 255 + math.sqrt(variance) * rng.standard_normal(image.shape)
    return np.asarray(color.ycbcr2rgb(255 * noisy.clip(0, 1)))


def kadid_speckle(image: Image, variance: float, rng: Generator) -> Image:
    return image * (1 + math.sqrt(12 * variance) * (rng.random(image.shape) - 0.5))


def keys(distance: Image) -> Image:
    x = np.abs(distance)
    return np.where(x < 1, 1 + x * x * (1.5 * x - 2.5), np.where(x < 2, 2 + x * (-4 + x * (2.5 - 0.5 * x)), 0))


def kadid_jitter(image: Image, amount: float, rng: Generator) -> Image:
    grid, last = np.indices(image.shape[:2]), np.array(image.shape[:2])[:, None, None] - 1
    for _ in range(5):
        places = grid - amount * rng.standard_normal(grid.shape)
        base, read = np.floor(places).astype(int), np.zeros_like(image)
        for step in np.ndindex(4, 4):
            taps = base + np.reshape(step, (2, 1, 1)) - 1
            rows, columns = taps.clip(0, last)
            read += image[rows, columns] * np.prod(keys(places - taps), axis=0)[:, :, None]
        image = read
    return image


def kadid_pixelate(image: Image, strength: float, _: Generator) -> Image:
    # MATLAB's imresize rounds the size up and keeps the scale: far from the first corner the two ways do not meet.
    scale = 0.95 - strength**0.6
    for side in (0, 1):
        size = image.shape[side]
        small = math.ceil(scale * size)
        kept = ((np.arange(small) + 0.5) / scale).astype(int).clip(0, size - 1)
        image = image.take(kept, side).take(((np.arange(size) + 0.5) * small / size).astype(int), side)
    return image


def kadid_quantization(image: Image, count: float, _: Generator) -> Image:
    steps = (255 * image).round().astype(int)
    ends = otsu_thresholds(np.bincount(steps.ravel(), minlength=256), int(count))
    return (np.array([0, *ends[1:], 255]) / 255)[np.searchsorted(ends, steps)]


def sharpened(image: Image, amount: float, sigma: float) -> Image:
    lab = color.rgb2lab(image)
    light = lab[:, :, 0]
    lab[:, :, 0] = light + amount * (light - gaussian(light, sigma, radius=6))
    return from_lab(lab)


def kadid_sharpen(image: Image, amount: float, _: Generator) -> Image:
    return sharpened(image, amount, 3)


KADID: dict[str, tuple[Degrade, tuple[float, ...]]] = {
    "gaussian-blur": (gaussian_blur, (0.1, 0.5, 1, 2, 5)),
    "lens-blur": (lens_blur, (1, 2, 4, 6, 8)),
    "motion-blur": (motion_blur, (1, 2, 4, 6, 10)),
    "colour-diffusion": (colour_diffusion, (1, 3, 6, 8, 12)),
    "colour-shift": (kadid_colour_shift, (1, 3, 6, 8, 12)),
    "saturation-hsv": (saturation_hsv, (0.4, 0.2, 0.1, 0, -0.4)),
    "saturation-lab": (saturation_lab, (1, 2, 3, 6, 9)),
    "jpeg2000": (kadid_jpeg2000, (16, 32, 45, 120, 400)),
    "jpeg": (kadid_jpeg, (43, 36, 24, 7, 4)),
    "white-noise": (white_noise, (0.001, 0.002, 0.003, 0.005, 0.01)),
    "white-noise-ycbcr": (kadid_noise_ycbcr, (0.0001, 0.0005, 0.001, 0.002, 0.003)),
    "impulse-noise": (impulse_noise, (0.001, 0.005, 0.01, 0.02, 0.03)),
    "multiplicative-noise": (kadid_speckle, (0.001, 0.005, 0.01, 0.02, 0.05)),
    "brighten": (brighten, (0.1, 0.2, 0.4, 0.7, 1.1)),
    "darken": (darken, (0.05, 0.1, 0.2, 0.4, 0.8)),
    "mean-shift": (mean_shift, (0.15, 0.08, 0, -0.08, -0.15)),
    "jitter": (kadid_jitter, (0.05, 0.1, 0.2, 0.5, 1)),
    "patches": (patches, (20, 40, 60, 80, 100)),
    "pixelate": (kadid_pixelate, (0.01, 0.05, 0.1, 0.2, 0.5)),
    "quantization": (kadid_quantization, (20, 16, 13, 10, 7)),
    "colour-blocks": (colour_blocks, (2, 4, 6, 8, 10)),
    "over-sharpen": (kadid_sharpen, (1, 2, 3, 6, 12)),
    "linear-contrast": (linear_contrast, (0.3, 0.15, 0, -0.4, -0.6)),
}
"""The generator's own lists; colour quantization with dither and denoising are not among the 24."""


# ARNIQA's training code.


def reversed_channels(function: Degrade) -> Degrade:
    return lambda image, value, rng: function(image[:, :, ::-1], value, rng)[:, :, ::-1]


def arniqa_colour_shift(image: Image, amount: float, rng: Generator) -> Image:
    weight = stretched(gaussian(np.hypot(*np.gradient(luma(image))), 4))
    direction = rng.random(2)
    down, right = (amount * direction / np.hypot(*direction)).round().astype(int)
    # The sides are padded by each other's distance.
    padded = np.roll(np.pad(image[:, :, 1], ((right, right), (down, down)), mode="edge"), (down, right), (0, 1))
    moved = padded[right : padded.shape[0] - right, down : padded.shape[1] - down]
    return np.stack([image[:, :, 0], weight * moved + (1 - weight) * image[:, :, 1], image[:, :, 2]], 2)


def arniqa_jpeg2000(image: Image, ratio: float, _: Generator) -> Image:
    return compressed(255 * image, "JPEG2000", quality_mode="rates", quality_layers=[ratio], num_resolutions=8)


def arniqa_jpeg(image: Image, quality: float, _: Generator) -> Image:
    return compressed(255 * image, "JPEG", quality=int(quality))


def arniqa_noise_ycbcr(image: Image, variance: float, rng: Generator) -> Image:
    light, blue, red = np.moveaxis(math.sqrt(variance) * rng.standard_normal(image.shape), 2, 0)
    return image + np.stack([light + 1.403 * red, light - 0.714 * red - 0.344 * blue, light + 1.773 * blue], 2)


def arniqa_multiplicative(image: Image, variance: float, rng: Generator) -> Image:
    return image * (1 + math.sqrt(variance) * rng.standard_normal(image.shape))


def arniqa_jitter(image: Image, amount: float, rng: Generator) -> Image:
    grid = np.indices(image.shape[:2])
    for _ in range(5):
        moves = amount * rng.standard_normal(grid.shape)
        # Its margins are swapped between rows and columns: where they differ, the whole image moves.
        down, right = np.ceil(np.abs(moves.max((1, 2)))).astype(int)
        places = grid - moves + np.reshape((right - down, down - right), (2, 1, 1))
        planes = np.moveaxis(image, 2, 0)
        image = np.stack([ndimage.map_coordinates(plane, places, order=1, mode="nearest") for plane in planes], 2)
    return image


def arniqa_pixelate(image: Image, strength: float, _: Generator) -> Image:
    # Corners are matched instead of centres: the image moves by about a pixel.
    for side in (0, 1):
        size = image.shape[side]
        small = int((0.95 - strength**0.6) * size)
        image = image.take(np.arange(small) * size // small, side).take(np.arange(size) * small // size, side)
    return image


def arniqa_quantization(image: Image, count: float, _: Generator) -> Image:
    edges = (np.arange(int(count)) * 255 / int(count)).astype(int)
    return stretched(np.searchsorted(np.append(edges, 256), 255 * image).astype(float))


def arniqa_sharpen(image: Image, amount: float, _: Generator) -> Image:
    return sharpened(image, amount, 6)


def non_linear_contrast(image: Image, reach: float, _: Generator) -> Image:
    return 0.5 - reach + 2 * reach * image


ARNIQA: dict[str, tuple[Degrade, tuple[float, ...]]] = KADID | {
    "colour-diffusion": (reversed_channels(colour_diffusion), KADID["colour-diffusion"][1]),
    "colour-shift": (arniqa_colour_shift, KADID["colour-shift"][1]),
    "saturation-lab": (reversed_channels(saturation_lab), KADID["saturation-lab"][1]),
    "jpeg2000": (arniqa_jpeg2000, (16, 32, 45, 120, 170)),
    "jpeg": (arniqa_jpeg, KADID["jpeg"][1]),
    "white-noise-ycbcr": (arniqa_noise_ycbcr, KADID["white-noise-ycbcr"][1]),
    "multiplicative-noise": (arniqa_multiplicative, KADID["multiplicative-noise"][1]),
    "brighten": (reversed_channels(brighten), KADID["brighten"][1]),
    "mean-shift": (mean_shift, (0, 0.08, -0.08, 0.15, -0.15)),
    "jitter": (arniqa_jitter, KADID["jitter"][1]),
    "pixelate": (arniqa_pixelate, KADID["pixelate"][1]),
    "quantization": (arniqa_quantization, KADID["quantization"][1]),
    "over-sharpen": (reversed_channels(arniqa_sharpen), KADID["over-sharpen"][1]),
    "linear-contrast": (linear_contrast, (0, 0.15, -0.4, 0.3, -0.6)),
    "non-linear-contrast": (non_linear_contrast, (0.4, 0.3, 0.2, 0.1, 0.05)),
}
