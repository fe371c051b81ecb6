"""Natural-scene statistics of whole images, which a deep encoder tends to lose; on numpy's arrays and torch's tensors.

Of every image the mean-subtracted contrast-normalised (MSCN) luma and its products with four neighbours are
taken at three scales, as NIQE and BRISQUE do. Instead of fitting generalised Gaussians, the moments that such
a fit matches are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace

FEATURES = 82
"""How many numbers ``scene_statistics`` gives an image."""

_SCALES = 3
_LUMA = (0.299, 0.587, 0.114)
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
_TINY = 1e-8

_REACH = 3
_SIGMA = 7 / 6  # of the 7x7 window, as in BRISQUE
_WINDOW = [float(weight) for weight in np.exp(-(np.arange(_REACH + 1.0) ** 2) / (2 * _SIGMA**2))]
_WINDOW = [weight / (2 * sum(_WINDOW) - _WINDOW[0]) for weight in _WINDOW]  # the middle, and to either side


def scene_statistics(images: Any) -> Any:
    """Return the statistics (N, 82) of images (N, 3, H, W), RGB in [0, 1].

    Per scale 20 moments of the MSCN luma and its products with neighbours, and 4 numbers on the local standard
    deviation (how sharp, and how unevenly so); then 10 on luma and colour. Sides of at least 16 pixels.
    """
    xp = array_namespace(images)
    luma = sum(weight * images[:, channel] for channel, weight in enumerate(_LUMA))
    found: list[Any] = []
    grey = 255 * luma
    for _ in range(_SCALES):
        normalised, deviation = _mscn(grey)
        found += _moments(normalised)
        for shift in _NEIGHBOURS:
            found += _moments(normalised * xp.roll(normalised, shift, axis=(1, 2)))
        found += _sharpness(deviation)
        grey = _halved(grey)
    return xp.stack([*found, *_tones(luma, images)], axis=1)


def _mscn(grey: Any) -> tuple[Any, Any]:
    """Return the normalised image and the local standard deviation of (N, H, W) in grey levels 0 to 255."""
    xp = array_namespace(grey)
    # In 32 bits the difference of squares leaves a deviation of 0.1 where an image is flat.
    wide = xp.astype(grey, xp.float64)
    mean = _blur(wide)
    deviation = xp.sqrt(xp.abs(_blur(wide * wide) - mean * mean))
    return xp.astype((wide - mean) / (deviation + 1), grey.dtype), xp.astype(deviation, grey.dtype)


def _blur(grey: Any) -> Any:
    """Blur (N, H, W) along both sides; beyond the border its cells go on."""
    xp = array_namespace(grey)
    for axis in (1, 2):
        length = grey.shape[axis]
        places = xp.clip(xp.arange(-_REACH, length + _REACH, device=grey.device), 0, length - 1)
        wide = xp.take(grey, places, axis=axis)
        at = [wide[:, k : k + length] if axis == 1 else wide[:, :, k : k + length] for k in range(2 * _REACH + 1)]
        grey = _WINDOW[0] * grey
        for reach in range(1, _REACH + 1):
            grey = grey + _WINDOW[reach] * (at[_REACH - reach] + at[_REACH + reach])
    return grey


def _halved(grey: Any) -> Any:
    """Return means (N, H // 2, W // 2) over 2x2 pixels."""
    even = grey[:, : grey.shape[1] // 2 * 2, : grey.shape[2] // 2 * 2]
    return (even[:, ::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, ::2] + even[:, 1::2, 1::2]) / 4


def _moments(values: Any) -> list[Any]:
    """Return four numbers (N,): squared mean magnitude over mean square, spread to either side, mean."""
    xp = array_namespace(values)
    flat = xp.reshape(values, (values.shape[0], -1))
    squares = flat * flat
    right = xp.mean(xp.where(flat > 0, squares, xp.zeros_like(flat)), axis=1)
    both = xp.mean(squares, axis=1)
    ratio = xp.mean(xp.abs(flat), axis=1) ** 2 / (both + _TINY)
    left = xp.clip(both - right, 0, None)
    return [ratio, xp.sqrt(left + _TINY), xp.sqrt(right + _TINY), xp.mean(flat, axis=1)]


def _sharpness(deviation: Any) -> list[Any]:
    xp = array_namespace(deviation)
    logs = xp.log(xp.reshape(deviation, (deviation.shape[0], -1)) + 0.5)
    return [xp.mean(logs, axis=1), xp.std(logs, axis=1, correction=1), *_quantiles(logs, (0.9, 0.1))]


def _tones(luma: Any, images: Any) -> list[Any]:
    """Return ten numbers (N,): quantiles and spread of luma, mean and spread of two opponent colours."""
    xp = array_namespace(images)
    flat = xp.reshape(luma, (luma.shape[0], -1))
    red, green, blue = (xp.reshape(images[:, channel], flat.shape) for channel in range(3))
    opponents = (red - green, (red + green) / 2 - blue)
    return [
        *_quantiles(flat, (0.02, 0.25, 0.5, 0.75, 0.98)),
        xp.std(flat, axis=1, correction=1),
        *(xp.mean(colour, axis=1) for colour in opponents),
        *(xp.std(colour, axis=1, correction=1) for colour in opponents),
    ]


def _quantiles(flat: Any, shares: Sequence[float]) -> list[Any]:
    """Return a number (N,) for each share, between two values of (N, M) in proportion."""
    xp = array_namespace(flat)
    ordered = xp.sort(flat, axis=1, stable=False)
    found = []
    for share in shares:
        place = share * (flat.shape[1] - 1)
        below = int(place)
        above = min(below + 1, flat.shape[1] - 1)
        found.append(ordered[:, below] + (place - below) * (ordered[:, above] - ordered[:, below]))
    return found
