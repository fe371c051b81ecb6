"""Score of ``qualiclip-lite`` for photographs of any size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from bench.api import Explainer, Photo, Pixels, Resize
from bench.errors import ImageError
from bench.io.images import luma, resize

from ..._batch import to_device
from ..._niqe_model import load_model, model_path
from ...niqe import niqe
from ..explaining import by_pair, by_side
from ..losses import quality
from .network import LiteModel

_SHORT_SIDE = Resize(short=384)
_CROP = 224  # what the network was trained on
_GRID = 3  # crops a side
_NARROWEST = 20  # long side over short; beyond it a small file would fill the memory

# Chosen by a look at clive_subset and kadis_2afc, whose MOS the method's selected_on therefore names.
TEMPERATURE = 0.05
NATURALNESS = 1.0
_NIQE = 5.0  # a distance at which naturalness speaks neither for nor against

_LEFT_OUT = (
    "NIQE's distance, which multiplies the odds of the score, is in neither; the maps are of the whole photograph "
    "through the last convolution alone, while the probabilities also take the worst of nine crops, earlier stages and "
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
            ImageError: a photo is too flat for NIQE, or its long side is more than 20 times its short one.
        """
        return [self._score(photo.pixels) for photo in photos]

    def explainer(self, pairs: Sequence[tuple[str, str]]) -> Explainer:
        """Return what the prompts, whose pairs are given, say of a photo; NIQE has nothing to differentiate."""

        def outputs(photo: Photo) -> Mapping[str, Tensor]:
            return by_side(self._model.similarities(self._batch(_shrunk(photo.pixels)))[0])

        def aspects(photo: Photo) -> Mapping[str, float]:
            similarities = self._similarities(_shrunk(photo.pixels))
            return by_pair(torch.sigmoid((similarities[:, 0] - similarities[:, 1]) / TEMPERATURE), pairs)

        return Explainer(self._model.encoder[-1], outputs, aspects, _LEFT_OUT, unit="cosine")

    def _score(self, pixels: Pixels) -> float:
        """Return the probability of odds exp(quality / temperature) times those of NIQE's naturalness."""
        image = _shrunk(pixels)
        naturalness = NATURALNESS * math.log(_NIQE / niqe(luma(image), self._pristine))
        logit = float(quality(self._similarities(image))) / TEMPERATURE + naturalness
        return 1 / (1 + math.exp(-logit))

    def _similarities(self, image: Pixels) -> Tensor:
        """Return the mean (K, 2) of the whole image's cosines and of those of its crop of the worst quality."""
        whole = self._batch(image)
        with torch.inference_mode():
            of_whole, of_crops = (self._model.similarities(x) for x in (whole, _crops(whole[0])))
        return (of_whole[0] + of_crops[quality(of_crops).argmin()]) / 2

    def _batch(self, image: Pixels) -> Tensor:
        """Return (1, 3, H, W) in [0, 1] on the network's device."""
        batch: Tensor = to_device([image], self._model.prompts.device)
        return batch


def _shrunk(pixels: Pixels) -> Pixels:
    short, long = sorted(pixels.shape[:2])
    if long > _NARROWEST * short:
        raise ImageError(f"{long} by {short} pixels: qualiclip-lite needs an aspect ratio of at most 1:{_NARROWEST}")
    return resize(pixels, _SHORT_SIDE)


def _crops(image: Tensor) -> Tensor:
    """Return 9 crops (9, 3, 224, 224) of an image (3, H, W), evenly spread from border to border."""
    tops, lefts = (np.linspace(0, side - _CROP, _GRID).astype(int) for side in image.shape[1:])
    return torch.stack([image[:, top : top + _CROP, left : left + _CROP] for top in tops for left in lefts])
