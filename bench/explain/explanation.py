"""Explanation of a score: maps of a network's outputs, and probabilities of aspects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.api import FloatArray, Method, Photo
from bench.errors import ImageError

BoolArray = NDArray[np.bool_]
SHUFFLES = 3
"""Times that a photograph's pixels are shuffled to learn how large maps of noise are."""


@dataclass(frozen=True)
class Explanation:
    """Explanation of a method's score of one photograph.

    Attributes:
        score: the method's score of it.
        maps: output → Grad-CAM (h, w) at the layer's own resolution, 0 or more, not normalised.
        noise: output → largest value of its maps of the photograph with its pixels shuffled: noise of the same colours.
        aspects: aspect → probability that it speaks well of the photograph.
        left_out: what of the score is in neither; empty where nothing is.
        unit: of the maps' values; empty where the outputs have none.
    """

    score: float
    maps: Mapping[str, FloatArray]
    noise: Mapping[str, float]
    aspects: Mapping[str, float]
    left_out: str
    unit: str = ""

    def above_noise(self, name: str) -> BoolArray:
        """Return which cells (h, w) of a map are larger than all of the maps of noise."""
        return np.asarray(self.maps[name] > self.noise[name])


def offers_explanation(method: type[Method]) -> bool:
    """Say whether a method lets Grad-CAM look at it."""
    return method.explainer is not Method.explainer


def explain(method: Method, photo: Photo) -> Explanation:
    """Explain the score of a photo that was prepared by the method's input policy.

    Raises:
        ImageError: the method cannot score the photo, or its network gives numbers that are not finite.
        NotImplementedError: the method offers no explanation.
    """
    from bench.explain.gradcam import grad_cam

    explainer = method.explainer()

    def maps_of(shown: Photo) -> Mapping[str, FloatArray]:
        return grad_cam(explainer.layer, lambda: explainer.outputs(shown))

    (score,) = method.score([photo])
    maps = maps_of(photo)
    aspects = dict(explainer.aspects(photo))
    shuffled = [maps_of(each) for each in _shuffled(photo)]
    noise = {name: max(float(each[name].max()) for each in shuffled) for name in maps}
    sums = [cells.sum() for cells in maps.values()]
    if not np.isfinite([score, *aspects.values(), *noise.values(), *sums]).all():
        raise ImageError("the network's outputs for it are not finite")
    return Explanation(float(score), maps, noise, aspects, explainer.left_out, explainer.unit)


def _shuffled(photo: Photo) -> Iterator[Photo]:
    """Give a photograph with its pixels shuffled, always in the same few ways."""
    random, pixels = np.random.default_rng(0), photo.pixels
    for _ in range(SHUFFLES):
        yield replace(photo, pixels=random.permutation(pixels.reshape(-1, pixels.shape[-1])).reshape(pixels.shape))
