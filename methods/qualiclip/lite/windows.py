"""Windows of an image, and the parts of smaller maps of it that show them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor


class Window(NamedTuple):
    """A rectangle of an image in pixels."""

    top: int
    left: int
    height: int
    width: int


def grid(height: int, width: int, side: int, count: int) -> list[Window]:
    """Return ``count`` x ``count`` square windows, evenly spread from border to border of an image.

    Args:
        height: of the image.
        width: of the image.
        side: of a window, at most that of the image.
        count: windows along a side.

    Example:
        >>> grid(384, 512, 224, 3)[-1]
        Window(top=160, left=288, height=224, width=224)
    """
    tops, lefts = (np.linspace(0, length - side, count).astype(int) for length in (height, width))
    return [Window(int(top), int(left), side, side) for top in tops for left in lefts]


def cut(maps: Tensor, window: Window, images: Tensor) -> Tensor:
    """Return the part of maps (N, C, h, w) that shows a window of their images (N, 3, H, W)."""
    down, right = (of_map / of_image for of_map, of_image in zip(maps.shape[2:], images.shape[2:], strict=True))
    top, left = round(window.top * down), round(window.left * right)
    return maps[:, :, top : top + round(window.height * down), left : left + round(window.width * right)]
