"""Score of ``qualiclip-lite`` for photographs of any size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from bench.api import Explainer, Photo, Pixels, Resize
from bench.errors import ImageError
from bench.io.images import resize

from ..._batch import to_device
from ..._niqe_model import load_model, model_path
from ..explaining import by_side
from ..losses import quality
from .naturalness import unnaturalness
from .network import LiteModel
from .windows import Window, grid

_SHORT_SIDE = Resize(short=384)
_WINDOW = 224  # what the network was trained on
_GRID = 3  # windows a side
_NARROWEST = 20  # long side over short; beyond it a small file would fill the memory

# Chosen by a look at the datasets that the method's selected_on names.
TEMPERATURE = 0.1
NATURALNESS = 3.0
_NIQE = 5.0  # a distance at which naturalness speaks neither for nor against

_LEFT_OUT = (
    "NIQE's distance, which multiplies the odds of the score, is not in the maps; they are of the whole photograph "
    "through the last convolution alone, while the score also takes the worst of nine windows, earlier stages and "
    "natural-scene statistics"
)


class Scorer:
    """A network and NIQE's pristine model: what a score is made of."""

    def __init__(self, model: LiteModel) -> None:
        self._model = model
        self._pristine = load_model(model_path(""))

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one score in (0, 1) a photo, RGB of any size, higher is better.

        Raises:
            ImageError: the long side of a photo is more than 20 times its short one.
        """
        return [self._score(photo.pixels) for photo in photos]

    def explainer(self) -> Explainer:
        """Return what the prompts say of a photo; NIQE has nothing to differentiate.

        There are no aspects: the pairs of prompts were trained to agree, and say one thing in seven ways.
        """

        def outputs(photo: Photo) -> Mapping[str, Tensor]:
            return by_side(self._model.similarities(self._batch(_shrunk(photo.pixels)))[0])

        return Explainer(self._model.encoder[-1], outputs, lambda _: {}, _LEFT_OUT, unit="cosine")

    def _score(self, pixels: Pixels) -> float:
        """Return the probability of odds exp(quality / temperature) times those of NIQE's naturalness."""
        seen = self._quality(_shrunk(pixels))
        naturalness = NATURALNESS * math.log(_NIQE / unnaturalness(pixels, self._pristine))
        return 1 / (1 + math.exp(-seen / TEMPERATURE - naturalness))

    def _quality(self, image: Pixels) -> float:
        """Return the mean of the quality of the whole image and of its worst window, in -2 to 2."""
        height, width, _ = image.shape
        windows = [Window(0, 0, height, width), *grid(height, width, _WINDOW, _GRID)]
        with torch.inference_mode():
            whole, *parts = quality(self._model.similarities_of_windows(self._batch(image), windows)[0]).tolist()
        return float((whole + min(parts)) / 2)

    def _batch(self, image: Pixels) -> Tensor:
        """Return (1, 3, H, W) in [0, 1] on the network's device."""
        batch: Tensor = to_device([image], self._model.prompts.device)
        return batch


def _shrunk(pixels: Pixels) -> Pixels:
    short, long = sorted(pixels.shape[:2])
    if long > _NARROWEST * short:
        raise ImageError(f"{long} by {short} pixels: qualiclip-lite needs an aspect ratio of at most 1:{_NARROWEST}")
    return resize(pixels, _SHORT_SIDE)
