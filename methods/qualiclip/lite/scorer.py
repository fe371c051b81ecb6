"""Score of ``qualiclip-lite`` for photographs of any size. No torch is imported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.api import FloatArray, Photo, Pixels, Resize
from bench.errors import ImageError
from bench.io.images import resize

from ..._niqe_model import load_model, model_path
from ..checkpoint_files import Checkpoint
from ..quality import quality
from .features import features
from .graph import Encoder
from .head import Head, coordinates
from .naturalness import unnaturalness
from .windows import Window, grid

_SHORT_SIDE = Resize(short=384)
_WINDOW = 224  # what the network was trained on
_GRID = 3  # windows a side
_NARROWEST = 20  # long side over short; beyond it a small file would fill the memory

# Chosen by a look at the datasets that the method's selected_on names.
TEMPERATURE = 0.1
NATURALNESS = 3.0
_NIQE = 5.0  # a distance at which naturalness speaks neither for nor against


class Scorer:
    """A network and NIQE's pristine model: what a score is made of."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Build it of a checkpoint's arrays."""
        state, prompts = checkpoint.state, coordinates(checkpoint.prompts)
        self._encoder = Encoder(state)
        self._head = Head(state["centre"], state["spread"], state["head.weight"], state["head.bias"], prompts)
        self._pristine = load_model(model_path(""))

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one score in (0, 1) a photo, RGB of any size, higher is better.

        Raises:
            ImageError: the long side of a photo is more than 20 times its short one.
        """
        return [self._score(photo.pixels) for photo in photos]

    def features(self, photo: Photo) -> FloatArray:
        """Return the features (1, F) of the whole photo."""
        return np.asarray(self._features(shrunk(photo.pixels)), np.float64)

    def _score(self, pixels: Pixels) -> float:
        """Return the probability of odds exp(quality / temperature) times those of NIQE's naturalness."""
        seen = self._quality(shrunk(pixels))
        return 1 / (1 + math.exp(-seen / TEMPERATURE - NATURALNESS * self._naturalness(pixels)))

    def _naturalness(self, pixels: Pixels) -> float:
        """Return how much nearer to pristine photographs than others NIQE finds a photograph, as a logarithm."""
        return math.log(_NIQE / unnaturalness(pixels, self._pristine))

    def _quality(self, image: Pixels) -> float:
        """Return the mean of the quality of the windows of an image, in -2 to 2."""
        return float(quality(self._head.cosines(self._features(image, windows_of(image)))).mean())

    def _features(self, image: Pixels, windows: Sequence[Window] = ()) -> Any:
        """Return the features (W, F) of windows of an image (H, W, 3); default: of the whole."""
        batch = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        return features(batch, self._encoder.maps(batch), windows)[0]


def shrunk(pixels: Pixels) -> Pixels:
    """Bring a photograph to the size that the network sees.

    Raises:
        ImageError: its long side is more than 20 times its short one.
    """
    short, long = sorted(pixels.shape[:2])
    if long > _NARROWEST * short:
        raise ImageError(f"{long} by {short} pixels: qualiclip-lite needs an aspect ratio of at most 1:{_NARROWEST}")
    return resize(pixels, _SHORT_SIDE)


def windows_of(image: Pixels) -> list[Window]:
    """Return the windows of an image (H, W, 3) that are looked at, from border to border."""
    height, width, _ = image.shape
    return grid(height, width, _WINDOW, _GRID)
