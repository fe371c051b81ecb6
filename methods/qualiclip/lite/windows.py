"""Windows of an image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


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
