"""Checkpoints of CLIP RN50 and QualiCLIP, read from untrusted files.

Three layouts are read. All use CLIP's names (``visual.…``), with or without ``clip_model.`` in front:

* CLIP RN50 itself: OpenAI's TorchScript archive, a saved state, or open_clip's safetensors;
* the authors' release and pyiqa's copy: a saved state that carries ``prompts_features`` (14, 1024),
  positive and negative prompts in turn. The layout is read off their loading code, not off the files;
* our own: safetensors with the same names, and beside it a JSON file with what it was made from.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from . import tensors as files
from .checkpoint_files import PROMPTS, UNUSED, Checkpoint, RefusedError
from .model import WIDTH, QualityModel, empty_clip, encode_prompts, image_encoder
from .tensors import checked, values

_MAX_PAIRS = 1000  # a small file can pretend to hold any number
_ADVICE = "give a checkpoint of CLIP RN50 or QualiCLIP"


def learned_scale(checkpoint: Checkpoint) -> float:
    """Return CLIP's learned factor on cosines; 100, which CLIP was held to, where the file has none."""
    return math.exp(float(checkpoint.state["logit_scale"])) if "logit_scale" in checkpoint.state else 100.0


def model_of(checkpoint: Checkpoint, pairs: Sequence[tuple[str, str]], scale: float) -> QualityModel:
    """Build the network; the pairs of prompts are encoded only if the checkpoint has no features."""
    prompts = checkpoint.prompts
    if prompts is None:
        prompts = encode_prompts(checkpoint.state, [prompt for pair in pairs for prompt in pair])
    return QualityModel(image_encoder(checkpoint.state), prompts, scale)


def load_checkpoint(path: Path, what: str, *, text: bool | None) -> Checkpoint:
    """Read and check a file of any of the three layouts.

    Args:
        path: the file.
        what: who asks, as errors name it.
        text: whether the text encoder is needed; None: only if the file has no features of prompts.

    Raises:
        UsageError: the file is too large, damaged, of another kind, or of another network.
    """
    return files.load_tensors(path, what, _ADVICE, functools.partial(_check, text=text))


def _check(tensors: Mapping[str, Tensor], config: Mapping[str, Any], text: bool | None) -> Checkpoint:
    given = {name.removeprefix("clip_model."): value for name, value in tensors.items()}
    prompts = given.get(PROMPTS)
    if prompts is not None:
        if prompts.ndim != 2 or prompts.shape[1] != WIDTH or len(prompts) not in range(2, 2 * _MAX_PAIRS + 1, 2):
            raise RefusedError(f"{PROMPTS} has the shape {tuple(prompts.shape)} and not (2K, {WIDTH})")
        prompts = values(PROMPTS, prompts)
    wanted = empty_clip().state_dict()
    if not (text or (text is None and prompts is None)):
        wanted = {name: value for name, value in wanted.items() if name.startswith("visual.")}
    _check_names(given, wanted)
    state = {name: checked(name, given.get(name), like) for name, like in wanted.items()}
    return Checkpoint(state, prompts, config)


def _check_names(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    absent = [name for name in wanted if name not in given and not name.endswith(UNUSED)]
    if absent:
        raise RefusedError(f"it lacks {absent[0]}" + (f" and {len(absent) - 1} more" if absent[1:] else ""))
    unknown = sorted(name for name in given if name.startswith("visual.") and name not in wanted)
    if unknown:
        raise RefusedError(f"it has {unknown[0]}, which CLIP RN50 has not")
