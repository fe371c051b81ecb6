"""Plan of training: the photographs and degradations of each step."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from bench.distortions import find, select
from bench.distortions.composition import ANY_TWO
from bench.errors import UsageError

from .config import TrainingConfig
from .series import ORDER, SeriesRecipe, generator_of


@dataclass(frozen=True)
class TrainingPlan:
    """The photographs of every step. As an iterable: (epoch, position) by batch of this process."""

    positions: tuple[int, ...]
    batch: int
    accumulate: int
    process: int
    processes: int
    seed: int
    per_epoch: int
    total: int
    done: int = 0

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for step in range(self.done, self.total):
            epoch, number = divmod(step, self.per_epoch)
            if step == self.done or number == 0:
                order = torch.randperm(len(self.positions), generator=generator_of(self.seed, ORDER, epoch)).tolist()
            for part in range(number * self.accumulate, (number + 1) * self.accumulate):
                first = (part * self.processes + self.process) * self.batch
                yield [(epoch, self.positions[place]) for place in order[first : first + self.batch]]


def make_plan(config: TrainingConfig, positions: tuple[int, ...], process: int, processes: int) -> TrainingPlan:
    """Lay out all steps over the photographs to train on; what does not fill a step of an epoch is left over.

    Raises:
        UsageError: a step takes more photographs than there are.
    """
    needed = config.batch * config.accumulate * processes
    if len(positions) < needed:
        raise UsageError(
            f"--pristine has {len(positions)} photographs to train on without those held out, but a step needs "
            f"{needed}: lower --batch or --accumulate, or add photographs"
        )
    per_epoch = len(positions) // needed
    total = min(config.epochs * per_epoch, config.max_steps or sys.maxsize)
    return TrainingPlan(positions, config.batch, config.accumulate, process, processes, config.seed, per_epoch, total)


def type_names(text: str, monotone_only: bool) -> tuple[str, ...]:
    """Return the types that ``--types`` means, without those of no order where that is asked for.

    Raises:
        UsageError: an unknown name, or none is left.
    """
    try:
        names = select(text)
    except ValueError as error:
        raise UsageError(f"--types got {text!r}: {error}") from None
    kept = tuple(name for name in names if find(name).monotone or not monotone_only)
    if not kept:
        raise UsageError(f"--types got {text!r}, but --monotone-only leaves no type of it")
    return kept


def recipe_of(config: TrainingConfig) -> SeriesRecipe:
    """Return how a configuration makes its series.

    Raises:
        UsageError: ``types`` names no type, or one that ``draws`` would tear apart.
    """
    types = type_names(config.types, config.monotone_only)
    if config.draws == "independent" and ANY_TWO in types:
        raise UsageError(
            f"--types got {ANY_TWO}, which draws two types: with --draws independent each image of a series would have "
            "others; use --draws shared, or leave it out"
        )
    return SeriesRecipe(
        seed=config.seed,
        crop=config.crop,
        overlap=config.overlap,
        short_side=config.short_side,
        types=types,
        order=config.across_order if config.lambda_across else None,
        pristine=config.pristine_level,
        degrade=config.degrade_on == "workers",
        draws=config.draws,
    )
