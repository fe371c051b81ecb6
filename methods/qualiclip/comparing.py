"""How far the weights of one checkpoint are from another's, layer by layer. Both files are untrusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.api import LayerChange, WeightComparison
from bench.errors import UsageError

from .checkpoint_files import UNUSED, RefusedError
from .conclusions import Evidence, conclude, exact_share
from .tensors import load_tensors, values

_MAX_NUMBERS = 2**28  # CLIP RN50 has 102 million; a small file can pretend to hold any number
_STATISTICS = ("running_mean", "running_var")
_ADVICE = "give checkpoints of one network"


@dataclass(frozen=True, eq=False)
class Numbers:
    """What a file holds: floating-point numbers by name, as float32, and counters of batches."""

    weights: Mapping[str, Tensor]
    tracked: tuple[int, ...]


def compare_files(path: Path, against: Path, decay: float) -> WeightComparison:
    """Compare the weights of a file with those that its training began from.

    Args:
        path: a saved state, a TorchScript archive or safetensors.
        against: another one of the same network; either may lack a part of it.
        decay: weight decay that the training had.

    Raises:
        UsageError: a file is too large, damaged or of another kind, or the two are of different networks.
    """
    one, other = (load_tensors(file, "bench inspect", _ADVICE, _numbers) for file in (path, against))
    try:
        return compare(one, other, decay)
    except RefusedError as error:
        raise UsageError(f"bench inspect: {path} and {against}: {error}; {_ADVICE}") from None


def _numbers(tensors: Mapping[str, Tensor], _: Mapping[str, Any]) -> Numbers:
    if sum(tensor.numel() for tensor in tensors.values()) > _MAX_NUMBERS:
        raise RefusedError(f"it holds more than {_MAX_NUMBERS:,} numbers")
    named = {name.removeprefix("clip_model."): tensor for name, tensor in tensors.items()}
    floating = {name: tensor for name, tensor in named.items() if tensor.is_floating_point() and tensor.numel()}
    weights = {name: values(name, tensor) for name, tensor in floating.items()}
    if not weights:
        raise RefusedError("it holds no tensors by name")
    counters = (tensor for name, tensor in named.items() if name.endswith(UNUSED) and tensor.numel() == 1)
    return Numbers(weights, tuple(sorted({int(counter) for counter in counters})))


def compare(one: Numbers, other: Numbers, decay: float) -> WeightComparison:
    """Compare two files' numbers under the names that both have.

    Raises:
        RefusedError: they have none in common, or one of another shape.
    """
    shared = [name for name in other.weights if name in one.weights]
    if not shared:
        raise RefusedError("no tensor has the same name in both")
    for name in shared:
        first, second = (tuple(side.weights[name].shape) for side in (one, other))
        if first != second:
            raise RefusedError(f"{name} has the shape {first} in one and {second} in the other")
    layers: dict[tuple[str, bool], list[str]] = {}
    for name in shared:
        layers.setdefault((name.rpartition(".")[0] or name, name.endswith(_STATISTICS)), []).append(name)
    changes = []
    evidence = Evidence(one.tracked, other.tracked, _beyond(other, one), _beyond(one, other))
    for (layer, statistics), names in layers.items():
        now, then = (torch.cat([side.weights[name].flatten() for name in names]) for side in (one, other))
        changes.append(_change(layer, statistics, now, then))
        evidence.add(layer, now, then, None if statistics else decay)
    return WeightComparison(tuple(changes), (one.tracked, other.tracked), tuple(conclude(changes, evidence)))


def _beyond(one: Numbers, other: Numbers) -> tuple[str, ...]:
    """Names of one that the other lacks."""
    return tuple(name for name in one.weights if name not in other.weights)


def _change(layer: str, statistics: bool, now: Tensor, then: Tensor) -> LayerChange:
    moved = now.double() - then.double()
    largest, rms, size = float(moved.abs().max()), _rms(moved), _rms(then)
    return LayerChange(
        layer=layer,
        kind="statistics" if statistics else "weights",
        numbers=len(now),
        changed=float((moved != 0).double().mean()),
        largest=largest,
        rms=rms,
        relative_largest=largest / size if size else None,
        relative_rms=rms / size if size else None,
        float16=exact_share(now, torch.float16),
        bfloat16=exact_share(now, torch.bfloat16),
    )


def _rms(numbers: Tensor) -> float:
    return float(numbers.double().square().mean().sqrt())
