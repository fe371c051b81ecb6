"""NIQE: distance of a photograph's local statistics from those of pristine photographs.

Source: A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image quality
analyzer", IEEE Signal Processing Letters 20(3), 209-212, 2013. Written from the paper, and the
values follow the authors' MATLAB release: with its parameters (option ``model``) it gives the
release's scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.api import Family, FloatArray, InputPolicy, MethodInfo, Photo, Pixels, option, register
from bench.errors import ImageError
from bench.plugins.gaussian import PristineModel, distance, flat_as_zero, gaussian

from ._niqe_features import BLOCK, FEATURES, BlockFeatures, block_features
from ._niqe_model import load_model, model_path
from ._pristine_method import PristineMethod

_SHARP = 0.75  # of the photograph's sharpest block: what the paper fits on


@dataclass(frozen=True)
class Options:
    """The options of NIQE."""

    model: str = option(
        "",
        help="pristine model: an .npz or .mat file, or pyiqa for pyiqa's download; default: the shipped model",
        identity=False,
    )


@register
class Niqe(PristineMethod):
    """Distance between two Gaussians over 36 local features; about 2 for a clean photograph, lower is better."""

    info = MethodInfo(
        name="niqe",
        version="1",
        family=Family.HAND_CRAFTED,
        opinion_aware=False,
        trained_on=("bsds500",),
        selected_on=("clive_subset", "kadis_2afc"),
        score_range=(0.0, math.inf),
        higher_is_better=False,
        licence="Apache-2.0; shipped pristine model fitted on BSDS500 (non-commercial research)",
        citation="Mittal, Soundararajan, Bovik, Making a 'completely blind' image quality analyzer, IEEE SPL 2013",
        code="https://github.com/utlive/niqe",
        summary="NIQE: distance of natural-scene statistics from those of pristine photographs",
        input=InputPolicy(colour="grey"),
    )
    Options = Options
    least_rows = FEATURES + 1  # for a covariance with an inverse
    least_side = BLOCK
    model_path = staticmethod(model_path)

    def load(self) -> None:
        """Read the pristine model that the options name."""
        self.model = self.gaussian = load_model(model_path(self.options.model))

    @property
    def fingerprint(self) -> str:
        """A hash of the pristine model's parameters."""
        return self.model.fingerprint

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one distance a photo, 0 or more.

        Raises:
            ImageError: a photo has a side below 96 pixels.
        """
        return [niqe(photo.pixels, self.model) for photo in photos]

    def features(self, photo: Photo) -> FloatArray:
        """Return the features (blocks, 36) of every block; NaN in those too flat to tell."""
        return photo_features(photo.pixels)

    def pristine_features(self, photo: Photo) -> FloatArray:
        """Return the features (blocks, 36) of the sharp blocks."""
        return sharp_features(photo.pixels)

    @classmethod
    def measure(cls, options: Any, device: str) -> tuple[Callable[[Photo], FloatArray], Mapping[str, Any]]:  # noqa: ARG003 - nothing to choose, and no network
        """Return the function that gives the features of the sharp blocks."""
        return lambda photo: sharp_features(photo.pixels), {"sharpness": _SHARP}


def niqe(grey: Pixels, model: PristineModel) -> float:
    """Score a grey photograph (H, W), uint8.

    A photograph of a single block is compared by that block alone. The release's code takes the mean and the variance
    of the 36 features of such a block for its statistics, and gives all such photographs the same value.

    Raises:
        ImageError: a side is below 96 pixels.
    """
    return distance_of_blocks(_measured(grey).features, model)


def distance_of_blocks(features: FloatArray, model: PristineModel) -> float:
    """Return the distance of blocks, given their features (blocks, 36), from a pristine model; 0 or more."""
    mean, covariance, _ = gaussian(flat_as_zero(features))
    return distance(model, mean, covariance)


def photo_features(grey: Pixels) -> FloatArray:
    """Return the features (blocks, 36) of a grey photograph's blocks, NaN in those too flat to tell.

    Where all of them are, which the release has no value for, what cannot be told counts as no spread.

    Raises:
        ImageError: a side is below 96 pixels.
    """
    return flat_as_zero(_measured(grey).features)


def sharp_features(grey: Pixels) -> FloatArray:
    """Return the features (blocks, 36) of the blocks above three quarters of the sharpest one's sharpness.

    Raises:
        ImageError: a side is below 96 pixels.
    """
    features, sharpness = _measured(grey)
    return np.asarray(features[sharpness > _SHARP * sharpness.max()])


def _measured(grey: Pixels) -> BlockFeatures:
    height, width = grey.shape
    if min(height, width) < BLOCK:
        raise ImageError(f"{width}x{height} pixels: NIQE needs at least {BLOCK}x{BLOCK}")
    return block_features(grey)
