"""IL-NIQE's pristine model: principal components of 468 features and a Gaussian over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.api import FloatArray
from bench.errors import MissingRequirementError, UsageError
from bench.io.hashing import hash_bytes
from bench.plugins.gaussian import PristineModel, check_model

from ._ilniqe_features import FEATURES
from ._pristine_file import load_arrays

SHIPPED = Path(__file__).with_name("ilniqe_pristine.npz")

COMPONENTS = 430
"""Principal components that are kept, as in the original release."""

_MAX_BYTES = 2**23  # a model has at most 3.1 MB in float64


@dataclass(frozen=True, eq=False)
class IlniqeModel:
    """What a photograph's blocks are compared with.

    Attributes:
        centre: (468,), the mean features of pristine blocks.
        components: (468, K), orthonormal columns; K is 430 unless too few blocks were fitted on.
        gaussian: over the K components.
    """

    centre: FloatArray
    components: FloatArray
    gaussian: PristineModel

    @property
    def fingerprint(self) -> str:
        """12 hex digits over all parameters."""
        arrays = (self.centre, self.components, self.gaussian.mean, self.gaussian.covariance)
        return hash_bytes(b"".join(array.astype("<f8").tobytes() for array in arrays))

    def project(self, features: FloatArray) -> FloatArray:
        """Return the components (blocks, K) of features (blocks, 468); NaN in a block that has a NaN."""
        return np.asarray((features - self.centre) @ self.components)

    def save(self, path: Path) -> None:
        """Write an .npz; the file appears whole or not at all.

        Raises:
            UsageError: the file cannot be written.
        """
        self.gaussian.save(path, centre=self.centre, components=self.components.astype(np.float32))


def fit_model(features: FloatArray, photos: int, metadata: Mapping[str, Any]) -> IlniqeModel:
    """Fit the model to the features (blocks, 468) of pristine blocks, all finite, more than one."""
    centre = features.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(features.T))
    kept = min(COMPONENTS, len(features) - 1)
    # As it is stored, so that a model is the same before and after.
    components = vectors[:, ::-1][:, :kept].astype(np.float32).astype(np.float64)
    return IlniqeModel(
        centre,
        components,
        PristineModel(np.zeros(kept), np.diag(values[::-1][:kept].clip(min=0)), photos, len(features), dict(metadata)),
    )


def model_path(name: str) -> Path:
    """Turn the option ``model`` into a path; empty is the shipped model.

    Raises:
        MissingRequirementError: no file is there.
    """
    path = Path(name) if name else SHIPPED
    if not path.is_file():
        how = (
            "give an .npz or .mat file, or nothing for the shipped model"
            if name
            else "install the package again, or make it by the recipe in methods/ilniqe_pristine.md"
        )
        raise MissingRequirementError(f"ilniqe, option model: {path} is not a file; {how}")
    return path


def load_model(path: Path) -> IlniqeModel:
    """Read a model from an .npz of this project or the original release's ``templateModel.mat``.

    Raises:
        UsageError: the file is too large, damaged, of another kind, or holds no valid model.
    """
    return load_arrays("ilniqe", path, _MAX_BYTES, ("templateModel",), _check)


def _check(arrays: Mapping[str, Any]) -> IlniqeModel:
    if "templateModel" in arrays:
        names = ("mean", "covariance", "centre", "components")
        arrays = dict(zip(names, np.asarray(arrays["templateModel"]).ravel(), strict=True))
    if not {"mean", "covariance", "centre", "components"} <= set(arrays):
        raise UsageError(
            f"it holds {', '.join(sorted(arrays)) or 'nothing'} where mean, covariance, centre and components should be"
        )
    if any(np.asarray(arrays[name]).dtype.kind != "f" for name in ("mean", "covariance", "centre", "components")):
        raise UsageError("its arrays are not all of real floating-point numbers")
    centre = np.asarray(arrays["centre"], dtype=np.float64).ravel()
    components = np.asarray(arrays["components"], dtype=np.float64)
    gaussian = check_model(arrays)
    if centre.shape != (FEATURES,) or components.shape != (FEATURES, len(gaussian.mean)):
        raise UsageError(
            f"centre {centre.shape} and components {components.shape} should be ({FEATURES},) and "
            f"({FEATURES}, {len(gaussian.mean)})"
        )
    if not (np.isfinite(centre).all() and np.isfinite(components).all()):
        raise UsageError("it contains NaN or infinite values")
    if not np.allclose(components.T @ components, np.eye(components.shape[1]), atol=1e-3):
        raise UsageError("its components are not orthonormal")
    return IlniqeModel(centre, components, gaussian)
