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
from numpy.lib.stride_tricks import as_strided
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
_TILE = 14  # pixels that one product of matrices filters; divides the sides of the blocks of both scales


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
    rows = correlate1d(image.astype(np.float64), window, 1, mode="nearest", origin=-1)[:, ::2]
    both = correlate1d(rows, window, 2, mode="nearest", origin=-1)[:, :, ::2]
    return np.ascontiguousarray(both, dtype=np.float32)


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


def split(values: Map, side: int) -> Map:
    """Cut a map (H, W) into blocks, row by row: (blocks, side * side)."""
    rows, columns = (length // side for length in values.shape)
    return values.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows * columns, side**2)


def gradient(values: Map, scale: int, side: int) -> Gradient:
    """Convolve a map, which is 0 outside, with the derivatives of a Gaussian, and :func:`split` the results.

    Args:
        values: (H, W), both multiples of ``side``.
        scale: 1 or 2; the Gaussian is narrower at the second scale.
        side: of a block in pixels, a multiple of 14.
    """
    smooth, derive = _bands(scale)
    padded = np.pad(values, (len(smooth) - _TILE) // 2)
    return Gradient(
        _filter_rows(_filter_columns(padded, smooth), derive, side),
        _filter_rows(_filter_columns(padded, derive), smooth, side),
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
    """Filter (H + 2m, W) along the columns: (H, W). Products of matrices are the fastest way that numpy has."""
    reach, tile = band.shape
    tiles = (len(padded) - reach) // tile + 1
    down, right = padded.strides
    strips = as_strided(padded, (tiles, reach, padded.shape[1]), (tile * down, down, right), writeable=False)
    return np.asarray(np.matmul(band.T, strips).reshape(tiles * tile, -1))


def _filter_rows(padded: Map, band: Map, side: int) -> Map:
    """Filter (H, W + 2m) along the rows and cut (H, W) into blocks: (blocks, side * side)."""
    reach, tile = band.shape
    rows, columns, tiles = len(padded) // side, (padded.shape[1] - reach + tile) // side, side // tile
    down, right = padded.strides
    strips = as_strided(
        padded,
        (rows, columns, tiles, side, reach),
        (side * down, side * right, tile * right, down, right),
        writeable=False,
    )
    blocks = np.empty((rows, columns, side, tiles, tile), np.float32)
    np.matmul(strips, band, out=blocks.swapaxes(2, 3))
    return blocks.reshape(rows * columns, side**2)


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
        yield both.real
        yield both.imag


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
