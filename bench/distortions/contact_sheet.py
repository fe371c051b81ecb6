"""One picture of a photograph under many degradations: a row a type, a column a level."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from bench.api import Pixels, Resize
from bench.distortions import LEVELS, distort_levels, find
from bench.io.images import resize

_TILE = 224
_GAP = 4
_STRIP = 16
_LABEL = 190
_TEXT_SIZE = 12


def draw_sheet(pixels: Pixels, names: Sequence[str], seed: int) -> Image.Image:
    """Draw the sheet: the pristine photograph on top, then a row of five levels for each type.

    Args:
        pixels: the photograph, (H, W, 3) uint8. It is shrunk to a short side of 224 pixels where it is longer
            (never enlarged), and the middle 224 x 224 are shown pixel for pixel.
        names: of types, one a row.
        seed: of the random draws. A row has one draw, and the same one in any choice of rows.
    """
    tile = _tile(pixels)
    height, width = tile.shape[-2] + _STRIP + _GAP, tile.shape[-1] + _GAP
    sheet = Image.new("RGB", (_LABEL + len(LEVELS) * width, (1 + len(names)) * height), "white")
    pen = ImageDraw.Draw(sheet)
    _write(pen, (_GAP, _STRIP), f"pristine\n{tile.shape[-1]} x {tile.shape[-2]} pixels\nseed {seed}")
    sheet.paste(_picture(tile), (_LABEL, _STRIP))
    for row, name in enumerate(names, start=1):
        distortion = find(name)
        top = row * height
        _write(pen, (_GAP, top + _STRIP), f"{name}\n({distortion.group})\n\n{_folded(distortion.unit)}")
        levels = distort_levels(tile[None], name, torch.Generator().manual_seed(seed))[:, 0]
        for column, (value, level) in enumerate(zip(distortion.values, levels, strict=True)):
            _write(pen, (_LABEL + column * width, top + 1), f"{column + 1}: {value:g}")
            sheet.paste(_picture(level), (_LABEL + column * width, top + _STRIP))
    return sheet


def _tile(pixels: Pixels) -> Tensor:
    if min(pixels.shape[:2]) > _TILE:
        pixels = resize(pixels, Resize(short=_TILE))
    top, left = (max(0, (side - _TILE) // 2) for side in pixels.shape[:2])
    middle = pixels[top : top + _TILE, left : left + _TILE].copy()
    return torch.from_numpy(middle).permute(2, 0, 1) / 255


def _picture(image: Tensor) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray((image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()))


def _write(pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str) -> None:
    pen.text(place, text, fill="black", font=ImageFont.load_default(_TEXT_SIZE))


def _folded(text: str, width: int = 28) -> str:
    return textwrap.fill(text, width)
