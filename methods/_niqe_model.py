"""NIQE's pristine model: 36 means and a covariance, read from an untrusted file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.plugins.gaussian import PristineModel, check_model, read_npz

from ._niqe_features import FEATURES
from ._pyiqa_weights import Weights

SHIPPED = Path(__file__).with_name("niqe_pristine.npz")

_MAX_BYTES = 2**20  # a model has about 11 kB
# (mean, covariance) under the names of this project, of BasicSR's repack and of the original release.
_KEYS = (("mean", "covariance"), ("mu_pris_param", "cov_pris_param"), ("mu_prisparam", "cov_prisparam"))


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
        arrays = read_npz(data, _MAX_BYTES) if data.startswith(b"PK") else _read_mat(data)
        return _check(arrays, path)
    except BenchError:
        raise
    # Damaged files make numpy and scipy raise nearly anything: zlib.error, KeyError, MemoryError ...
    except Exception as error:
        raise _invalid(path, f"it cannot be read as .npz or .mat ({type(error).__name__})") from None


def _invalid(path: Path, reason: str) -> UsageError:
    return UsageError(f"niqe, option model: {path}: {reason}; give a file written by `bench fit niqe`")


def _read_mat(data: bytes) -> Mapping[str, Any]:
    from scipy.io import loadmat  # slow to import and seldom needed

    arrays: Mapping[str, Any] = loadmat(io.BytesIO(data), variable_names=_KEYS[-1])  # type: ignore[arg-type]  # the stubs know no open files
    return arrays


def _check(arrays: Mapping[str, Any], path: Path) -> PristineModel:
    keys = next((pair for pair in _KEYS if set(pair) <= set(arrays)), None)
    if keys is None:
        raise _invalid(path, f"it holds {', '.join(sorted(arrays)) or 'nothing'} where mean and covariance should be")
    mean, covariance = (np.asarray(arrays[key]) for key in keys)
    if mean.size != FEATURES or covariance.shape != (FEATURES, FEATURES):
        raise _invalid(path, f"mean ({mean.size},) and covariance {covariance.shape} should be (36,) and (36, 36)")
    try:
        return check_model(arrays, keys)
    except UsageError as error:
        raise _invalid(path, str(error)) from None
