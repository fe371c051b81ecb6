"""Pooling of a network's maps over windows of an image, on numpy's arrays and torch's tensors alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import array_namespace

from .windows import Window

Stretch = tuple[int, int]
"""Start and length of a part of an image's side, in pixels."""

_CELLS = 4  # a side of the grid whose best and worst cell count
_TINY = 1e-8


def pool(maps: Any, windows: Sequence[Window], height: int, width: int) -> Any:
    """Return the features (N, W, 4C) of W windows: of every channel the mean, standard deviation, and two extremes.

    These are the largest and the smallest mean over a cell of a 4x4 grid in the window. All windows are pooled at once,
    as they share rows or columns.

    Args:
        maps: (N, C, h, w), which show images of ``height`` x ``width`` pixels.
        windows: of these images, in pixels.
        height: of the images.
        width: of the images.
    """
    xp = array_namespace(maps)
    rows = list(dict.fromkeys((window.top, window.height) for window in windows))
    columns = list(dict.fromkeys((window.left, window.width) for window in windows))
    at = [(rows.index((w.top, w.height)), columns.index((w.left, w.width))) for w in windows]

    def means(of: Any, down: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> Any:
        """Return (N, C, D, R): means by the averages (D, h) and (R, w)."""
        moved = [xp.asarray(matrix, device=of.device) for matrix in (down, right.T)]
        return moved[0] @ of @ moved[1]

    def chosen(of: Any) -> Any:
        """Return (N, W, C) of (N, C, rows, columns)."""
        return xp.stack([of[:, :, row, column] for row, column in at], axis=1)

    whole = (_averages(rows, height, maps.shape[2], 1), _averages(columns, width, maps.shape[3], 1))
    parts = (_averages(rows, height, maps.shape[2], _CELLS), _averages(columns, width, maps.shape[3], _CELLS))
    # About a channel's mean, or a channel of nearly equal values would lose its spread to rounding.
    middle = xp.mean(maps, axis=(2, 3), keepdims=True)
    centred = maps - middle
    mean = means(centred, *whole)
    spread = xp.sqrt(xp.clip(means(centred * centred, *whole) - mean * mean, 0, None) + _TINY)
    cells = means(centred, *parts) + middle
    grid = xp.reshape(cells, (*cells.shape[:2], len(rows), _CELLS, len(columns), _CELLS))
    found = (mean + middle, spread, xp.max(grid, axis=(3, 5)), xp.min(grid, axis=(3, 5)))
    return xp.concat([chosen(each) for each in found], axis=-1)


def _averages(stretches: Sequence[Stretch], pixels: int, cells: int, parts: int) -> npt.NDArray[np.float32]:
    """Return a matrix (S * parts, cells) that averages each of equal parts of S stretches of a side.

    Parts share the cells on their borders, as in torch's adaptive pooling.
    """
    found = np.zeros((len(stretches) * parts, cells), np.float32)
    for number, (start, length) in enumerate(stretches):
        first, count = round(start * (cells / pixels)), round(length * (cells / pixels))
        for part in range(parts):
            begin, end = first + part * count // parts, first - (-(part + 1) * count // parts)
            found[number * parts + part, begin:end] = 1 / (end - begin)
    return found
