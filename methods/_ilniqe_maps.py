"""The maps whose statistics IL-NIQE takes, as pure functions of arrays.

Source: L. Zhang, L. Zhang, A. C. Bovik, "A feature-enriched completely blind image quality evaluator", IEEE
Transactions on Image Processing 24(8), 2015, and the behaviour of the authors' MATLAB release. Maps are float32.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray

Map = NDArray[np.float32]
"""(H, W)."""

_OPPONENT = np.array([[0.3, 0.04, -0.35], [0.34, -0.6, 0.17], [0.06, 0.63, 0.27]])
"""Rows: two opponent colours and the luminance, of red, green and blue."""

_DERIVATIVE_SIGMA, _DERIVATIVE_SHRINK = 1.66, 0.28
_WAVELENGTH, _WAVELENGTH_SHRINK, _WAVELENGTH_STEP = 2.4, 0.87, 1.31
_BANDWIDTH = 0.55  # a log-Gabor filter's spread over its centre frequency
_WAVES, _ORIENTATIONS = 3, 4
_ANGULAR_SPREAD = math.pi / _ORIENTATIONS / 1.10  # standard deviation in radians
_TILE = 84  # pixels that one product of matrices filters


def opponent(rgb: Map) -> Map:
    """Return the two opponent colours and the luminance (3, H, W) of an image (3, H, W)."""
    return np.tensordot(_OPPONENT.astype(np.float32), rgb, 1)


def log_opponent(rgb: Map) -> Map:
    """Return intensity, blue-yellow and red-green (3, H, W) of an image's logarithms (3, H, W), each of mean 0."""
    logarithm = np.log(rgb + np.float32(1e-5))
    logarithm -= logarithm.mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(np.float32)
    red, green, blue = logarithm
    return np.stack(
        [
            (red + green + blue) / np.float32(math.sqrt(3)),
            (red + green - 2 * blue) / np.float32(math.sqrt(6)),
            (red - green) / np.float32(math.sqrt(2)),
        ]
    )


def normalised(luminance: Map) -> tuple[Map, Map]:
    """Return the mean-subtracted contrast-normalised luminance (MSCN) and the local standard deviation."""
    from scipy.ndimage import gaussian_filter

    exact = luminance.astype(np.float64)
    mean, square = (gaussian_filter(values, 5 / 6, radius=2, mode="nearest") for values in (exact, exact**2))
    deviation = np.sqrt(np.abs(square - mean**2))
    return ((exact - mean) / (deviation + 1)).astype(np.float32), deviation.astype(np.float32)


def halved(image: Map) -> Map:
    """Smooth an image (C, H, W) and keep every second row and column."""
    from scipy.ndimage import correlate1d

    window = _gaussian(np.arange(6) - 2.5, 0.9)  # even: its middle lies half a pixel towards the end
    window /= window.sum()
    smooth = image.astype(np.float64)
    for axis in (1, 2):
        smooth = correlate1d(smooth, window, axis, mode="nearest", origin=-1)
    return np.ascontiguousarray(smooth[:, ::2, ::2], dtype=np.float32)


class Gradient(NamedTuple):
    """Derivatives of a map along its rows and its columns."""

    along_rows: Map
    along_columns: Map

    def log_magnitude(self) -> Map:
        """Return the logarithm of the gradient's magnitude, which the release keeps above 1e-4."""
        square = self.along_rows**2
        square += self.along_columns**2
        square += np.float32(1e-8)
        np.log(square, out=square)
        square *= np.float32(0.5)
        return square


def gradient(values: Map, scale: int) -> Gradient:
    """Convolve a map with the derivatives of a Gaussian; it is 0 outside.

    Args:
        values: (H, W).
        scale: 1 or 2; the Gaussian is narrower at the second scale.
    """
    smooth, derive = _bands(scale)
    margin = (len(smooth) - _TILE) // 2
    padded = np.pad(values, ((margin, margin), (0, 0)))
    return Gradient(
        _filter_rows(_filter_columns(padded, smooth), derive),
        _filter_rows(_filter_columns(padded, derive), smooth),
    )


