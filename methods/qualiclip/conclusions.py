"""What follows for a training from how far its weights moved, in sentences.

AdamW changes a weight by the rate times a ratio of running means, and by the rate times decay times the weight. The
ratio is about 1 at most where gradients are alike from step to step, and never above 3.2 with its usual constants.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch

from bench.api import LayerChange

from .evidence import Evidence, Recipe, spacing

_MOST_A_STEP = (1 - 0.9) / math.sqrt(1 - 0.999)
_FEW = 5


def conclude(changes: Sequence[LayerChange], evidence: Evidence) -> Iterator[str]:
    """Say what follows."""
    weights = [change for change in changes if change.kind == "weights"]
    if any(change.changed for change in weights):
        yield from _moved(weights)
        yield from _rounding(evidence.rounded)
        yield from _rate(evidence)
    elif weights:
        yield "No weight changed."
    yield from _sixteen_bits(weights)
    yield from _batch_norm([change for change in changes if change.kind == "statistics"], evidence)
    for what, names in (("lacks", evidence.lacking), ("alone has", evidence.added)):
        if names:
            yield f"The file {what} {_listed(names)}."


def _moved(weights: Sequence[LayerChange]) -> Iterator[str]:
    numbers = sum(change.numbers for change in weights)
    changed = sum(change.changed * change.numbers for change in weights) / numbers
    rms = math.sqrt(sum(change.rms**2 * change.numbers for change in weights) / numbers)
    farthest = max(weights, key=lambda change: change.largest)
    yield (
        f"The largest change of a weight is {farthest.largest:.2g}, in {farthest.layer}; over {numbers:,} weights the "
        f"root mean square is {rms:.2g}, and {_share(changed)} of them changed."
    )
    still = [change.layer for change in weights if not change.changed]
    if still:
        yield f"{len(still)} of {len(weights)} layers did not change: {_listed(still)}."


def _rounding(rounded: Sequence[torch.dtype]) -> Iterator[str]:
    if rounded:
        names = " and ".join(sorted({str(dtype).removeprefix("torch.") for dtype in rounded}))
        yield (
            f"{len(rounded)} of the layers that changed were rounded to {names}: what moved less than half a step of "
            "that is lost, and so much is taken off each change before the rate is bounded."
        )


def _rate(evidence: Evidence) -> Iterator[str]:
    needed, recipe = evidence.sum_of_rates, evidence.recipe
    if not needed:
        yield "No weight changed by more than rounding: nothing is said of the rate."
        return
    in_steps = _in_steps(needed, recipe) if recipe else ""
    yield (
        "AdamW moves a weight by at most about the rate in a step, and by its decay. So rate times steps, or the sum "
        f"of a changing rate over all steps, was at least about {needed:.2g}{in_steps}."
    )
    if recipe:
        yield _within(needed, recipe)
    if evidence.largest_moved:
        apart = float(spacing(torch.tensor(evidence.largest_moved), torch.float32))
        yield (
            f"A weight of size {evidence.largest_moved:.2g} changed. float32 has numbers {apart:.2g} apart there and "
            f"rounds a step of less than half of that to none: with weights in float32 some step was at least "
            f"{apart / 2:.2g}."
        )


def _in_steps(needed: float, recipe: Recipe) -> str:
    rate = needed / recipe.steps
    return f"; in the {recipe.steps:,} steps that {recipe.source} that is a rate of at least {rate:.2g}"


def _within(needed: float, recipe: Recipe) -> str:
    reach = recipe.rate * recipe.steps
    if needed <= reach:
        verdict = "the weights stay within that"
    elif needed <= reach * _MOST_A_STEP:
        verdict = f"more than that is possible only where gradients are rare, and {needed:.2g} is more"
    else:
        verdict = f"{needed:.2g} cannot be reached with it"
    return f"A rate of {recipe.rate:g} in so many steps moves a weight by at most about {reach:.2g}: {verdict}."


def _sixteen_bits(weights: Sequence[LayerChange]) -> Iterator[str]:
    numbers = sum(change.numbers for change in weights)
    if numbers:
        halves = sum(change.float16 * change.numbers for change in weights) / numbers
        brains = sum(change.bfloat16 * change.numbers for change in weights) / numbers
        yield f"float16 holds {_share(halves)} of the weights exactly, and bfloat16 {_share(brains)}."


def _batch_norm(statistics: Sequence[LayerChange], evidence: Evidence) -> Iterator[str]:
    if not statistics:
        yield "The files have no running statistics of batch normalisation in common."
        return
    changed = [change for change in statistics if change.changed]
    if evidence.statistics_moved:
        farthest = max(changed, key=lambda change: change.largest)
        yield (
            f"The running statistics of batch normalisation changed in {len(changed)} of {len(statistics)} layers, by "
            f"up to {farthest.largest:.2g} in {farthest.layer}: they were not frozen in training."
        )
    elif changed:
        yield (
            "The running statistics of batch normalisation changed by no more than rounding to 16 bits: they were "
            "frozen in training."
        )
    else:
        yield "The running statistics of batch normalisation are the same in both files: they were frozen in training."
    now, before = evidence.tracked, evidence.tracked_before
    if now and before and now != before:
        yield (
            f"num_batches_tracked went from {_listed(before)} to {_listed(now)}: by the difference, so many forward "
            "passes updated the statistics."
        )
    elif now and before:
        yield f"num_batches_tracked is {_listed(now)} in both files."
    elif now or before:
        yield f"num_batches_tracked is {_listed(now or before)} in one file, and the other has none."


def _share(share: float) -> str:
    # Not 100 % where a single one is not.
    return f"{math.floor(1000 * share) / 10:g} %" if share > 0.5 else f"{math.ceil(1000 * share) / 10:g} %"


def _listed(names: Sequence[object]) -> str:
    more = f" and {len(names) - _FEW:,} more" if len(names) > _FEW else ""
    return ", ".join(map(str, names[:_FEW])) + more
