"""Files of named tensors: read from untrusted files, checked against a network, and written.

Nothing that a file contains is executed.
"""

from __future__ import annotations

import hashlib
import json
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from bench.api import UNKNOWN
from bench.errors import UsageError
from bench.io.atomic import output_file, write_output

from ._archive import RefusedError, is_torchscript, read_torchscript

PROMPTS = "prompts_features"
"""The name of the prompts' features in a file."""

UNUSED = "num_batches_tracked"
"""How names end of counters of training steps; old files lack them and scoring does not read them."""

_MAX_BYTES = 2**30  # all of CLIP RN50 in float32 has 408 million bytes
_MAX_CONFIG = 2**20

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights that were checked: every name, shape and number is what the network takes.

    Attributes:
        state: by name; of CLIP the image encoder, and the text encoder where it was asked for.
        prompts: features (2K, D) of K antonym pairs, positive first; None if the file has none.
        config: the JSON beside one of our own files; empty for others.
    """

    state: Mapping[str, Tensor]
    prompts: Tensor | None = None
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trained_on(self) -> tuple[str, ...]:
        """What the config declares; unknown for a file that declares nothing."""
        return tuple(self.config.get("trained_on", (UNKNOWN,)))

    @property
    def selected_on(self) -> tuple[str, ...]:
        """Data sets of which somebody saw the SRCC with people's scores while this was trained."""
        return tuple(self.config.get("monitored_on", ()))

    @property
    def fingerprint(self) -> str:
        """The first 12 hex digits of the SHA-256 of names and values in float32, so a file's format drops out."""
        digest = hashlib.sha256()
        tensors = {**self.state, **({} if self.prompts is None else {PROMPTS: self.prompts})}
        for name in sorted(name for name in tensors if not name.endswith(UNUSED)):
            digest.update(f"{name} {tuple(tensors[name].shape)}\n".encode())
            digest.update(tensors[name].contiguous().numpy().data)
        return digest.hexdigest()[:12]


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

    def refused(reason: str) -> UsageError:
        return UsageError(f"{what}: {path}: {reason}; {advice}")

    try:
        tensors = _read(path)
        config = _read_config(path)
    # Damaged and hostile files make zipfile, pickle, json, safetensors and torch raise nearly anything.
    except Exception as error:
        reason = str(error) if isinstance(error, RefusedError) else f"it cannot be read ({type(error).__name__})"
        raise refused(reason) from None
    try:
        return check(tensors, config)
    except RefusedError as error:
        raise refused(str(error)) from None


def _read(path: Path) -> dict[str, Tensor]:
    size = path.stat().st_size
    is_zip = zipfile.is_zipfile(path)
    if is_zip:
        with zipfile.ZipFile(path) as archive:
            size = max(size, sum(member.file_size for member in archive.infolist()))
    if size > _MAX_BYTES:
        raise RefusedError(f"it has more than {_MAX_BYTES:,} bytes, and CLIP RN50 about 408 million")
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


def _read_config(path: Path) -> dict[str, Any]:
    beside = path.with_suffix(".json")
    if path.suffix != ".safetensors" or not beside.is_file():
        return {}
    if beside.stat().st_size > _MAX_CONFIG:
        raise RefusedError(f"{beside.name} beside it has more than {_MAX_CONFIG:,} bytes")
    config = json.loads(beside.read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise RefusedError(f"{beside.name} beside it is not a JSON object")
    for key in ("trained_on", "monitored_on"):
        declared = config.get(key, [])
        if not isinstance(declared, list) or not all(isinstance(name, str) for name in declared):
            raise RefusedError(f"{beside.name} beside it has a {key} that is not a list of names")
    return config


def checked(name: str, value: Tensor | None, like: Tensor) -> Tensor:
    """Return a tensor of a file as float32 if the shape is right and every number finite.

    Raises:
        RefusedError: it is not.
    """
    if name.endswith(UNUSED):
        return torch.zeros((), dtype=torch.int64)
    assert value is not None  # absent names were refused before
    if value.shape != like.shape:
        raise RefusedError(f"{name} has the shape {tuple(value.shape)} and not {tuple(like.shape)}")
    return values(name, value)


def values(name: str, value: Tensor) -> Tensor:
    """Copy to float32, away from the mapped file."""
    if not value.is_floating_point() or value.layout != torch.strided:
        raise RefusedError(f"{name} is not made of floating-point numbers")
    copy = value.detach().to(torch.float32, copy=True).contiguous()
    if not torch.isfinite(copy).all():
        raise RefusedError(f"{name} holds NaN or infinite values")
    return copy


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
