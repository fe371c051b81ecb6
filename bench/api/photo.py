"""Photographs and what a method is handed: pixels, colour, resize policy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Resize:
    """A resize policy; ``Resize.parse`` reads what ``str(policy)`` writes.

    Attributes:
        short: length of the short side in pixels, with the aspect ratio kept; None for no such resize.
        exact: (width, height) in pixels, whatever the aspect ratio; None for no such resize.
    """

    short: int | None = None
    exact: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> Resize:
        """Read a policy from ``none``, ``short:N`` or ``WxH``.

        Raises:
            ValueError: the text has another form, or a side is not in 1..16384.
        """
        if text == "none":
            return cls()
        if match := re.fullmatch(r"short:(\d{1,5})", text):
            policy = cls(short=int(match[1]))
        elif match := re.fullmatch(r"(\d{1,5})x(\d{1,5})", text):
            policy = cls(exact=(int(match[1]), int(match[2])))
        else:
            number = re.fullmatch(r"[0-9]{1,5}", text)
            meant = f" (short:{text} brings the short side to {text} pixels)" if number else ""
            raise ValueError(f"{text!r} is not a resize policy: use none, short:N or WxH{meant}")
        if not all(1 <= side <= 16384 for side in policy.exact or (policy.short or 0,)):
            raise ValueError(f"{text!r}: a side must be between 1 and 16384 pixels")
        return policy

    def __str__(self) -> str:
        if self.short is not None:
            return f"short:{self.short}"
        return f"{self.exact[0]}x{self.exact[1]}" if self.exact else "none"


@dataclass(frozen=True)
class InputPolicy:
    """Form of the photographs that a method gets.

    Attributes:
        colour: ``rgb`` gives pixels (H, W, 3); ``grey`` gives BT.601 luma (H, W).
        resize: the method's own resize policy, applied after the protocol's.
    """

    colour: Literal["rgb", "grey"] = "rgb"
    resize: Resize = Resize()


@dataclass(frozen=True, eq=False)
class Photo:
    """One decoded photograph.

    Attributes:
        name: its name in the dataset (a relative path with ``/``).
        pixels: (H, W, 3) RGB or (H, W) grey, uint8 in 0..255, as the method's input policy says.
        file_bytes: size of the encoded file in bytes; 0 for an image that came from memory.
        file_pixels: width times height of the encoded image, before any resize.
    """

    name: str
    pixels: Pixels
    file_bytes: int
    file_pixels: int
