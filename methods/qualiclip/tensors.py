"""Files of named tensors: read from untrusted files, checked against a network, and written.

Nothing that a file contains is executed.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from bench.io.atomic import output_file, write_output

from ._archive import is_torchscript, read_torchscript
from .checkpoint_files import PROMPTS, UNUSED, RefusedError, check_shape, finite, load_checkpoint_file

T = TypeVar("T")


def load_tensors(path: Path, what: str, advice: str, check: Callable[[dict[str, Tensor], dict[str, Any]], T]) -> T:
    """Read a file and give its tensors and config to a check.

    Args:
        path: a saved state, a TorchScript archive or safetensors with a JSON file beside it.
        what: who asks, as errors name it.
        advice: what to give instead, as errors end.
        check: makes of tensors and config what the caller wants, or raises ``RefusedError``.

    Raises:
        UsageError: the file is too large, damaged, of another kind, or refused by the check.
    """
    return load_checkpoint_file(path, what, advice, _read, check)


def _read(path: Path) -> dict[str, Tensor]:
    is_zip = zipfile.is_zipfile(path)
    if is_zip and is_torchscript(path):
        return read_torchscript(path)
    if not is_zip and path.suffix == ".safetensors":
        return load_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # guesses about odd files; what matters is raised
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    if not isinstance(state, Mapping):
        raise RefusedError(f"it holds one {type(state).__name__} where names and tensors should be")
    return {str(name): value for name, value in state.items() if isinstance(value, Tensor)}


def checked(name: str, value: Tensor | None, like: Tensor) -> Tensor:
    """Return a tensor of a file as float32 if the shape is right and every number finite.

    Raises:
        RefusedError: it is not.
    """
    if name.endswith(UNUSED):
        return torch.zeros((), dtype=torch.int64)
    assert value is not None  # absent names were refused before
    check_shape(name, value.shape, like.shape)
    return values(name, value)


def values(name: str, value: Tensor) -> Tensor:
    """Copy to float32, away from the mapped file.

    Raises:
        RefusedError: it does not hold floating-point numbers, or not finite ones.
    """
    if not value.is_floating_point() or value.layout != torch.strided:
        raise RefusedError(f"{name} is not made of floating-point numbers")
    return torch.from_numpy(finite(name, value.detach().to(torch.float32).numpy()))


def save(path: Path, state: Mapping[str, Tensor], prompts: Tensor, config: Mapping[str, Any]) -> None:
    """Write one of our own checkpoints: safetensors, and its config as JSON beside it; each appears whole.

    Args:
        path: the file, ending in ``.safetensors``.
        state: by name.
        prompts: features (2K, D), positive and negative in turn.
        config: JSON values; ``trained_on`` is a list of dataset ids.

    Raises:
        ValueError: another suffix, by which the file would not be known again.
        UsageError: the files cannot be written; the old ones are as they were.
    """
    if path.suffix != ".safetensors":
        raise ValueError(f"{path}: a checkpoint's name ends in .safetensors")
    tensors = {**state, PROMPTS: prompts}
    with output_file(path) as weights:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A copy each: safetensors refuses tensors that share memory.
        copies = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
        weights.write_bytes(to_bytes(copies))
        write_output(path.with_suffix(".json"), json.dumps(dict(config), indent=2, sort_keys=True) + "\n")
