"""Explanation of a score: maps of a network's outputs, and probabilities of aspects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.api import FloatArray, Method, Photo
from bench.errors import ImageError


@dataclass(frozen=True)
class Explanation:
    """Explanation of a method's score of one photograph.

    Attributes:
        score: the method's score of it.
        maps: output → Grad-CAM (h, w) at the layer's own resolution, 0 or more, not normalised.
        aspects: aspect → probability that it speaks well of the photograph.
        left_out: what of the score is in neither; empty where nothing is.
    """

    score: float
    maps: Mapping[str, FloatArray]
    aspects: Mapping[str, float]
    left_out: str


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
    (score,) = method.score([photo])
    maps = grad_cam(explainer.layer, lambda: explainer.outputs(photo))
    aspects = dict(explainer.aspects(photo))
    if not np.isfinite([score, *aspects.values(), *(cells.sum() for cells in maps.values())]).all():
        raise ImageError("the network's outputs for it are not finite")
    return Explanation(float(score), maps, aspects, explainer.left_out)
