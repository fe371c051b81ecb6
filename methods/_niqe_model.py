"""NIQE's pristine model: 36 means and a covariance, read from a file that may be hostile, or written."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.api import FloatArray
from bench.errors import BenchError, MissingRequirementError, UsageError
from methods._niqe_features import FEATURES
from methods._pyiqa_weights import Weights

SHIPPED = Path(__file__).with_name("niqe_pristine.npz")

_MAX_BYTES = 2**20  # a model has about 11 kB
# (mean, covariance) under the names of this project, of BasicSR's repack and of the original release.
_KEYS = (("mean", "covariance"), ("mu_pris_param", "cov_pris_param"), ("mu_prisparam", "cov_prisparam"))


@dataclass(frozen=True, eq=False)
class PristineModel:
    """A multivariate Gaussian over the features of pristine photographs.

    Attributes:
        mean: (36,).
        covariance: (36, 36), symmetric, no negative eigenvalue.
        photos: how many photographs it was fitted on; 0 if the file does not say.
        blocks: how many of their blocks were sharp enough to count; 0 if the file does not say.
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
        return hashlib.sha256(parameters.tobytes()).hexdigest()[:12]

    def save(self, path: Path) -> None:
        """Write an .npz that :func:`load_model` reads; the file appears whole or not at all.

        Raises:
            UsageError: the file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    np.savez_compressed(
                        file,
                        mean=self.mean,
                        covariance=self.covariance,
                        photos=self.photos,
                        blocks=self.blocks,
                        metadata=json.dumps(self.metadata, sort_keys=True),
                    )
                Path(temporary).chmod(0o644)  # mkstemp makes it private
                Path(temporary).replace(path)
            finally:
                Path(temporary).unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"output: cannot write {path} ({error.strerror or error}); give another path") from None


def model_path(name: str) -> Path:
    """Turn the option ``model`` into a path: empty is the shipped model, ``pyiqa`` the one that pyiqa downloaded.

    Raises:
        MissingRequirementError: no file is there.
    """
    path = {"": SHIPPED, "pyiqa": Weights("pyiqa", "niqe_modelparameters.mat").path}.get(name, Path(name))
    if not path.is_file():
        how = {
            "": "install the package again, or make it by the recipe in methods/niqe_pristine.md",
            "pyiqa": "let pyiqa fetch it: python -c \"import pyiqa; pyiqa.create_metric('niqe')\"",
        }.get(name, "give an .npz or .mat file, the word pyiqa, or nothing for the shipped model")
        raise MissingRequirementError(f"niqe, option model: {path} is not a file; {how}")
    return path


def load_model(path: Path) -> PristineModel:
    """Read a model from an .npz (this project's, or BasicSR's) or a .mat (the original release).

    Raises:
        UsageError: the file is too large, damaged, of another kind, or holds no valid model.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise _invalid(path, f"it has more than {_MAX_BYTES:,} bytes, and a model about 11,000")
        arrays = _read_npz(data) if data.startswith(b"PK") else _read_mat(data)
        return _check(arrays, path)
    except BenchError:
        raise
    # Damaged files make numpy and scipy raise nearly anything: zlib.error, KeyError, MemoryError ...
    except Exception as error:
        raise _invalid(path, f"it cannot be read as .npz or .mat ({type(error).__name__})") from None


def _invalid(path: Path, reason: str) -> UsageError:
    return UsageError(f"niqe, option model: {path}: {reason}; give a file written by `bench fit niqe`")


def _read_npz(data: bytes) -> Mapping[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
            raise ValueError("unpacks to more than a model can need")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _read_mat(data: bytes) -> Mapping[str, Any]:
    from scipy.io import loadmat  # slow to import and seldom needed

    arrays: Mapping[str, Any] = loadmat(io.BytesIO(data), variable_names=_KEYS[-1])  # type: ignore[arg-type]  # the stubs know no open files
    return arrays


def _check(arrays: Mapping[str, Any], path: Path) -> PristineModel:
    keys = next((pair for pair in _KEYS if set(pair) <= set(arrays)), None)
    if keys is None:
        raise _invalid(path, f"it holds {', '.join(sorted(arrays)) or 'nothing'} where mean and covariance should be")
    mean = np.asarray(arrays[keys[0]], dtype=np.float64).ravel()
    covariance = np.asarray(arrays[keys[1]], dtype=np.float64)
    if mean.shape != (FEATURES,) or covariance.shape != (FEATURES, FEATURES):
        raise _invalid(path, f"mean {mean.shape} and covariance {covariance.shape} should be (36,) and (36, 36)")
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise _invalid(path, "it holds NaN or infinite values")
    largest = np.abs(covariance).max()
    if not np.allclose(covariance, covariance.T, rtol=0, atol=1e-9 * largest):
        raise _invalid(path, "the covariance is not symmetric")
    if np.linalg.eigvalsh(covariance).min() < -1e-9 * largest:
        raise _invalid(path, "the covariance has a negative eigenvalue")
    counts = {name: int(arrays[name]) for name in ("photos", "blocks") if name in arrays}
    metadata = json.loads(str(arrays["metadata"])) if "metadata" in arrays else {}
    if not isinstance(metadata, dict):
        raise _invalid(path, "its metadata is not a JSON object")
    return PristineModel(mean, covariance, **counts, metadata=metadata)
