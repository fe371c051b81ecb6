"""Checkpoints read from untrusted files and checked; nothing that a file contains is executed. No torch is imported."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from bench.api import UNKNOWN
from bench.errors import UsageError

PROMPTS = "prompts_features"
"""The name of the prompts' features in a file."""

UNUSED = "num_batches_tracked"
"""How names end of counters of training steps; old files lack them and scoring does not read them."""

_MAX_BYTES = 2**30  # all of CLIP RN50 in float32 has 408 million bytes
_MAX_CONFIG = 2**20

Values = TypeVar("Values")
T = TypeVar("T")


class RefusedError(Exception):
    """Why a file is not taken, to go on with after its name and a colon."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights that were checked: every name, shape and number is what the network takes.

    Attributes:
        state: float32 by name, as arrays or as tensors; of CLIP the image encoder, and the text encoder where it was
            asked for.
        prompts: features (2K, D) of K antonym pairs, positive first; None if the file has none.
        config: the JSON beside one of our own files; empty for others.
    """

    state: Mapping[str, Any]
    prompts: Any = None
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
        named = {**self.state, **({} if self.prompts is None else {PROMPTS: self.prompts})}
        for name in sorted(name for name in named if not name.endswith(UNUSED)):
            digest.update(f"{name} {tuple(named[name].shape)}\n".encode())
            digest.update(np.ascontiguousarray(named[name]).data)
        return digest.hexdigest()[:12]


def load_checkpoint_file(
    path: Path,
    what: str,
    advice: str,
    read: Callable[[Path], dict[str, Values]],
    check: Callable[[dict[str, Values], dict[str, Any]], T],
) -> T:
    """Read a file and give what it names, and the JSON beside it, to a check.

    Args:
        path: the file.
        what: who asks, as errors name it.
        advice: what to give instead, as errors end.
        read: reads the values by name; anything that it raises means a damaged file.
        check: makes of values and config what the caller wants, or raises ``RefusedError``.

    Raises:
        UsageError: the file is too large, damaged, of another kind, or refused by the check.
    """

    def refused(reason: str) -> UsageError:
        return UsageError(f"{what}: {path}: {reason}; {advice}")

    try:
        _check_size(path)
        named = read(path)
        config = _read_config(path)
    # Damaged and hostile files make zipfile, pickle, json, safetensors and torch raise nearly anything.
    except Exception as error:
        reason = str(error) if isinstance(error, RefusedError) else f"it cannot be read ({type(error).__name__})"
        raise refused(reason) from None
    try:
        return check(named, config)
    except RefusedError as error:
        raise refused(str(error)) from None


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = max(size, sum(member.file_size for member in archive.infolist()))
    if size > _MAX_BYTES:
        raise RefusedError(f"it has more than {_MAX_BYTES:,} bytes, and CLIP RN50 about 408 million")


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


def check_shape(name: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Raise RefusedError if a value of a file has another shape than the network takes."""
    if tuple(shape) != tuple(wanted):
        raise RefusedError(f"{name} has the shape {tuple(shape)} and not {tuple(wanted)}")


def finite(name: str, value: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Copy an array of a file to float32.

    Raises:
        RefusedError: it does not hold floating-point numbers, or not finite ones.
    """
    if value.dtype.kind != "f":
        raise RefusedError(f"{name} is not made of floating-point numbers")
    with np.errstate(over="ignore"):
        copy = np.array(value, np.float32, order="C")
    if not np.isfinite(copy).all():
        raise RefusedError(f"{name} holds NaN or infinite values")
    return copy
