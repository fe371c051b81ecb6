"""What a distortion is, and the decorator that declares one. Importing this module does not import torch."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from bench.io.hashing import short_hash

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LEVELS = (1, 2, 3, 4, 5)

Degrade: TypeAlias = "Callable[[Tensor, float, torch.Generator], Tensor]"
"""(images (N, C, H, W) in [0, 1], value, generator) to images of the same shape, dtype and range.

One call draws once: whatever is random is the same in all N images, so that crops of one photograph can be
degraded alike. What depends on the content (a threshold, a file) is worked out for each image by itself.
"""

F = TypeVar("F", bound="Callable[[Tensor, float, torch.Generator], Tensor]")


@dataclass(frozen=True)
class Distortion:
    """One degradation at five levels.

    Attributes:
        name: identifier, e.g. ``gaussian-blur``; lower-case letters, digits, ``-``, ``.`` and ``+``.
        group: what it belongs to: one of the seven groups of KADID-10k, e.g. ``blur``; ``authentic``,
            ``composition``, or a word of your own.
        values: what ``function`` is given at the levels 1 to 5.
        unit: what a value means, e.g. ``sigma in pixels``.
        summary: one line on what is done.
        function: the degradation itself; see ``Degrade``. It reads randomness from the generator alone.
        monotone: severity never falls with the level. This is measured (``severity.is_monotone`` says how),
            and the tests hold the flag to it. Where False the level is an index, not a severity.
        batched: the function is torch's alone, on whatever device the images are, and takes several series with
            a generator each (``apply.distort_series``); types of other packages do not.

    Raises:
        ValueError: the name has other characters, or there are not five finite values.
    """

    name: str
    group: str
    values: tuple[float, float, float, float, float]
    unit: str
    summary: str
    function: Degrade
    monotone: bool
    batched: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", self.name):
            raise ValueError(f"distortion name {self.name!r}: use lower-case letters, digits, '-', '.' and '+'")
        if len(self.values) != len(LEVELS) or not all(map(math.isfinite, self.values)):
            raise ValueError(f"distortion {self.name!r} has the values {self.values}: give five numbers, one a level")

    @property
    def stamp(self) -> str:
        """A hash of the values and of the file that holds the function: images made by an older one have another."""
        code = inspect.unwrap(self.function).__code__
        source = Path(code.co_filename)
        return short_hash(
            [list(self.values), source.read_text(encoding="utf-8") if source.is_file() else code.co_code.hex()]
        )


registered: dict[str, Distortion] = {}
"""Every distortion that was declared, by name."""


def register(distortion: Distortion) -> None:
    """Make a distortion known by its name.

    Raises:
        ValueError: another function has the name. One that is declared again, as in a notebook, takes its own place.
    """
    known = registered.get(distortion.name)
    if known is not None and _place(known) != _place(distortion):
        raise ValueError(
            f"the distortion name {distortion.name!r} is claimed by {_place(known)} and {_place(distortion)}: "
            "rename one of them"
        )
    registered[distortion.name] = distortion


def _place(distortion: Distortion) -> str:
    return f"{distortion.function.__module__}.{distortion.function.__qualname__}"


def distortion(
    *,
    name: str,
    group: str,
    values: tuple[float, float, float, float, float],
    unit: str,
    summary: str,
    monotone: bool,
    batched: bool = False,
) -> Callable[[F], F]:
    """Function decorator: declare a distortion; the function itself stays as it is.

    The arguments are the attributes of :class:`Distortion`.

    Raises:
        ValueError: see :class:`Distortion` and :func:`register`.

    Examples:
        >>> @distortion(
        ...     name="fog", group="weather", values=(0.1, 0.2, 0.35, 0.5, 0.7),
        ...     unit="weight of white", summary="blended with white", monotone=True,
        ... )
        ... def fog(images, weight, generator):
        ...     return images + weight * (1 - images)
        >>> registered.pop("fog").summary
        'blended with white'
    """

    def declare(function: F) -> F:
        register(Distortion(name, group, values, unit, summary, function, monotone, batched))
        return function

    return declare
