"""Simple measured statistics of photographs, and how alike two sets of photographs are by them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from bench.api import FloatArray, Pixels

STATISTICS = {
    "size": "base-2 logarithm of the megapixels",
    "brightness": "mean of the luma, 0 to 255",
    "contrast": "standard deviation of the luma",
    "sharpness": "base-10 logarithm of the variance of the Laplacian of the luma",
    "noise": "base-10 logarithm of Immerkaer's estimate of the noise, plus 0.1",
    "colourfulness": "of Hasler and Suesstrunk",
    "compression": "base-2 logarithm of the steps across 8 x 8 blocks over those inside",
}
"""What is measured of the middle 1024 x 1024 pixels (its size: of all), and how."""
_SIDE = 1024
# Sets of one size or of one camera hardly vary: differences below these say nothing of quality.
_LEAST = np.array([1.0, 20.0, 10.0, 0.3, 0.3, 10.0, 0.2])


@dataclass(frozen=True)
class Measured:
    """Statistics of a set of photographs.

    Attributes:
        n: how many were measured.
        mean: (7,) in the order of ``STATISTICS``.
        deviation: (7,).
        origin: which photographs.
    """

    n: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    origin: str = ""


def measure(pixels: Pixels) -> FloatArray:
    """Return the statistics (7,) of a photograph (H, W, 3), uint8 RGB.

    Example:
        >>> [float(value) for value in measure(np.zeros((1000, 1000, 3), dtype=np.uint8))]
        [0.0, 0.0, 0.0, -1.0, -1.0, 0.0, 0.0]
    """
    height, width = pixels.shape[:2]
    top, left = max(0, height - _SIDE) // 2 // 8 * 8, max(0, width - _SIDE) // 2 // 8 * 8
    middle = pixels[top : top + _SIDE, left : left + _SIDE].astype(np.float64)
    luma = middle @ [0.299, 0.587, 0.114]
    return np.array(
        [
            math.log2(height * width / 1e6),
            luma.mean(),
            luma.std(),
            *_edges(luma),
            _colourfulness(middle),
            _blocking(luma),
        ]
    )


def _edges(luma: FloatArray) -> tuple[float, float]:
    if min(luma.shape) < 3:
        return -1.0, -1.0
    rows = luma[:-2] + luma[2:]
    laplacian = rows[:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * luma[1:-1, 1:-1]
    # Immerkaer 1996: the difference of two Laplacians, which edges hardly touch.
    noise = rows[:, :-2] + rows[:, 2:] - 2 * rows[:, 1:-1]
    noise = noise - 2 * (luma[1:-1, :-2] + luma[1:-1, 2:] - 2 * luma[1:-1, 1:-1])
    sigma = math.sqrt(math.pi / 2) * np.abs(noise).mean() / 6
    return math.log10(float(laplacian.var()) + 0.1), math.log10(sigma + 0.1)


def _colourfulness(pixels: FloatArray) -> float:
    red, green, blue = np.moveaxis(pixels, 2, 0)
    one, two = red - green, (red + green) / 2 - blue
    return float(np.hypot(one.std(), two.std()) + 0.3 * np.hypot(one.mean(), two.mean()))


def _blocking(luma: FloatArray) -> float:
    across, inside = [], []
    for steps in (np.abs(np.diff(luma, axis=1)), np.abs(np.diff(luma, axis=0)).T):
        border = np.arange(steps.shape[1]) % 8 == 7
        if border.any():
            across.append(steps[:, border].mean())
            inside.append(steps[:, ~border].mean())
    return math.log2((sum(across) + 0.1) / (sum(inside) + 0.1)) if across else 0.0


def summarise(values: Sequence[FloatArray], origin: str = "") -> Measured:
    """Return the statistics of a set from those of its photographs (n, 7), at least one."""
    every = np.stack(values)
    return Measured(len(every), tuple(map(float, every.mean(0))), tuple(map(float, every.std(0))), origin)


def resemblance(a: Measured, b: Measured) -> float:
    """Return how alike two sets are, from 0 to 1.

    exp(-d²/2), where d² is the mean over the statistics of the squared difference of the sets' means, in units of the
    mean of their two variances, or of a fixed least step where they hardly vary.

    Example:
        >>> one = Measured(9, (0.0,) * 7, (20.0,) * 7)
        >>> resemblance(one, one), round(resemblance(one, Measured(9, (40.0,) * 7, (20.0,) * 7)), 3)
        (1.0, 0.135)
    """
    mean, deviation = (np.array([getattr(each, name) for each in (a, b)]) for name in ("mean", "deviation"))
    spread = np.maximum((deviation**2).mean(axis=0), _LEAST**2)
    return math.exp(-float(((mean[0] - mean[1]) ** 2 / spread).mean()) / 2)


def shipped() -> dict[str, Measured]:
    """Return the statistics of rated datasets that were measured in advance, by their ids."""
    text = resources.files("bench.picking").joinpath("measured.json").read_text(encoding="utf-8")
    return {
        name: Measured(one["n"], tuple(one["mean"]), tuple(one["deviation"]), one["origin"])
        for name, one in json.loads(text).items()
    }
