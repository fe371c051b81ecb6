"""Multivariate Gaussian (MVG) of pristine photographs' features: fit, file and distance.

Source: A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image quality analyzer", IEEE
Signal Processing Letters 20(3), 2013, whose distance this is, in whatever feature space.
"""

from __future__ import annotations

import functools
import io
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.api import UNKNOWN, FloatArray, Photo
from bench.errors import ImageError, UsageError, counted
from bench.io.atomic import output_file
from bench.io.hashing import hash_bytes

MAX_FEATURES = 4096
"""The most features D of a model: its covariance then has 134 MB."""

_MAX_BYTES = 8 * (MAX_FEATURES + 1) ** 2
# A pseudo-inverse of so many features takes a second or more a photograph, where solving takes some ten milliseconds.
_SOLVE_FROM = 256
# N independent rows of D features make the inverse of their covariance N / (N - D) times too large: a quarter at five
# rows a feature. And rows of one photograph are alike: models of NIQE and MDFS on parts of BSDS500 differ in SRCC by
# about 0.03 from part to part where a part has 40 photographs, and by up to 0.15 where it has ten.
_ROWS_A_FEATURE = 5
_PHOTOS = 40
# Where a direction has less of the largest deviation, rounding rules it, and a pseudo-inverse leaves it out.
_SMALLEST = 3e-7


@dataclass(frozen=True, eq=False)
class PristineModel:
    """A multivariate Gaussian over the features of pristine photographs.

    Attributes:
        mean: (D,).
        covariance: (D, D), symmetric, no negative eigenvalue.
        photos: how many photographs it was fitted on; 0 if the file does not say.
        blocks: how many rows of features, one a patch, it was fitted on; 0 if the file does not say.
        metadata: what else the file says; JSON types only.
    """

    mean: FloatArray
    covariance: FloatArray
    photos: int = 0
    blocks: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """The first 12 hex digits of the SHA-256 of mean and covariance as little-endian float64."""
        parameters = np.concatenate([self.mean, self.covariance.ravel()]).astype("<f8")
        return hash_bytes(parameters.tobytes())

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The id of the pristine photographs that it was fitted on; unknown where the file does not say."""
        source = self.metadata.get("pristine")
        return (source if source and isinstance(source, str) else UNKNOWN,)

    def save(self, path: Path, **arrays: Any) -> None:
        """Write an .npz that :func:`read_npz` reads; the file appears whole or not at all.

        Args:
            path: of the file.
            arrays: (any shape), what a method needs beside the Gaussian, by name.

        Raises:
            UsageError: the file cannot be written, or one of another kind is there.
        """
        with output_file(path, own=load_model) as temporary:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                np.savez_compressed(
                    file,
                    mean=self.mean,
                    covariance=self.covariance,
                    photos=self.photos,
                    blocks=self.blocks,
                    metadata=json.dumps(self.metadata, sort_keys=True),
                    **arrays,
                )


# --- fitting and measuring ---


def gaussian(features: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Return mean (D,), covariance (D, D) and the number of rows of (M, D) that are finite throughout.

    As MATLAB's nanmean and nancov, the mean takes every finite value and the covariance only the finite rows.
    One row has no spread: its covariance is zero.
    """
    finite = np.isfinite(features)
    rows = features[finite.all(axis=1)]
    with np.errstate(invalid="ignore"):
        mean = np.where(finite, features, 0).sum(axis=0) / finite.sum(axis=0)
    covariance = np.cov(rows.T) if len(rows) > 1 else np.zeros((features.shape[1],) * 2)
    return np.asarray(mean), np.asarray(covariance).reshape(covariance.shape or (1, 1)), len(rows)


def flat_as_zero(features: FloatArray) -> FloatArray:
    """Return features (M, D) as they are, or with 0 for NaN where no row is finite throughout.

    A block of one grey level has no spread, which a fitted scale of 0 says: so a picture that is flat all over, which
    is a very bad one, gets a distance, and a large one.
    """
    return features if np.isfinite(features).all(axis=1).any() else np.nan_to_num(features, nan=0.0)


def distance(model: PristineModel, mean: FloatArray, covariance: FloatArray) -> float:
    """Return how far a photograph's mean (D,) and covariance (D, D) are from the model, 0 or more.

    The root of (m1 - m2)ᵀ ((C1 + C2) / 2)⁺ (m1 - m2). With a covariance of zero, which a photograph with one
    row of features has, that is √2 times the Mahalanobis distance.
    """
    difference = model.mean - mean
    middle = (model.covariance + covariance) / 2
    # Rounding can bring the distance of a photograph from itself below zero.
    return math.sqrt(max(0.0, float(unmixed(middle, difference) @ difference)))


def unmixed(covariance: FloatArray, difference: FloatArray) -> FloatArray:
    """Return a difference (D,), or several (M, D), times the pseudo-inverse of a covariance (D, D)."""
    if len(covariance) >= _SOLVE_FROM:
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        try:
            factor, lower = cho_factor(covariance)
        except LinAlgError:
            pass  # some directions have no spread
        else:
            deviations = factor.diagonal()
            if deviations.min() > _SMALLEST * deviations.max():
                return np.asarray(cho_solve((factor, lower), difference.T).T)
    return np.asarray(difference @ np.linalg.pinv(covariance))


