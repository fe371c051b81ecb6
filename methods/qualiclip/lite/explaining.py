"""Explanation of the scores of ``qualiclip-lite``, by gradients of its network in torch."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from bench.api import Explainer, Photo

from ..._batch import to_device
from ..checkpoint_files import Checkpoint
from ..explaining import by_side
from .network import model_of
from .scorer import shrunk

_LEFT_OUT = (
    "NIQE's distance, which multiplies the odds of the score, is not in the maps; they are of the whole photograph "
    "through the last convolution alone, while the score is of nine windows, and takes earlier stages and "
    "natural-scene statistics too"
)


def explainer(checkpoint: Checkpoint) -> Explainer:
    """Return what the prompts say of a photo; NIQE has nothing to differentiate.

    There are no aspects: the pairs of prompts were trained to agree, and say one thing in seven ways.
    """
    model = model_of(checkpoint)

    def outputs(photo: Photo) -> Mapping[str, Tensor]:
        return by_side(model.similarities(to_device([shrunk(photo.pixels)], "cpu"))[0])

    return Explainer(model.encoder[-1], outputs, lambda _: {}, _LEFT_OUT, unit="cosine")
