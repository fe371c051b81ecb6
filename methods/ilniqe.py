"""IL-NIQE: distance of a photograph's blocks from those of pristine photographs, in many kinds of local statistics.

Source: L. Zhang, L. Zhang, A. C. Bovik, "A feature-enriched completely blind image quality evaluator", IEEE
Transactions on Image Processing 24(8), 2579-2591, 2015. Written from the paper, and the values follow the authors'
MATLAB release: with its model (option ``model``) it gives the release's scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.api import Family, FeatureSpace, FloatArray, Method, MethodInfo, Photo, Pixels, option, register
from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.plugins.gaussian import flat_as_zero, gaussian, measure_photos, unmixed

from ._ilniqe_features import BLOCK, block_features
from ._ilniqe_model import IlniqeModel, fit_model, load_model, model_path
from ._matlab_resize import matlab_resize
from ._niqe_features import BlockFeatures

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
class Ilniqe(Method):
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

    def load(self) -> None:
        """Read the pristine model that the options name.

        Raises:
            MissingRequirementError: it is not there.
            UsageError: it is no model, or was fitted on photographs of another size.
        """
        self.model = load_model(model_path(self.options.model))
        fitted = self.model.gaussian.metadata.get("resize", self.options.resize)
        if fitted is not self.options.resize:
            raise UsageError(
                f"ilniqe, option resize: {self.options.resize}, but {self.options.model or 'the shipped model'} was "
                f"fitted with {fitted}; give a model that was fitted as photographs are scored"
            )

    def declared(self) -> MethodInfo:
        """Return what holds for the pristine model in use; of somebody else's file only what it says."""
        if not self.options.model:
            return self.info
        return replace(self.info, trained_on=self.model.gaussian.trained_on, selected_on=())

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
            ImageError: a photo is smaller than a block and not resized.
        """
        return [ilniqe(self.features(photo), self.model) for photo in photos]

    def features(self, photo: Photo) -> FloatArray:
        """Return the features (blocks, 468) of every block; NaN in those too flat to tell."""
        return _measured(photo.pixels, resize=self.options.resize).features

    def pristine_features(self, photo: Photo) -> FloatArray:
        """Return the features (blocks, 468) of the sharp blocks."""
        return _sharp(_measured(photo.pixels, resize=self.options.resize))

    def feature_space(self) -> FeatureSpace:
        """Return what the features come from: nothing that was learnt. The pristine model is not in them."""
        return FeatureSpace()

    @classmethod
    def fit(
        cls,
        photos: Iterable[Photo],
        output: Path,
        *,
        options: Any = None,
        device: str = "cpu",  # noqa: ARG003 - there is no network
        source: str = "",
    ) -> str:
        """Fit the pristine model of the paper and write it as .npz.

        Args:
            photos: pristine photographs as decoded, pixels (H, W, 3).
            output: path of the file.
            options: instance of ``Options``; ``resize`` counts, ``model`` does not.
            device: not used.
            source: the photographs' dataset id.

        Raises:
            UsageError: fewer than two usable blocks, or an output that cannot be written.
        """
        resize = options.resize if options else True
        kept, refused = measure_photos(photos, lambda photo: _sharp(_measured(photo.pixels, resize=resize)))
        rows = np.concatenate(kept) if kept else np.empty((0, 1))
        rows = rows[np.isfinite(rows).all(axis=1)]
        if len(rows) < 2:
            raise UsageError(f"--pristine: {len(kept)} photographs give {len(rows)} usable blocks; add photographs")
        about = {
            "method": "ilniqe",
            "version": cls.info.version,
            "sharpness": _SHARP,
            "resize": resize,
            "skipped_small": refused,
            "pristine": source,
        }
        model = fit_model(rows, len(kept), about)
        model.save(output)
        skipped = f", {refused} skipped as smaller than {BLOCK} pixels" if refused else ""
        return (
            f"fitted ilniqe on {len(rows):,} blocks of {len(kept):,} photographs{skipped}, "
            f"{model.components.shape[1]} components: {output}"
        )


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
