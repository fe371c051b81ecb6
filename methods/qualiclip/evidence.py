"""Evidence on a training in how far the weights of a file moved: numbers, layer by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .config import TrainingConfig

_FORMATS = (torch.bfloat16, torch.float16)  # the coarser first: most numbers that it holds are exact in the other too
# One float32 number in thousands is exact in 16 bits by accident, and 0 and 1 always are: so a few numbers that changed
# in a layer that began in 16 bits do not say that it was rounded.
_ENOUGH = 8


@dataclass(frozen=True)
class Recipe:
    """What is known of how a file was trained.

    Attributes:
        steps: of the optimiser.
        rate: AdamW's, or the highest where it changes.
        decay: AdamW's weight decay.
        source: where that is from, in words to go on with after "the steps that".
    """

    steps: int
    rate: float
    decay: float
    source: str


# 10 epochs of 140,000 photographs, 16 a step, and the rate, all as they are recalled.
PAPER = Recipe(87_500, TrainingConfig().lr, TrainingConfig().weight_decay, "are believed of the paper")


@dataclass(frozen=True)
class Movement:
    """What the changed numbers of one layer tell.

    Attributes:
        changed: how many of its numbers changed.
        held: the format of 16 bits that holds all of its numbers, changed or not, exactly; None if neither does. It may
            have been rounded to that, so half a step of it is taken off the changes.
        farthest: largest change.
        sum_of_rates: least sum of AdamW's rates over all steps by which the farthest number can have come.
        largest: size of the largest number that changed.
    """

    changed: int
    held: torch.dtype | None
    farthest: float
    sum_of_rates: float
    largest: float


def movement(now: Tensor, then: Tensor, decay: float) -> Movement | None:
    """Return what a layer's numbers (N,) tell, as they are and as they were; None if none changed."""
    held = next((dtype for dtype in _FORMATS if exact_share(now, dtype) == 1), None)
    changed = now != then
    now, then = now[changed], then[changed]
    if not len(now):
        return None
    moved = (now.double() - then.double()).abs()
    if held is not None:
        moved = (moved - spacing(now, held) / 2).clamp(min=0)
    size = torch.minimum(now.abs(), then.abs()).double()
    rates = moved / (1 + decay * size)
    return Movement(len(now), held, float(moved.max()), float(rates.max()), float(size.max()))


@dataclass(frozen=True)
class Evidence:
    """What two files tell beside the table of their layers.

    Attributes:
        tracked: batches that batch normalisation counted, in the file.
        tracked_before: the same in the other file.
        lacking: names of the other file that this one lacks.
        added: names that only this one has.
        weights: layers some of whose weights changed.
        statistics: layers some of whose running statistics changed.
        recipe: how the file was trained; None where nothing is known.
    """

    tracked: tuple[int, ...]
    tracked_before: tuple[int, ...]
    lacking: tuple[str, ...]
    added: tuple[str, ...]
    weights: Sequence[Movement]
    statistics: Sequence[Movement]
    recipe: Recipe | None

    @property
    def rounded(self) -> list[torch.dtype]:
        """The formats that layers of which weights changed were rounded to, one a layer."""
        changed: Counter[torch.dtype | None] = Counter()
        for layer in (*self.weights, *self.statistics):
            changed[layer.held] += layer.changed
        return [layer.held for layer in self.weights if layer.held is not None and changed[layer.held] >= _ENOUGH]

    @property
    def sum_of_rates(self) -> float:
        """The least sum of AdamW's rates over all steps by which the farthest weight can have come."""
        return max((layer.sum_of_rates for layer in self.weights), default=0.0)

    @property
    def largest_moved(self) -> float:
        """The size of the largest weight that changed and was not rounded."""
        return max((layer.largest for layer in self.weights if layer.held is None), default=0.0)

    @property
    def statistics_moved(self) -> float:
        """The largest change of a running statistic."""
        return max((layer.farthest for layer in self.statistics), default=0.0)


def spacing(numbers: Tensor, dtype: torch.dtype) -> Tensor:
    """Return how far the neighbours of numbers are apart in a floating-point format, as float64."""
    format_ = torch.finfo(dtype)
    exponents = numbers.double().abs().clamp(min=format_.tiny).log2().floor()
    return format_.eps * exponents.exp2()


def exact_share(numbers: Tensor, dtype: torch.dtype) -> float:
    """Return the share of numbers that a format holds exactly."""
    return float((numbers.to(dtype).float() == numbers).double().mean())
