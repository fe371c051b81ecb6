"""NIQE's pristine model: 36 means and a covariance, read from an untrusted file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import MissingRequirementError, UsageError
from bench.plugins.gaussian import PristineModel, check_model

from ._niqe_features import FEATURES
from ._pristine_file import load_arrays
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
    return load_arrays("niqe", path, _MAX_BYTES, _KEYS[-1], _check)


def _check(arrays: Mapping[str, Any]) -> PristineModel:
    keys = next((pair for pair in _KEYS if set(pair) <= set(arrays)), None)
    if keys is None:
        raise UsageError(f"it holds {', '.join(sorted(arrays)) or 'nothing'} where mean and covariance should be")
    mean, covariance = (np.asarray(arrays[key]) for key in keys)
    if mean.size != FEATURES or covariance.shape != (FEATURES, FEATURES):
        raise UsageError(f"mean ({mean.size},) and covariance {covariance.shape} should be (36,) and (36, 36)")
    return check_model(arrays, keys)
