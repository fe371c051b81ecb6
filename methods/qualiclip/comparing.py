"""How far the weights of one checkpoint are from another's, layer by layer. Both files are untrusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.api import LayerChange, WeightComparison
from bench.errors import UsageError

from .checkpoint_files import UNUSED, RefusedError
from .conclusions import conclude
from .evidence import PAPER, Evidence, Movement, Recipe, exact_share, movement
from .tensors import load_tensors, values

_MAX_NUMBERS = 2**28  # CLIP RN50 has 102 million; a small file can pretend to hold any number
_MAX_STEPS = 2**53
_STATISTICS = ("running_mean", "running_var")
_MEASURED = {"centre", "spread"}  # of qualiclip-lite, before training, which does not move them
_ADVICE = "give checkpoints of one network"


@dataclass(frozen=True, eq=False)
class Numbers:
    """What a file holds: floating-point numbers by name, as float32, counters of batches, and how it was trained."""

    weights: Mapping[str, Tensor]
    tracked: tuple[int, ...]
    recipe: Recipe | None = None


def compare_files(path: Path, against: Path) -> WeightComparison:
    """Compare the weights of a file with those that its training began from.

    Args:
        path: a saved state, a TorchScript archive or safetensors.
        against: another one of the same network; either may lack a part of it.

    Raises:
        UsageError: a file is too large, damaged or of another kind, or the two are of different networks.
    """
    one, other = (load_tensors(file, "bench inspect", _ADVICE, _numbers) for file in (path, against))
    try:
        return compare(one, other)
    except RefusedError as error:
        raise UsageError(f"bench inspect: {path} and {against}: {error}; {_ADVICE}") from None


def _numbers(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> Numbers:
    if sum(tensor.numel() for tensor in tensors.values()) > _MAX_NUMBERS:
        raise RefusedError(f"it holds more than {_MAX_NUMBERS:,} numbers")
    named = {name.removeprefix("clip_model."): tensor for name, tensor in tensors.items()}
    floating = {
        name: tensor
        for name, tensor in named.items()
        if name not in _MEASURED and tensor.is_floating_point() and tensor.numel()
    }
    weights = {name: values(name, tensor) for name, tensor in floating.items()}
    if not weights:
        raise RefusedError("it holds no tensors by name")
    counters = (tensor for name, tensor in named.items() if name.endswith(UNUSED) and tensor.numel() == 1)
    # Of another network than the paper's nothing is believed.
    believed = PAPER if any(name.startswith("visual.") for name in weights) else None
    return Numbers(weights, tuple(sorted({int(counter) for counter in counters})), recorded(config) or believed)


def recorded(config: Mapping[str, Any]) -> Recipe | None:
    """Return the recipe in the JSON values beside a checkpoint of ``bench train``; None where they hold none."""
    try:
        training = config["training"]
        steps, rate, decay = int(config["step"]), float(training["lr"]), float(training["weight_decay"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    known = 0 < steps < _MAX_STEPS and 0 < rate < math.inf and 0 <= decay < math.inf
    return Recipe(steps, rate, decay, "the file records") if known else None


def compare(one: Numbers, other: Numbers) -> WeightComparison:
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
    decay = (one.recipe or PAPER).decay
    changes: list[LayerChange] = []
    moved: dict[bool, list[Movement]] = {False: [], True: []}
    for (layer, statistics), names in layers.items():
        now, then = (torch.cat([side.weights[name].flatten() for name in names]) for side in (one, other))
        changes.append(_change(layer, statistics, now, then))
        if found := movement(now, then, decay):
            moved[statistics].append(found)
    evidence = Evidence(
        tracked=one.tracked,
        tracked_before=other.tracked,
        lacking=_beyond(other, one),
        added=_beyond(one, other),
        weights=moved[False],
        statistics=moved[True],
        recipe=one.recipe,
    )
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