@dataclass(frozen=True, eq=False)
class PristineFeatures:
    """Features of the pristine photographs that a model is fitted on.

    Attributes:
        by_photo: (M, D) of each photograph that has some; at least one.
        skipped: words to go on with after the number of photographs, on those that have none; empty without such.
        refused: how many have none.
    """

    by_photo: Sequence[FloatArray]
    skipped: str
    refused: int

    @functools.cached_property
    def usable(self) -> FloatArray:
        """The rows (N, D) that are finite throughout."""
        rows = np.concatenate(self.by_photo)
        return np.asarray(rows[np.isfinite(rows).all(axis=1)])

    def require(self, least: int, what: str) -> None:
        """Check that there are enough rows to fit on.

        Args:
            least: of usable rows.
            what: a row is the features of, in the plural.

        Raises:
            UsageError: there are fewer.
        """
        if (usable := len(self.usable)) < least:
            photographs = counted(len(self.by_photo), "photograph")
            raise UsageError(
                f"--pristine: only {usable} usable {what} in {photographs}{self.skipped}; add photographs until there "
                f"are at least {least}"
            )

    def doubt(self, name: str, what: str) -> str:
        """Say what a usable covariance needs, where the photographs are too few for one; empty where they are not.

        Args:
            name: of the method.
            what: a row is the features of, in the plural.
        """
        rows, size = self.usable.shape
        if rows >= _ROWS_A_FEATURE * size and len(self.by_photo) >= _PHOTOS:
            return ""
        return (
            f"{name} is fitted on {rows:,} {what} of {counted(len(self.by_photo), 'photograph')}, which are few for a "
            f"covariance of {size:,} features and its inverse: with fewer than {_ROWS_A_FEATURE * size:,} {what} or "
            f"{_PHOTOS} photographs, scores depend on which photographs these are; add photographs"
        )


def measure_pristine(
    photos: Iterable[Photo], features: Callable[[Photo], FloatArray], without: str
) -> PristineFeatures:
    """Return the features of pristine photographs.

    Args:
        photos: in the form that ``features`` takes.
        features: returns those (M, D) of a photograph, or raises ImageError.
        without: what a photograph is that has none, in words to go on with after "skipped as".

    Raises:
        UsageError: no photograph has any.
    """
    found, refused = [], 0
    for photo in photos:
        try:
            found.append(features(photo))
        except ImageError:
            refused += 1
    skipped = f", {refused} skipped as {without}" if refused else ""
    if not found:
        raise UsageError(f"--pristine has no photographs to fit on{skipped}; give a folder of pristine photographs")
    return PristineFeatures(found, skipped, refused)


def fit_model(features: PristineFeatures, metadata: Mapping[str, Any]) -> PristineModel:
    """Fit the model to the features of pristine photographs.

    Where no more rows are finite than there are features, their covariance has no inverse: it is shrunk towards
    a multiple of the identity, as far as O. Ledoit and M. Wolf, "A well-conditioned estimator for
    large-dimensional covariance matrices", J. Multivariate Analysis 88, 2004, say; ``metadata["shrinkage"]`` keeps
    how far, 0 for not at all.
    """
    mean, covariance, count = gaussian(np.concatenate(features.by_photo))
    shrinkage = 0.0
    if 1 < count <= len(mean):
        from sklearn.covariance import ledoit_wolf_shrinkage

        shrinkage = float(ledoit_wolf_shrinkage(features.usable))
        level = np.trace(covariance) / len(mean)
        covariance = (1 - shrinkage) * covariance + shrinkage * level * np.eye(len(mean))
    return PristineModel(mean, covariance, len(features.by_photo), count, {**metadata, "shrinkage": shrinkage})


# --- files that may be hostile ---


def load_model(path: Path) -> PristineModel:
    """Read a model that :meth:`PristineModel.save` wrote.

    Raises:
        UsageError: it is too large, damaged or no model; the message is a reason, as in :func:`check`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        return check_model(read_npz(data))
    except UsageError:
        raise
    # Damaged files make numpy and zipfile raise nearly anything: zlib.error, KeyError, MemoryError ...
    except Exception as error:
        raise UsageError(f"it cannot be read as .npz ({type(error).__name__})") from None


def read_npz(data: bytes, most: int = _MAX_BYTES) -> dict[str, Any]:
    """Return an .npz's arrays by name, unpickling nothing.

    Raises:
        ValueError: it unpacks to more than ``most`` bytes.
        Exception: whatever zipfile and numpy raise on damaged files.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > most:
            raise ValueError("unpacks to more than a model can need")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def check_model(arrays: Mapping[str, Any], names: tuple[str, str] = ("mean", "covariance")) -> PristineModel:
    """Turn a file's arrays into a model.

    Args:
        arrays: by name; ``photos``, ``blocks`` and ``metadata`` (JSON) may be among them.
        names: what mean and covariance are called.

    Raises:
        UsageError: they are no Gaussian; the message is a reason, to go on with after the file's name and a colon.
        Exception: whatever numpy and json raise on values of another kind.
    """
    mean = np.asarray(arrays[names[0]], dtype=np.float64).ravel()
    covariance = np.asarray(arrays[names[1]], dtype=np.float64)
    if covariance.shape != (len(mean), len(mean)) or not 1 <= len(mean) <= MAX_FEATURES:
        raise UsageError(f"mean {mean.shape} and covariance {covariance.shape} should be (D,) and (D, D)")
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise UsageError("it contains NaN or infinite values")
    largest = np.abs(covariance).max()
    if not np.allclose(covariance, covariance.T, rtol=0, atol=1e-9 * largest):
        raise UsageError("the covariance is not symmetric")
    if np.linalg.eigvalsh(covariance).min() < -1e-9 * largest:
        raise UsageError("the covariance has a negative eigenvalue")
    counts = {name: int(arrays[name]) for name in ("photos", "blocks") if name in arrays}
    metadata = json.loads(str(arrays["metadata"])) if "metadata" in arrays else {}
    if not isinstance(metadata, dict):
        raise UsageError("its metadata is not a JSON object")
    return PristineModel(mean, covariance, **counts, metadata=metadata)
