"""Checkpoints of the network, from files that may be hostile, and written.

Three layouts are read. All use CLIP's names (``visual.…``), with or without ``clip_model.`` in front:

* CLIP RN50 itself: OpenAI's TorchScript archive, a saved state, or open_clip's safetensors;
* the authors' release and pyiqa's copy: a saved state that carries ``prompts_features`` (14, 1024),
  positive and negative prompts in turn. The layout is read off their loading code, not off the files;
* our own: safetensors with the same names, and beside it a JSON file with what it was made from.

Nothing that a file contains is executed.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from bench.api import UNKNOWN
from bench.errors import UsageError
from methods.qualiclip._archive import RefusedError, is_torchscript, read_torchscript
from methods.qualiclip.model import WIDTH, QualityModel, empty_clip, encode_prompts, image_encoder

_MAX_BYTES = 2**30  # all of CLIP RN50 in float32 has 408 million bytes
_MAX_CONFIG = 2**20
_MAX_PAIRS = 1000  # a small file can pretend to hold any number
_PROMPTS = "prompts_features"
# Counters of training steps; old files lack them and scoring does not read them.
_UNUSED = "num_batches_tracked"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights that were checked: every name, shape and number is what the network takes.

    Attributes:
        state: CLIP's layout; image encoder, and the text encoder where it was asked for.
        prompts: features (2K, 1024) of K antonym pairs, positive first; None if the file has none.
        config: the JSON beside one of our own files; empty for others.
    """

    state: Mapping[str, Tensor]
    prompts: Tensor | None = None
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scale(self) -> float:
        """CLIP's learned factor on cosines; 100, which CLIP was held to, where the file has none."""
        return math.exp(float(self.state["logit_scale"])) if "logit_scale" in self.state else 100.0

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
        tensors = {**self.state, **({} if self.prompts is None else {_PROMPTS: self.prompts})}
        for name in sorted(name for name in tensors if not name.endswith(_UNUSED)):
            digest.update(f"{name} {tuple(tensors[name].shape)}\n".encode())
            digest.update(tensors[name].contiguous().numpy().data)
        return digest.hexdigest()[:12]


def model_of(checkpoint: Checkpoint, pairs: Sequence[tuple[str, str]], scale: float) -> QualityModel:
    """Build the network; the pairs of prompts are encoded only if the checkpoint has no features."""
    prompts = checkpoint.prompts
    if prompts is None:
        prompts = encode_prompts(checkpoint.state, [prompt for pair in pairs for prompt in pair])
    return QualityModel(image_encoder(checkpoint.state), prompts, scale)


def load(path: Path, what: str, *, text: bool | None) -> Checkpoint:
    """Read and check a file of any of the three layouts.

    Args:
        path: the file.
        what: who asks, as errors name it.
        text: whether the text encoder is needed; None: only if the file has no features of prompts.

    Raises:
        UsageError: the file is too large, damaged, of another kind, or of another network.
    """
    try:
        tensors = _read(path)
        config = _read_config(path)
    # Damaged and hostile files make zipfile, pickle, json, safetensors and torch raise nearly anything.
    except Exception as error:
        reason = str(error) if isinstance(error, RefusedError) else f"it cannot be read ({type(error).__name__})"
        raise _invalid(path, what, reason) from None
    try:
        return _check(tensors, config, text)
    except RefusedError as error:
        raise _invalid(path, what, str(error)) from None


def _invalid(path: Path, what: str, reason: str) -> UsageError:
    return UsageError(f"{what}: {path}: {reason}; give a checkpoint of CLIP RN50 or QualiCLIP")


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


def _check(tensors: Mapping[str, Tensor], config: Mapping[str, Any], text: bool | None) -> Checkpoint:
    given = {name.removeprefix("clip_model."): value for name, value in tensors.items()}
    prompts = given.get(_PROMPTS)
    if prompts is not None:
        if prompts.ndim != 2 or prompts.shape[1] != WIDTH or len(prompts) not in range(2, 2 * _MAX_PAIRS + 1, 2):
            raise RefusedError(f"{_PROMPTS} has the shape {tuple(prompts.shape)} and not (2K, {WIDTH})")
        prompts = _values(_PROMPTS, prompts)
    wanted = empty_clip().state_dict()
    if not (text or (text is None and prompts is None)):
        wanted = {name: value for name, value in wanted.items() if name.startswith("visual.")}
    _check_names(given, wanted)
    state = {name: _checked(name, given.get(name), like) for name, like in wanted.items()}
    return Checkpoint(state, prompts, config)


def _check_names(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    absent = [name for name in wanted if name not in given and not name.endswith(_UNUSED)]
    if absent:
        raise RefusedError(f"it lacks {absent[0]}" + (f" and {len(absent) - 1} more" if absent[1:] else ""))
    unknown = sorted(name for name in given if name.startswith("visual.") and name not in wanted)
    if unknown:
        raise RefusedError(f"it has {unknown[0]}, which CLIP RN50 has not")


def _checked(name: str, value: Tensor | None, like: Tensor) -> Tensor:
    if name.endswith(_UNUSED):
        return torch.zeros((), dtype=torch.int64)
    assert value is not None  # absent names were refused before
    if value.shape != like.shape:
        raise RefusedError(f"{name} has the shape {tuple(value.shape)} and not {tuple(like.shape)}")
    return _values(name, value)


def _values(name: str, value: Tensor) -> Tensor:
    """Copy to float32, away from the mapped file."""
    if not value.is_floating_point() or value.layout != torch.strided:
        raise RefusedError(f"{name} is not made of floating-point numbers")
    values = value.detach().to(torch.float32, copy=True).contiguous()
    if not torch.isfinite(values).all():
        raise RefusedError(f"{name} holds NaN or infinite values")
    return values


def save(path: Path, state: Mapping[str, Tensor], prompts: Tensor, config: Mapping[str, Any]) -> None:
    """Write one of our own checkpoints: safetensors, and its config as JSON beside it; each appears whole.

    Args:
        path: the file, ending in ``.safetensors``.
        state: CLIP's layout; the image encoder is enough.
        prompts: features (2K, 1024), positive and negative in turn.
        config: JSON values; ``trained_on`` is a list of dataset ids.

    Raises:
        ValueError: another suffix, by which the file would not be known again.
    """
    if path.suffix != ".safetensors":
        raise ValueError(f"{path}: a checkpoint's name ends in .safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {**state, _PROMPTS: prompts}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        weights, beside = Path(folder, "weights"), Path(folder, "config")
        # A copy each: safetensors refuses tensors that share memory.
        save_file({name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}, weights)
        beside.write_text(json.dumps(dict(config), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        weights.chmod(beside.stat().st_mode)  # safetensors lets nobody else read what it writes
        beside.replace(path.with_suffix(".json"))
        weights.replace(path)
