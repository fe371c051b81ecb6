"""Every distortion by name: those of this package, and those that other packages declare."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from importlib.metadata import entry_points

# Importing these modules registers what they declare.
from bench.distortions import (  # noqa: F401
    authentic,
    blur,
    brightness,
    colour,
    compression,
    noise,
    sharpness,
    spatial,
)
from bench.distortions.composition import compositions
from bench.distortions.declaration import Distortion, register, registered
from bench.errors import UsageError, did_you_mean
from bench.plugins.entry_points import load_plugin

GROUP = "bench.distortions"
"""The group of entry points by which other packages offer distortions."""

# The order is part of every random draw among them: append, never insert.
KADID = (
    *("gaussian-blur", "lens-blur", "motion-blur"),
    *("colour-diffusion", "colour-shift", "saturation-hsv", "saturation-lab"),
    *("jpeg2000", "jpeg"),
    *("white-noise", "white-noise-ycbcr", "impulse-noise", "multiplicative-noise"),
    *("brighten", "darken", "mean-shift"),
    *("jitter", "patches", "pixelate", "quantization", "colour-blocks"),
    *("over-sharpen", "linear-contrast", "non-linear-contrast"),
)
AUTHENTIC = (
    *("low-light", "over-exposure", "hand-shake", "defocus", "rescale", "haze", "denoise", "white-balance"),
    "phone-pipeline",
)
_SINGLES = {name: registered[name] for name in (*KADID, *AUTHENTIC)}
_COMPOSITIONS = {composition.name: composition for composition in compositions(_SINGLES)}
for _composition in _COMPOSITIONS.values():
    register(_composition)

DISTORTIONS: dict[str, Distortion] = _SINGLES | _COMPOSITIONS
"""The types of this package: the paper's in the order of its groups, then authentic-like chains, then compositions."""

PRESETS: dict[str, tuple[str, ...]] = {"kadid": KADID, "authentic": AUTHENTIC, "compositions": tuple(_COMPOSITIONS)}
"""Names of types that are used together; ``kadid`` are the 24 of ARNIQA and QualiCLIP."""


def find(name: str) -> Distortion:
    """Return the type of that name: one of :data:`DISTORTIONS`, else one that another package declares.

    Raises:
        ValueError: nobody declares it.
    """
    return _find(name, ())


def select(text: str) -> tuple[str, ...]:
    """Return the types that a comma-separated list of names of types and of ``PRESETS`` means, in their order.

    What is named twice, by itself or by a preset, is there twice.

    Raises:
        ValueError: a name that is neither, or no name at all.
    """
    names: list[str] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        names += PRESETS[word] if word in PRESETS else [_find(word, PRESETS).name]
    if not names:
        raise ValueError("it is empty; name a type or a preset such as kadid")
    return tuple(names)


def _find(name: str, others: Iterable[str]) -> Distortion:
    # Other people's packages are imported only for a name that is not known without them.
    problems = () if name in registered else _load_plugins()
    if name not in registered:
        broken = f" A plugin failed: {'; '.join(problems)}." if problems else ""
        raise ValueError(f"{name!r} is no type of degradation.{did_you_mean(name, [*others, *registered])}{broken}")
    return registered[name]


@functools.cache
def _load_plugins() -> tuple[str, ...]:
    """Import every plugin once and return a sentence on each that failed."""
    problems = []
    for point in entry_points(group=GROUP):
        try:
            load_plugin(point)
        except UsageError as error:
            problems.append(str(error))
    return tuple(problems)
