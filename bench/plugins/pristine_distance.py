"""``ou:NAME``: distance of the features of the method NAME from those of pristine photographs.

The multivariate Gaussian of NIQE in any method's feature space: no opinion score is used, unless the features'
own method used some. Every method that offers ``features`` gets such a row.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.api import UNKNOWN, FloatArray, Method, MethodInfo, Photo
from bench.errors import BenchError, ImageError, MissingRequirementError, UsageError, counted
from bench.extras import require
from bench.io.hashing import hash_bytes
from bench.io.images import prepare
from bench.io.progress import warn
from bench.io.visible import quoted
from bench.plugins import gaussian
from bench.plugins.derived import derive_over

PREFIX = "ou:"
VERSION = "1"


class OverFeatures(Method):
    """Distance of a photograph's features from the Gaussian of pristine photographs' features; lower is better.

    Attributes:
        of: the method whose features they are.
    """

    of: ClassVar[type[Method]]

    def load(self) -> None:
        """Read the pristine model, and load the method that gives the features.

        Raises:
            MissingRequirementError: no model is given, or the features' method lacks something.
            UsageError: the file is no model of these features.
        """
        path = Path(self.options.model)
        if not self.options.model or not path.is_file():
            got = f"{path} is not a file" if self.options.model else "none is given"
            raise MissingRequirementError(f"{self.info.name}, option model: {got}; {_how(self.info.name)}")
        self.model = _read(path, self.info.name)
        self._features = load_features(self.of, self.options, self.device)
        self._space = self._features.feature_space()
        _check_features(self.model, path, self.info.name, self._features)

    @property
    def fingerprint(self) -> str:
        """A hash of the pristine model and of the weights that the features are computed with."""
        return hash_bytes(f"{self.model.fingerprint} {self._space.fingerprint}".encode())

    def declared(self) -> MethodInfo:
        """Return what holds for the features and the pristine photographs in use."""
        trained_on = tuple(dict.fromkeys((*self._space.trained_on, *self.model.trained_on)))
        return dataclasses.replace(self.info, trained_on=trained_on, selected_on=self._space.selected_on)

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one distance a photo, 0 or more.

        Raises:
            ImageError: a photo has no features.
        """
        return [self._distance(self._features.features(photo)) for photo in photos]

    def _distance(self, features: FloatArray) -> float:
        mean, covariance, rows = gaussian.gaussian(features)
        if not rows:
            raise ImageError(f"all {len(features)} rows of its features contain NaN or infinity")
        return gaussian.distance(self.model, mean, covariance)

    @classmethod
    def missing(cls) -> str:
        """Say that a model must be fitted, and what the features' method lacks."""
        return "; ".join(filter(None, (cls.of.missing(), "a pristine model: " + _how(cls.info.name))))

    @classmethod
    def fit(
        cls, photos: Iterable[Photo], output: Path, *, options: Any = None, device: str = "cpu", source: str = ""
    ) -> str:
        """Fit the Gaussian to the features of pristine photographs and write it as .npz.

        Raises:
            MissingRequirementError: scikit-learn is not installed, which shrinks the covariance of few photographs.
            UsageError: fewer than two rows of features are finite, or the output cannot be written.
            BenchError: the method gives features of another shape than (M, D).
        """
        require(f"bench fit {cls.info.name}", "sklearn")  # now, not after the photographs are measured
        method = load_features(cls.of, cls.Options() if options is None else options, device)
        prepared = (prepare(photo, cls.info.input) for photo in photos)
        found = gaussian.measure_pristine(
            prepared,
            lambda photo: rows_of(method, method.pristine_features(photo)),
            f"{method.info.name} has no features of them",
        )
        found.require(2, "rows of features")
        model = gaussian.fit_model(found, {"method": PREFIX + method.info.name, "pristine": source, **_about(method)})
        model.save(output)
        shrunk = model.metadata["shrinkage"]
        note = f", covariance shrunk by {shrunk:.2g} for want of rows" if shrunk else ""
        if not note and (doubt := found.doubt(cls.info.name, "rows of features")):
            warn(doubt)
        return (
            f"fitted {cls.info.name} on {model.blocks:,} rows of {len(model.mean):,} features of "
            f"{counted(model.photos, 'photograph')}{found.skipped}{note}: {output}"
        )


def offers_features(method: type[Method]) -> bool:
    """Say whether a method has features."""
    return method.features is not Method.features


@functools.cache
def derive(method: type[Method]) -> type[Method]:
    """Return the method ``ou:NAME`` over a method's features."""
    return derive_over(OverFeatures, method, _info(method.info), "pristine model: a file written by `bench fit`")


def _info(info: MethodInfo) -> MethodInfo:
    return dataclasses.replace(
        info,
        name=PREFIX + info.name,
        version=f"{VERSION} on {info.name} {info.version}",
        trained_on=(UNKNOWN,),
        selected_on=(),
        score_range=(0.0, math.inf),
        higher_is_better=False,
        citation=f"{info.citation}; distance: Mittal, Soundararajan, Bovik, IEEE SPL 2013",
        summary=f"distance of {info.name}'s features from those of pristine photographs",
        batching="any",
        aliases=(),
    )


def load_features(of: type[Method], options: Any, device: str) -> Method:
    """Load a method for its features, with those of some options that are its own but for ``model``."""
    # `model` is ours, also where the features' method has an option of that name: its features don't hang on it.
    names = [f.name for f in dataclasses.fields(of.Options) if f.name != "model"]
    return of(of.Options(**{name: getattr(options, name) for name in names}), device)


def rows_of(method: Method, features: FloatArray) -> FloatArray:
    """Return a method's features as float64.

    Raises:
        BenchError: they are not (M, D) with 1 to ``mvg.MAX_FEATURES`` columns.
    """
    shape = np.shape(features)
    if len(shape) != 2 or not 1 <= shape[1] <= gaussian.MAX_FEATURES:
        raise BenchError(
            f"the features of {method.info.name} have the shape {shape} instead of (M, D), a row for each patch, D at "
            f"most {gaussian.MAX_FEATURES:,}: the method's author must correct this"
        )
    return np.asarray(features, dtype=np.float64)


def summed_up(rows: FloatArray) -> FloatArray:
    """Return mean and standard deviation (2D,) over the finite ones of the rows (M, D) of an image's features.

    One row has a deviation of 0, so that an image with one patch and one with many compare.

    Raises:
        ImageError: no row is finite throughout.
    """
    finite = rows[np.isfinite(rows).all(axis=1)]
    if not len(finite):
        raise ImageError(f"all {len(rows)} rows of its features contain NaN or infinity")
    return np.concatenate([finite.mean(axis=0), finite.std(axis=0)])


def _about(method: Method) -> dict[str, str]:
    space = method.feature_space()
    return {"features": method.info.name, "features_version": method.info.version, "weights": space.fingerprint}


def _how(name: str) -> str:
    return f"bench fit {name} --pristine FOLDER --output FILE, then --option {name}.model=FILE"


def _read(path: Path, name: str) -> gaussian.PristineModel:
    try:
        return gaussian.load_model(path)
    except UsageError as error:
        raise UsageError(f"{name}, option model: {path}: {error}; give a file written by `bench fit {name}`") from None


def _check_features(model: gaussian.PristineModel, path: Path, name: str, method: Method) -> None:
    for key, here in _about(method).items():
        there = model.metadata.get(key)
        if there != here:
            got = quoted(there)[:60] if there else "nothing"
            raise UsageError(
                f"{name}, option model: {path} was fitted with {key} {got} but now it is {quoted(here)}; "
                f"fit it again with these options, or give the options of the fit"
            )
