"""``fit:NAME``: what a regression of the features of the method NAME on somebody's ratings says of a photograph.

`bench fit --features NAME --train RATINGS --output FILE` writes the regression. Every method that offers ``features``
gets such a row, which needs a file.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.api import UNKNOWN, Family, Method, MethodInfo, Photo
from bench.errors import MissingRequirementError, UsageError
from bench.io.hashing import hash_bytes
from bench.io.images import POLICY
from bench.plugins import options as method_options
from bench.plugins.derived import derive_over
from bench.plugins.pristine_distance import load_features, rows_of, summed_up
from bench.plugins.rating_model import RatingModel, load_rating_model

PREFIX = "fit:"
VERSION = "1"


class RatedFeatures(Method):
    """Rating that a regression of a method's features predicts, in the units and direction of the ratings.

    Attributes:
        of: the method whose features they are.
    """

    of: ClassVar[type[Method]]

    def load(self) -> None:
        """Read the regression, and load the method that gives the features.

        Raises:
            MissingRequirementError: no file is given.
            UsageError: the file is no regression of these features, as they are computed now.
        """
        if not self.options.model:
            raise MissingRequirementError(f"{self.info.name}, option model: none is given; {_how(self.of.info.name)}")
        parameter = f"--option {self.info.name}.model"
        self.model = load_rating_model(Path(self.options.model), parameter)
        self._features = load_features(self.of, self.options, self.device)
        self._space = self._features.feature_space()
        check_same(self.model, f"{parameter} got {self.options.model}", self._features)

    @property
    def fingerprint(self) -> str:
        """A hash of the regression and of the weights that the features are computed with."""
        return hash_bytes(f"{self.model.fingerprint} {self._space.fingerprint}".encode())

    def declared(self) -> MethodInfo:
        """Return what holds for the features and the ratings in use."""
        trained_on = tuple(dict.fromkeys((self.model.about["ratings"], *self._space.trained_on)))
        return dataclasses.replace(
            self.info,
            trained_on=trained_on,
            trained_on_hashes=self.model.hashes,
            selected_on=self._space.selected_on,
            higher_is_better=self.model.about["direction"] == "higher",
        )

    def score(self, photos: Sequence[Photo]) -> list[float]:
        """Return one rating a photo.

        Raises:
            ImageError: a photo has no features.
        """
        rows = [summed_up(rows_of(self._features, self._features.features(photo))) for photo in photos]
        return [float(value) for value in self.model.predict(np.stack(rows))]

    @classmethod
    def missing(cls) -> str:
        """Say that a regression must be fitted, and what the features' method lacks."""
        return "; ".join(filter(None, (cls.of.missing(), "a regression on ratings: " + _how(cls.of.info.name))))


@functools.cache
def derive(method: type[Method]) -> type[Method]:
    """Return the method ``fit:NAME`` over a method's features."""
    return derive_over(
        RatedFeatures, method, _info(method.info), "regression: a file written by `bench fit --features --output`"
    )


def _info(info: MethodInfo) -> MethodInfo:
    return dataclasses.replace(
        info,
        name=PREFIX + info.name,
        version=f"{VERSION} on {info.name} {info.version}",
        family=Family.MOS_TRAINED,
        opinion_aware=True,
        trained_on=(UNKNOWN,),
        selected_on=(),
        score_range=(-math.inf, math.inf),
        higher_is_better=True,
        citation=f"{info.citation}; a regression on ratings",
        summary=f"regression of {info.name}'s features on your own ratings",
        batching="any",
        aliases=(),
    )


def identity_of_features(method: Method) -> dict[str, Any]:
    """Return all of a loaded method that its features depend on (JSON values)."""
    info = method.info
    return {
        "name": info.name,
        "version": info.version,
        "options": method_options.identity(method.options),
        "weights": method.feature_space().fingerprint,
        "colour": info.input.colour,
        "resize": str(info.input.resize),
        "decode": POLICY,
    }


def check_same(model: RatingModel, said: str, method: Method) -> None:
    """Raise UsageError unless a regression was fitted on the features that a method computes now."""
    there = model.about["features"]
    for key, here in identity_of_features(method).items():
        if there.get(key) != here:
            raise UsageError(
                f"{said}, which was fitted on features of {method.info.name} with {key} {str(there.get(key))[:60]!r}, "
                f"and now it is {str(here)[:60]!r}: give the options of the fit, or fit it again"
            )


def _how(name: str) -> str:
    return (
        f"`bench fit --features {name} --train RATINGS --output FILE`, then `bench score --model FILE` or "
        f"--option {PREFIX}{name}.model=FILE"
    )
