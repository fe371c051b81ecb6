"""How far the weights of one file are from those of another, as a method tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LayerChange:
    """How far a layer's weights, or its batch normalisation's running statistics, are from another file's.

    Attributes:
        layer: its name.
        kind: which of the two.
        numbers: how many.
        changed: share of them that differ at all.
        largest: largest absolute change.
        rms: root mean square of the changes.
        relative_largest: the largest change over the root mean square of the other file's numbers; None if that is 0.
        relative_rms: the same of ``rms``.
        float16: share of the numbers that float16 holds exactly.
        bfloat16: share of them that bfloat16 holds exactly.
    """

    layer: str
    kind: Literal["weights", "statistics"]
    numbers: int
    changed: float
    largest: float
    rms: float
    relative_largest: float | None
    relative_rms: float | None
    float16: float
    bfloat16: float


@dataclass(frozen=True)
class WeightComparison:
    """Comparison of two files of weights of one network.

    Attributes:
        layers: one for each layer and kind, in the other file's order.
        tracked: distinct numbers of batches that batch normalisation counted, in the file and in the other one.
        conclusions: sentences on what follows.
    """

    layers: tuple[LayerChange, ...]
    tracked: tuple[tuple[int, ...], tuple[int, ...]]
    conclusions: tuple[str, ...]
