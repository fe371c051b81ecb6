"""NIQE: how far the local statistics of a photograph are from those of pristine photographs.

Source: A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image quality
analyzer", IEEE Signal Processing Letters 20(3), 209-212, 2013. Written from the paper, and the
values follow the authors' MATLAB release: with its parameters (option ``model``) it gives the
release's scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.api import (
    UNKNOWN,
    Family,
    FloatArray,
    InputPolicy,
    Method,
    MethodInfo,
    Photo,
    Pixels,
    option,
    register,
)
from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.images import prepare
from methods._niqe_features import BLOCK, FEATURES, block_features
from methods._niqe_model import PristineModel, load_model, model_path

MIN_SIDE = 2 * BLOCK
"""The shortest side in pixels that is scored. The release asks for nothing, but below four blocks
the photograph's covariance, which the distance divides by, says next to nothing."""

_SHARP = 0.75  # of the photograph's sharpest block: what the paper fits on


@dataclass(frozen=True)
class Options:
    """The options of NIQE."""

    model: str = option(
        "",
        help="pristine model: an .npz or .mat file, or the word pyiqa for its download; default: the shipped one",
        identity=False,
    )


@register
class Niqe(Method):
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
        summary="NIQE: distance of natural-scene statistics from those of pristine photographs",
        input=InputPolicy(colour="grey"),
    )
    Options = Options

    def load(self) -> None:
        """Read the pristine model that the options name."""
        self.model = load_model(model_path(self.options.model))

    def declared(self) -> MethodInfo:
        """Return what holds for the pristine model in use; of somebody else's file nothing is known."""
        return replace(self.info, trained_on=(UNKNOWN,), selected_on=()) if self.options.model else self.info

    @property
    def fingerprint(self) -> str:
        """A hash of the pristine model's parameters."""
        return self.model.fingerprint

    @classmethod
    def missing(cls) -> str:
        """Say how to get the shipped model where it is not beside this file."""
        try:
            model_path("")
        except MissingRequirementError as error:
            return str(error)
        return ""

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one distance a photo, 0 or more.

        Raises:
            ImageError: a photo has a side below 192 pixels, or is too flat for its blocks to be measured.
        """
        return [niqe(photo.pixels, self.model) for photo in photos]

    @classmethod
    def fit(cls, photos: Iterable[Photo], output: Path) -> str:
        """Fit the pristine model of the paper and write it as .npz.

        Args:
            photos: pristine photographs as decoded, pixels (H, W, 3). Those below 192 pixels are left out.
            output: path of the file.

        Raises:
            UsageError: fewer than 37 usable blocks, which a covariance of 36 features needs, or an
                output that cannot be written.
        """
        kept: list[FloatArray] = []
        small = 0
        for photo in photos:
            grey = prepare(photo, cls.info.input).pixels
            if min(grey.shape) < MIN_SIDE:
                small += 1
            else:
                kept.append(sharp_features(grey))
        skipped = f", {small} skipped as smaller than {MIN_SIDE} pixels" if small else ""
        if not kept:
            raise UsageError(f"photos: none to fit on{skipped}; give a folder of pristine photographs")
        mean, covariance, blocks = gaussian(np.concatenate(kept))
        if blocks <= FEATURES:
            raise UsageError(
                f"photos: {len(kept)} used{skipped} give {blocks} usable blocks; give more photographs, "
                f"until there are at least {FEATURES + 1}"
            )
        metadata = {"method": "niqe", "version": cls.info.version, "sharpness": _SHARP, "skipped_small": small}
        PristineModel(mean, covariance, len(kept), blocks, metadata).save(output)
        return f"fitted niqe on {blocks:,} blocks of {len(kept):,} photographs{skipped}: {output}"


def niqe(grey: Pixels, model: PristineModel) -> float:
    """Score a grey photograph (H, W), uint8.

    Raises:
        ImageError: a side is below 192 pixels, or fewer than two blocks have finite features.
    """
    height, width = grey.shape
    if min(height, width) < MIN_SIDE:
        raise ImageError(f"{width}x{height} pixels: NIQE needs at least {MIN_SIDE}x{MIN_SIDE}")
    features = block_features(grey).features
    mean, covariance, blocks = gaussian(features)
    if blocks < 2:
        raise ImageError(f"no finite feature in {len(features) - blocks} of {len(features)} blocks: too flat for NIQE")
    return distance(model, mean, covariance)


def distance(model: PristineModel, mean: FloatArray, covariance: FloatArray) -> float:
    """Return the distance of a photograph's mean (36,) and covariance (36, 36) from the model, 0 or more."""
    difference = model.mean - mean
    precision = np.linalg.pinv((model.covariance + covariance) / 2)
    # Rounding can bring the distance of a photograph from itself below zero.
    return math.sqrt(max(0.0, float(difference @ precision @ difference)))


def sharp_features(grey: Pixels) -> FloatArray:
    """Return the features (blocks, 36) of the blocks above three quarters of the sharpest one's sharpness."""
    features, sharpness = block_features(grey)
    return np.asarray(features[sharpness > _SHARP * sharpness.max()])


def gaussian(features: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Return mean (36,), covariance (36, 36) and the number of rows that are finite throughout.

    As MATLAB's nanmean and nancov, the mean takes every finite value and the covariance only the
    finite rows, of which there must be two; otherwise it is NaN.
    """
    finite = np.isfinite(features)
    rows = features[finite.all(axis=1)]
    with np.errstate(invalid="ignore"):
        mean = np.where(finite, features, 0).sum(axis=0) / finite.sum(axis=0)
    covariance = np.cov(rows.T) if len(rows) > 1 else np.full((FEATURES, FEATURES), math.nan)
    return np.asarray(mean), np.asarray(covariance), len(rows)