@functools.cache
def _bands(scale: int) -> tuple[Map, Map]:
    """Return the Gaussian and its derivative as matrices that filter a tile: (tile and margins, tile)."""
    sigma = _DERIVATIVE_SIGMA / scale**_DERIVATIVE_SHRINK
    reach = math.ceil(3 * sigma)
    offsets = np.arange(-reach, reach + 1)
    window = _gaussian(offsets, sigma)
    return _band(window), _band(-offsets * window)


def _gaussian(offsets: NDArray[np.number], sigma: float) -> FloatArray:
    return np.asarray(np.exp(-(offsets**2) / (2 * sigma**2)))


def _band(window: FloatArray) -> Map:
    band = np.zeros((_TILE + len(window) - 1, _TILE), np.float32)
    for column in range(_TILE):
        band[column : column + len(window), column] = window
    return band


def _filter_columns(padded: Map, band: Map) -> Map:
    """Filter (H + 2m, W) along the columns and give the result the margins that rows need: (H, W + 2m).

    A product of matrices is the fastest way that numpy has.
    """
    margin = (len(band) - _TILE) // 2
    height, width = padded.shape[0] - 2 * margin, padded.shape[1]
    result = np.zeros((height, width + 2 * margin), np.float32)
    for start in range(0, height, _TILE):
        rows = min(_TILE, height - start)
        strip = padded[start : start + rows + 2 * margin]
        np.matmul(band[: len(strip), :rows].T, strip, out=result[start : start + rows, margin : margin + width])
    return result


def _filter_rows(padded: Map, band: Map) -> Map:
    """Filter (H, W + 2m) along the rows: (H, W)."""
    margin = (len(band) - _TILE) // 2
    width = padded.shape[1] - 2 * margin
    result = np.empty((padded.shape[0], width), np.float32)
    for start in range(0, width, _TILE):
        columns = min(_TILE, width - start)
        strip = padded[:, start : start + columns + 2 * margin]
        np.matmul(strip, band[: strip.shape[1], :columns], out=result[:, start : start + columns])
    return result


def log_gabor(luminance: Map, scale: int) -> Iterator[Map]:
    """Yield the responses to log-Gabor filters: of three wavelengths by four orientations, the even and the odd one.

    Args:
        luminance: (H, W).
        scale: 1 or 2; wavelengths are shorter at the second scale.
    """
    from scipy import fft

    spectrum = fft.fft2(luminance)
    for response in _filters(*luminance.shape, scale):
        both = fft.ifft2(spectrum * response, overwrite_x=True)
        yield np.ascontiguousarray(both.real)
        yield np.ascontiguousarray(both.imag)


@functools.lru_cache(maxsize=4)
def _filters(height: int, width: int, scale: int) -> Map:
    """Return the log-Gabor filters (12, H, W) by wavelength and orientation, frequency 0 first."""
    x, y = np.meshgrid(_frequencies(width), _frequencies(height))
    radius = np.hypot(x, y)
    radius[0, 0] = 1  # any value whose logarithm exists
    angle = np.arctan2(-y, x)
    found = []
    for wave in range(_WAVES):
        centre = _WAVELENGTH_STEP**-wave * scale**_WAVELENGTH_SHRINK / _WAVELENGTH
        radial = np.exp(-(np.log(radius / centre) ** 2) / (2 * math.log(_BANDWIDTH) ** 2))
        radial[0, 0] = 0
        for orientation in range(_ORIENTATIONS):
            turned = angle - orientation * math.pi / _ORIENTATIONS
            off = np.abs(np.arctan2(np.sin(turned), np.cos(turned)))
            found.append(radial * np.exp(-(off**2) / (2 * _ANGULAR_SPREAD**2)))
    return np.array(found, np.float32)


def _frequencies(size: int) -> FloatArray:
    """Return the frequencies of a side as the release counts them: an odd one ends at exactly 1/2."""
    middle = size // 2 if size % 2 == 0 else (size - 1) / 2
    return np.asarray(np.fft.ifftshift((np.arange(size) - middle) / (size if size % 2 == 0 else size - 1)))
