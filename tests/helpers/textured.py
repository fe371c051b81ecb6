"""Photographs for the tests of ``qualiclip-lite``."""

from __future__ import annotations

import numpy as np
from PIL import Image

from bench.api import Photo


def photograph(size: tuple[int, int] = (300, 260), seed: int = 0) -> Image.Image:
    """Edges and texture."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(20, 235, (9, 11, 3), dtype=np.uint8)).resize(size, Image.Resampling.NEAREST)
    return Image.fromarray(
        np.clip(np.asarray(coarse) + rng.normal(0, 9, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
    )


def photo(image: Image.Image) -> Photo:
    return Photo("x.png", np.asarray(image), 1, image.width * image.height)
