"""Checkpoints of ``qualiclip-lite``: reading, checking and loading into a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import tensors
from .._archive import RefusedError
from ..tensors import PROMPTS, Checkpoint, checked, values
from .network import LiteModel

_MOST = 64  # prompts; the shipped ones are 14


def load_lite_checkpoint(path: Path, what: str) -> tuple[Checkpoint, LiteModel]:
    """Read a checkpoint that ``bench train qualiclip --preset lite`` wrote, and build its network, ready to score.

    Args:
        path: the file.
        what: who asks, as errors name it.

    Raises:
        UsageError: it is not such a file.
    """
    return tensors.load_tensors(path, what, "give a checkpoint of `bench train qualiclip --preset lite`", _check)


def _check(given: dict[str, Tensor], config: Mapping[str, Any]) -> tuple[Checkpoint, LiteModel]:
    texts = _texts(given.pop(PROMPTS, None))
    try:
        model = LiteModel(texts)
    except RuntimeError:  # torch.linalg.LinAlgError, which is not exported by name
        raise RefusedError(f"{PROMPTS} are not linearly independent") from None
    wanted = model.state_dict()
    if odd := sorted(wanted.keys() ^ given.keys()):
        raise RefusedError(f"it {'lacks' if odd[0] in wanted else 'has'} {odd[0]}, unlike QualiCLIP-lite")
    state = {name: checked(name, given[name], like) for name, like in wanted.items()}
    if not (state["spread"] > 0).all():
        raise RefusedError("spread holds values that are not above 0")
    model.load_state_dict(state)
    return Checkpoint(state, texts, config), model.eval().requires_grad_(False)


def _texts(given: Tensor | None) -> Tensor:
    if given is None:
        raise RefusedError(f"it lacks {PROMPTS}")
    if given.ndim != 2 or len(given) not in range(2, _MOST + 1, 2) or given.shape[1] > 16 * 1024:
        raise RefusedError(f"{PROMPTS} has the shape {tuple(given.shape)} and not (2K, D)")
    texts = values(PROMPTS, given)
    if not torch.allclose(texts.norm(dim=1), torch.ones(len(texts)), atol=1e-3):
        raise RefusedError(f"{PROMPTS} are not of unit length")
    return texts
