"""Compositions: two degradations one after the other, both at the same level."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.distortions.declaration import Degrade, Distortion

_PAIRS = (
    ("gaussian-blur", "jpeg"),
    ("white-noise", "jpeg"),
    ("motion-blur", "white-noise"),
    ("lens-blur", "jpeg2000"),
    ("darken", "multiplicative-noise"),
    ("over-sharpen", "jpeg"),
    ("low-light", "denoise"),
    ("hand-shake", "low-light"),
    ("rescale", "jpeg"),
    ("haze", "white-balance"),
)

ANY_TWO = "any-two"
"""Name of the type that draws two others at each call."""


def compositions(singles: dict[str, Distortion]) -> tuple[Distortion, ...]:
    """Return the compositions of the given types: chosen pairs, then one whose pair is drawn at each call."""
    pairs = [_pair(singles[first], singles[second]) for first, second in _PAIRS]
    return (*pairs, _any_two(singles))


def _pair(first: Distortion, second: Distortion) -> Distortion:
    return Distortion(
        name=f"{first.name}+{second.name}",
        group="composition",
        values=(1, 2, 3, 4, 5),
        unit="level of both",
        summary=f"{first.name}, then {second.name}",
        function=_both(first, second),
        monotone=True,
        batched=first.batched and second.batched,
    )


def _both(first: Distortion, second: Distortion) -> Degrade:
    def degrade(images: Tensor, value: float, generator: torch.Generator) -> Tensor:
        level = int(value) - 1
        between = first.function(images, first.values[level], generator)
        return second.function(between, second.values[level], generator)

    return degrade


def _any_two(singles: dict[str, Distortion]) -> Distortion:
    choices = [single for single in singles.values() if single.monotone]

    def degrade(images: Tensor, value: float, generator: torch.Generator) -> Tensor:
        first = _choose(choices, generator)
        second = _choose([other for other in choices if other.group != first.group], generator)
        return _both(first, second)(images, value, generator)

    return Distortion(
        name=ANY_TWO,
        group="composition",
        values=(1, 2, 3, 4, 5),
        unit="level of both",
        summary="two types of different groups, drawn at random among the monotone ones",
        function=degrade,
        monotone=True,
    )


def _choose(among: list[Distortion], generator: torch.Generator) -> Distortion:
    drawn = torch.randint(len(among), (), generator=generator, device=generator.device)
    return among[int(drawn)]
