"""Degradations of photographs at five levels, a module for each group. `bench distort` and `bench robustness` use them.

* ``declaration``: what a distortion is, and the decorator ``distortion`` that declares one.
* ``blur``, ``brightness``, ``colour``, ``compression``, ``noise``, ``sharpness``, ``spatial``: the types.
* ``authentic``: chains of steps that imitate what goes wrong in cameras; ``composition``: two types after each other.
* ``catalogue``: every type by name, presets of them, and those that other packages declare.
* ``apply``: ``distort`` one image, ``distort_alike`` several, ``distort_levels`` at all five levels,
  ``distort_series`` a batch of series at all five.
* ``severity``: how severe each level is, measured; ``contact_sheet``: one picture of many types.

Types and level values follow KADID-10k (Lin, Hosu, Saupe: "KADID-10k: A Large-scale Artificially Distorted
IQA Database", QoMEX 2019) in the selection that ARNIQA and QualiCLIP train with; each function says where the
paper leaves a choice, what its authors' released generator does, and what is done here.

Images are float tensors in [0, 1], C = 1 or 3: ``distort`` takes one (C, H, W), ``distort_alike`` several
(N, C, H, W) under one random draw. Independent draws are a loop over ``distort``. The generator given is the
only source of randomness. Torch is imported with the first name that needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bench.distortions.declaration import LEVELS, Distortion, distortion

if TYPE_CHECKING:
    from bench.distortions.apply import distort, distort_alike, distort_levels, distort_series
    from bench.distortions.catalogue import DISTORTIONS, PRESETS, find, select

__all__ = [
    "DISTORTIONS",
    "LEVELS",
    "PRESETS",
    "Distortion",
    "distort",
    "distort_alike",
    "distort_levels",
    "distort_series",
    "distortion",
    "find",
    "select",
]

_MODULES = {
    **dict.fromkeys(("distort", "distort_alike", "distort_levels", "distort_series"), "apply"),
    **dict.fromkeys(("DISTORTIONS", "PRESETS", "find", "select"), "catalogue"),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
