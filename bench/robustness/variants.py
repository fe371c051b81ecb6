"""Variants for the audit: changes that should not affect a quality score."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.api import Pixels, Resize
from bench.errors import ImageError
from bench.io.images import resize
from bench.robustness.derived import DerivationRecipe, SourcePhotograph, shrink


@dataclass(frozen=True)
class Variant:
    """One change.

    Attributes:
        name: short, for tables.
        what: what is done, for captions.
        exact: the pixels are the same, so a score that moves beyond rounding is a defect. False: the pixels
            differ where nobody would see it or care, and how much scores move is graded, not judged.
        recipe: makes the images; None: the photographs as they are, scored another way.
    """

    name: str
    what: str
    exact: bool
    recipe: DerivationRecipe | None = None


def has_second_decoder() -> bool:
    """Tell whether torchvision is installed and still decodes JPEG."""
    try:
        import torchvision.io
    except ModuleNotFoundError:
        return False

    return hasattr(torchvision.io, "decode_jpeg")


def _one(file: str, change: Callable[[SourcePhotograph], Pixels]) -> DerivationRecipe:
    return DerivationRecipe((file,), lambda photograph: [change(photograph)])


def _decode_by_torchvision(photograph: SourcePhotograph) -> Pixels:
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg

    data = torch.from_numpy(np.frombuffer(photograph.data, np.uint8).copy())
    try:
        with warnings.catch_warnings():
            # It will go in a later version; has_second_decoder tells.
            warnings.simplefilter("ignore", DeprecationWarning)
            decoded = decode_jpeg(data, mode=ImageReadMode.RGB, apply_exif_orientation=True)
    except RuntimeError as error:
        raise ImageError(f"torchvision cannot decode it: {error}") from None
    return shrink(decoded.permute(1, 2, 0).numpy(), photograph.short)


def _crop(photograph: SourcePhotograph) -> Pixels:
    height, width = photograph.pixels.shape[:2]
    top, left = round(height * 0.05), round(width * 0.05)
    return photograph.pixels[top : height - top, left : width - left]


def _there_and_back(photograph: SourcePhotograph) -> Pixels:
    height, width = photograph.pixels.shape[:2]
    small = resize(photograph.pixels, Resize(exact=(max(1, round(width * 0.75)), max(1, round(height * 0.75)))))
    return resize(small, Resize(exact=(width, height)))


def _noise(photograph: SourcePhotograph) -> Pixels:
    drawn = np.random.default_rng(photograph.seed("noise")).integers(-1, 2, photograph.pixels.shape)
    return np.asarray(np.clip(photograph.pixels + drawn, 0, 255), dtype=np.uint8)


BATCH = 8
ORIGINAL = _one("original.png", lambda photograph: photograph.pixels)
"""Reference for every variant: PNG, one photograph at a time, in one process."""

BATCHES = Variant("batch", f"batches of {BATCH}, not one at a time", exact=True)
PROCESSES = Variant("processes", "one process of one thread a core, not one with every thread", exact=True)
DEVICE = Variant("device", "the other of CPU and CUDA", exact=True)
DECODER = Variant(
    "jpeg-decoder",
    "JPEG decoded by torchvision, not by Pillow",
    exact=False,
    recipe=_one("jpeg-decoder.png", _decode_by_torchvision),
)
VARIANTS = (
    BATCHES,
    PROCESSES,
    DEVICE,
    Variant("webp", "lossless WebP, not PNG", True, _one("original.webp", lambda photograph: photograph.pixels)),
    DECODER,
    Variant("flip", "left and right exchanged", False, _one("flip.png", lambda photograph: photograph.pixels[:, ::-1])),
    Variant("crop", "the middle 90 % of both sides", False, _one("crop.png", _crop)),
    Variant("resize", "resized to 75 % and back, bicubic", False, _one("resize.png", _there_and_back)),
    Variant("noise", "each sample 1 of 255 up, down or as it is", False, _one("noise.png", _noise)),
)
