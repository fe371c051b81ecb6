"""Checkpoints of ``qualiclip-lite``, read from untrusted files and checked. No torch is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from ..checkpoint_files import PROMPTS, UNUSED, Checkpoint, RefusedError, check_shape, finite, load_checkpoint_file
from .architecture import stages
from .features import WIDTH
from .head import coordinates

_MOST = 64  # prompts; the shipped ones are 14
_WIDEST = 16 * 1024

# Training keeps far from these; beyond them a score is rounding, or no number at all.
_LARGEST = 1e6
_NARROWEST = 1e-6

Arrays = dict[str, npt.NDArray[Any]]


def load_lite_checkpoint(path: Path, what: str) -> Checkpoint:
    """Read a checkpoint that ``bench train qualiclip --preset lite`` wrote.

    Args:
        path: the file.
        what: who asks, as errors name it.

    Returns:
        Float32 arrays by the names of ``LiteModel``, and the features of the prompts.

    Raises:
        UsageError: it is not such a file.
    """
    advice = "give a checkpoint of `bench train qualiclip --preset lite`"
    return load_checkpoint_file(path, what, advice, load_file, _check)


def encoder_fingerprint(checkpoint: Checkpoint) -> str:
    """Return 12 hex digits over the weights of the encoder alone, of which features are made before the head."""
    encoder = {name: value for name, value in checkpoint.state.items() if name.startswith("encoder.")}
    return Checkpoint(encoder).fingerprint


def _check(given: Arrays, config: Mapping[str, Any]) -> Checkpoint:
    texts = _texts(given.pop(PROMPTS, None))
    wanted = _shapes(len(texts))
    if odd := sorted(wanted.keys() ^ {name for name in given if not name.endswith(UNUSED)}):
        raise RefusedError(f"it {'lacks' if odd[0] in wanted else 'has'} {odd[0]}, unlike QualiCLIP-lite")
    for name, shape in wanted.items():
        check_shape(name, given[name].shape, shape)
    state = {name: finite(name, given[name]) for name in wanted}
    for name, value in state.items():
        if np.abs(value).max() > _LARGEST:
            raise RefusedError(f"{name} holds numbers beyond {_LARGEST:,.0f}")
        if name.endswith("running_var") and value.min() < 0:
            raise RefusedError(f"{name} holds values below 0")
    if state["spread"].min() < _NARROWEST:
        raise RefusedError(f"spread holds values below {_NARROWEST}")
    return Checkpoint(state, texts, config)


def _shapes(prompts: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array of a checkpoint."""
    found: dict[str, tuple[int, ...]] = {
        "centre": (WIDTH,),
        "spread": (WIDTH,),
        "head.weight": (prompts, WIDTH),
        "head.bias": (prompts,),
    }
    for prefix, block in (item for stage in stages() for item in stage.items()):
        for about in block.convolutions:
            window = (about.window, about.window)
            found[f"encoder.{prefix}.{about.name}.weight"] = (about.after, about.before // about.groups, *window)
            for part in ("weight", "bias", "running_mean", "running_var"):
                found[f"encoder.{prefix}.{about.norm}.{part}"] = (about.after,)
    return found


def _texts(given: npt.NDArray[Any] | None) -> npt.NDArray[np.float32]:
    if given is None:
        raise RefusedError(f"it lacks {PROMPTS}")
    if given.ndim != 2 or len(given) not in range(2, _MOST + 1, 2) or given.shape[1] > _WIDEST:
        raise RefusedError(f"{PROMPTS} has the shape {tuple(given.shape)} and not (2K, D)")
    texts = finite(PROMPTS, given)
    if not np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-3):
        raise RefusedError(f"{PROMPTS} are not of unit length")
    try:
        coordinates(texts)
    except np.linalg.LinAlgError:
        raise RefusedError(f"{PROMPTS} are not linearly independent") from None
    return texts
