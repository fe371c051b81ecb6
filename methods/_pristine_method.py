"""What the methods with a pristine model share: whose model it is, whether it is here, and its fit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from bench.api import FeatureSpace, FloatArray, Method, MethodInfo, Photo
from bench.errors import MissingRequirementError, counted
from bench.io.images import prepare
from bench.io.progress import warn
from bench.plugins.gaussian import PristineFeatures, PristineModel, fit_model, measure_pristine


class _Savable(Protocol):
    def save(self, path: Path) -> None: ...


class PristineMethod(Method):
    """A method that compares a photograph with a pristine model: the one that ships, or that of the option ``model``.

    Attributes:
        rows: what a row of its features is of, in the plural.
        least_rows: how many of them a model needs.
        least_side: pixels, of a photograph that can be fitted on.
        gaussian: that of the pristine model in use, which ``load`` sets.
    """

    rows: ClassVar[str] = "blocks"
    least_rows: ClassVar[int] = 2
    least_side: ClassVar[int]
    gaussian: PristineModel

    @classmethod
    @abstractmethod
    def model_path(cls, name: str) -> Path:
        """Turn the option ``model`` into a path; empty is the shipped model.

        Raises:
            MissingRequirementError: no file is there.
        """

    @classmethod
    @abstractmethod
    def measure(cls, options: Any, device: str) -> tuple[Callable[[Photo], FloatArray], Mapping[str, Any]]:
        """Return the function that measures a pristine photograph, and JSON values on how for the model's file.

        Raises:
            MissingRequirementError: the weights of a network are not here.
        """

    @classmethod
    def fit_model(cls, features: PristineFeatures, about: Mapping[str, Any]) -> _Savable:
        """Fit the pristine model, whose file says ``about``."""
        return fit_model(features, about)

    def declared(self) -> MethodInfo:
        """Return what holds for the pristine model in use; of somebody else's file only what it says."""
        if not self.options.model:
            return self.info
        trained_on = (*self.feature_space().trained_on, *self.gaussian.trained_on)
        return replace(self.info, trained_on=trained_on, selected_on=())

    def feature_space(self) -> FeatureSpace:
        """Return what the features come from: nothing that was learnt. The pristine model is not in them."""
        return FeatureSpace()

    @classmethod
    def missing(cls) -> str:
        """Say which packages are missing, and how to get the pristine model where it is not here."""
        try:
            cls.model_path("")
        except MissingRequirementError as error:
            return "; ".join(filter(None, (super().missing(), str(error))))
        return super().missing()

    @classmethod
    def fit(
        cls, photos: Iterable[Photo], output: Path, *, options: Any = None, device: str = "cpu", source: str = ""
    ) -> str:
        """Fit the pristine model of the paper and write it as .npz.

        Args:
            photos: pristine photographs as decoded, pixels (H, W, 3). Those that are too small are left out.
            output: path of the file.
            options: instance of ``Options``; ``model`` does not count.
            device: torch device string; methods without a network do not use it.
            source: the photographs' dataset id.

        Raises:
            MissingRequirementError: the weights of a network are not here.
            UsageError: there are fewer rows of features than a model needs, or the output cannot be written.
        """
        features, about = cls.measure(options or cls.Options(), device)
        prepared = (prepare(photo, cls.info.input) for photo in photos)
        found = measure_pristine(prepared, features, f"smaller than {cls.least_side} pixels")
        found.require(cls.least_rows, cls.rows)
        said = {"method": cls.info.name, "version": cls.info.version, "pristine": source}
        cls.fit_model(found, {**said, **about, "skipped_small": found.refused}).save(output)
        if doubt := found.doubt(cls.info.name, cls.rows):
            warn(doubt)
        return (
            f"fitted {cls.info.name} on {len(found.usable):,} {cls.rows} of "
            f"{counted(len(found.by_photo), 'photograph')}{found.skipped}: {output}"
        )
