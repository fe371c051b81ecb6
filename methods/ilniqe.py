"""IL-NIQE: distance of a photograph's blocks from those of pristine photographs, in many kinds of local statistics.

Source: L. Zhang, L. Zhang, A. C. Bovik, "A feature-enriched completely blind image quality evaluator", IEEE
Transactions on Image Processing 24(8), 2579-2591, 2015. Written from the paper, and the values follow the authors'
MATLAB release: with its model (option ``model``) it gives the release's scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.api import Family, FloatArray, MethodInfo, Photo, Pixels, option, register
from bench.errors import ImageError, UsageError
from bench.plugins.gaussian import PristineFeatures, flat_as_zero, gaussian, unmixed

from ._ilniqe_features import BLOCK, block_features
from ._ilniqe_model import IlniqeModel, fit_model, load_model, model_path
from ._matlab_resize import matlab_resize
from ._niqe_features import BlockFeatures
from ._pristine_method import PristineMethod

_SIDE = 524  # pixels, of the square that the paper brings every photograph to
_SHARP = 0.85  # of the photograph's sharpest block: what is fitted on


@dataclass(frozen=True)
class Options:
    """The options of IL-NIQE."""

    model: str = option(
        "", help="pristine model: an .npz or the release's .mat file; default: the shipped model", identity=False
    )
    resize: bool = option(True, help="bring photographs to 524x524 pixels first, as in the paper")


@register
class Ilniqe(PristineMethod):
    """Mean distance of a photograph's blocks from a Gaussian over 468 local features; lower is better."""

    info = MethodInfo(
        name="ilniqe",
        version="1",
        family=Family.HAND_CRAFTED,
        opinion_aware=False,
        trained_on=("bsds500", "public-photographs"),
        selected_on=("clive_subset", "kadis_2afc", "avt_hevc_uhd_subset", "biq2021_subset"),
        score_range=(0.0, math.inf),
        higher_is_better=False,
        licence="Apache-2.0; shipped pristine model fitted on BSDS500 (non-commercial research) and public photographs",
        citation="Zhang, Zhang, Bovik, A feature-enriched completely blind image quality evaluator, IEEE TIP 2015",
        summary="IL-NIQE: distance of colour, gradient and log-Gabor statistics from those of pristine photographs",
    )
    Options = Options
    least_side = BLOCK
    model_path = staticmethod(model_path)

    def load(self) -> None:
        """Read the pristine model that the options name.

        Raises:
            MissingRequirementError: it is not there.
            UsageError: it is no model, or was fitted on photographs of another size.
        """
        self.model = load_model(model_path(self.options.model))
        self.gaussian = self.model.gaussian
        fitted = self.gaussian.metadata.get("resize", self.options.resize)
        if fitted is not self.options.resize:
            raise UsageError(
                f"ilniqe, option resize: {self.options.resize}, but {self.options.model or 'the shipped model'} was "
                f"fitted with {fitted}; give a model that was fitted as photographs are scored"
            )

    @property
    def fingerprint(self) -> str:
        """A hash of the pristine model's parameters."""
        return self.model.fingerprint

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one distance a photo, 0 or more.

        Raises:
            ImageError: a photo is smaller than a block and not resized.
        """
        return [ilniqe(self.features(photo), self.model) for photo in photos]

    def features(self, photo: Photo) -> FloatArray:
        """Return the features (blocks, 468) of every block; NaN in those too flat to tell."""
        return _measured(photo.pixels, resize=self.options.resize).features

    def pristine_features(self, photo: Photo) -> FloatArray:
        """Return the features (blocks, 468) of the sharp blocks."""
        return _sharp(_measured(photo.pixels, resize=self.options.resize))

    @classmethod
    def measure(cls, options: Any, device: str) -> tuple[Callable[[Photo], FloatArray], Mapping[str, Any]]:  # noqa: ARG003 - there is no network
        """Return the function that gives the features of the sharp blocks."""
        resize = options.resize
        about = {"sharpness": _SHARP, "resize": resize}
        return lambda photo: _sharp(_measured(photo.pixels, resize=resize)), about

    @classmethod
    def fit_model(cls, features: PristineFeatures, about: Mapping[str, Any]) -> IlniqeModel:
        """Fit principal components and a Gaussian over them."""
        return fit_model(features.usable, len(features.by_photo), about)


def ilniqe(features: FloatArray, model: IlniqeModel) -> float:
    """Return the mean distance of blocks from the model, given their features (blocks, 468).

    Where no block is finite throughout, what is too flat to tell counts as no spread.
    """
    rows = model.project(flat_as_zero(features))
    finite = np.asarray(np.isfinite(rows).all(axis=1))
    mean, covariance, count = gaussian(rows)
    if count == 1:
        # MATLAB's covariance of a single row is the variance of its entries, one number that is added everywhere.
        covariance = np.full_like(covariance, rows[finite].var(ddof=1))
    difference = np.where(finite[:, None], rows, mean) - model.gaussian.mean
    squared = (unmixed((model.gaussian.covariance + covariance) / 2, difference) * difference).sum(axis=1)
    return float(np.sqrt(squared.clip(min=0)).mean())


def _measured(pixels: Pixels, *, resize: bool) -> BlockFeatures:
    sized = matlab_resize(pixels, _SIDE, _SIDE) if resize else pixels
    if min(sized.shape[:2]) < BLOCK:
        height, width, _ = sized.shape
        raise ImageError(f"{width}x{height} pixels: IL-NIQE without its resize needs at least {BLOCK}x{BLOCK}")
    return block_features(sized)


def _sharp(blocks: BlockFeatures) -> FloatArray:
    return np.asarray(blocks.features[blocks.sharpness > _SHARP * blocks.sharpness.max()])
