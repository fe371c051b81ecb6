"""A regression from a method's features to ratings, as a file without code: ridge, or an SVR with a Gaussian kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.api import FloatArray
from bench.errors import UsageError
from bench.io.atomic import output_file
from bench.io.hashing import hash_bytes
from bench.plugins.gaussian import MAX_FEATURES, read_npz

FORMAT = 1
MAX_BYTES = 2**28
_COMMON = ("feature_mean", "feature_scale", "label_mean", "label_scale", "intercept")
_OF_KIND = {"ridge": ("coefficients",), "svr": ("support", "dual", "gamma")}
_TEXTS = ("kind", "ratings", "direction", "resize")


@dataclass(frozen=True, eq=False)
class RatingModel:
    """A fitted regression.

    Attributes:
        arrays: float64. ``feature_mean`` and ``feature_scale`` (K,), ``label_mean``, ``label_scale`` and ``intercept``
            (); for a ridge ``coefficients`` (K,); for an SVR ``support`` (S, K), ``dual`` (S,) and ``gamma`` ().
        about: JSON types only: ``kind``, ``ratings`` (id of what was fitted on), ``direction`` of the ratings,
            ``resize`` policy, ``n``, ``hashes`` of their labels and image files, and ``features``: all of these.
    """

    arrays: Mapping[str, FloatArray]
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def hashes(self) -> tuple[str, ...]:
        """Hashes of the labels and the image files that it was fitted on; empty where an older file says none."""
        said = self.about.get("hashes")
        return tuple(each for each in said if isinstance(each, str)) if isinstance(said, list) else ()

    @property
    def fingerprint(self) -> str:
        """The first 12 hex digits of the SHA-256 of the arrays as little-endian float64, by name."""
        parts = [name.encode() + self.arrays[name].astype("<f8").tobytes() for name in sorted(self.arrays)]
        return hash_bytes(b"".join(parts))

    def predict(self, features: FloatArray) -> FloatArray:
        """Return a rating (n,) for each of the features (n, K), in the units and direction of the ratings."""
        of = self.arrays
        x = (features - of["feature_mean"]) / of["feature_scale"]
        if self.about["kind"] == "ridge":
            y = x @ of["coefficients"]
        else:
            distances = np.stack([((of["support"] - row) ** 2).sum(axis=1) for row in x])
            y = np.exp(-of["gamma"] * distances) @ of["dual"]
        return np.asarray((y + of["intercept"]) * of["label_scale"] + of["label_mean"])

    def save(self, path: Path) -> None:
        """Write an .npz; the file appears whole or not at all.

        Raises:
            UsageError: it cannot be written, or a file of another kind is there.
        """
        about = json.dumps({"format": FORMAT, **self.about}, sort_keys=True)
        with output_file(path, own=is_rating_model) as temporary, temporary.open("wb") as file:
            arrays: dict[str, Any] = {"about": np.array(about), **self.arrays}
            np.savez_compressed(file, **arrays)


def is_rating_model(path: Path) -> object:
    """Raise UsageError unless a file is one that :meth:`RatingModel.save` wrote."""
    return load_rating_model(path, "--output")


def load_rating_model(path: Path, parameter: str) -> RatingModel:
    """Read a file that :meth:`RatingModel.save` wrote; it may be hostile.

    Args:
        path: of the file.
        parameter: what errors call it.

    Raises:
        UsageError: it is not there, too large, damaged, or no such file.
    """
    remedy = "give a file written by `bench fit --features NAME --train RATINGS --output FILE`"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return _checked(read_npz(data, MAX_BYTES))
    except OSError as error:
        raise UsageError(f"{parameter} got {path}, which cannot be read ({error.strerror}): {remedy}") from None
    except UsageError as error:
        raise UsageError(f"{parameter} got {path}, which is no model: {error}; {remedy}") from None
    # Damaged files make numpy and zipfile raise nearly anything.
    except Exception as error:
        raise UsageError(f"{parameter} got {path}, which is no model ({type(error).__name__}): {remedy}") from None


def _checked(arrays: dict[str, Any]) -> RatingModel:
    about = json.loads(str(arrays.pop("about")))
    if not isinstance(about, dict) or about.pop("format", None) != FORMAT:
        raise UsageError(f"its format is not {FORMAT}")
    if not all(isinstance(about.get(name), str) for name in _TEXTS) or not isinstance(about.get("features"), dict):
        raise UsageError("it does not say what it was fitted on")
    if about["kind"] not in _OF_KIND or about["direction"] not in ("higher", "lower"):
        raise UsageError(f"its kind is {about['kind'][:20]!r} and its direction {about['direction'][:20]!r}")
    if set(arrays) != {*_COMMON, *_OF_KIND[about["kind"]]}:
        raise UsageError("its arrays are others")
    if any(array.dtype != np.float64 or not np.isfinite(array).all() for array in arrays.values()):
        raise UsageError("an array is not of finite float64")
    _check_shapes(arrays)
    return RatingModel(arrays, about)


def _check_shapes(arrays: Mapping[str, FloatArray]) -> None:
    width = arrays["feature_mean"].shape
    # Mean and deviation of each feature.
    if len(width) != 1 or not 1 <= width[0] <= 2 * MAX_FEATURES:
        raise UsageError(f"its features have the shape {width}")
    supports = arrays["dual"].shape if "dual" in arrays else ()
    expected = {
        **dict.fromkeys(arrays, ()),
        **dict.fromkeys(("feature_mean", "feature_scale", "coefficients"), width),
        "support": (*supports, *width),
        "dual": supports,
    }
    for name, array in arrays.items():
        if array.shape != expected[name]:
            raise UsageError(f"its {name} has the shape {array.shape}, not {expected[name]}")
    if "dual" in arrays and len(supports) != 1:
        raise UsageError(f"its dual coefficients have the shape {supports}")
    if not (arrays["feature_scale"] > 0).all() or not arrays["label_scale"] > 0:
        raise UsageError("a scale is not above 0")
