"""How severe each level is, measured: two distances to the original that use no opinion.

They answer whether the level of a type is an order of severity (``Distortion.monotone``), and can order
degradations of different types, which levels cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.distortions import _filters, distort_levels
from bench.distortions.declaration import LEVELS

# Of the reference code of GMSD: 170 on the scale where white is 255.
_STABLE = 170 / 255**2
# Rounding in float32 is no fall: a type that does nothing at a level, or nothing more than the level before.
_NOTHING = 1e-6


def squared_error(images: Tensor, originals: Tensor) -> Tensor:
    """Return the mean squared error (N,) between (N, C, H, W) in [0, 1] and their originals."""
    return (images - originals).square().flatten(1).mean(1)


def gradient_distance(images: Tensor, originals: Tensor) -> Tensor:
    """Return how far gradients are from the originals', (N,): 0 where equal, below 1.

    One minus the mean gradient magnitude similarity (Xue, Zhang, Mou, Bovik: "Gradient Magnitude Similarity
    Deviation", IEEE TIP 2014), here of every plane, by central differences and at full size, so that errors
    of colour alone count too. Even changes of brightness do not.
    """
    first, second = _filters.gradient_magnitude(images), _filters.gradient_magnitude(originals)
    similarity = (2 * first * second + _STABLE) / (first.square() + second.square() + _STABLE)
    return 1 - similarity.flatten(1).mean(1)


@dataclass(frozen=True)
class Severity:
    """Distances of the five levels of a type to the originals, (photographs, 5), mean over random draws.

    Attributes:
        squared: mean squared errors.
        gradient: gradient distances.
    """

    squared: Tensor
    gradient: Tensor


def measure_severity(photographs: Sequence[Tensor], name: str, draws: int = 4) -> Severity:
    """Measure every level of a type on photographs.

    Args:
        photographs: each (C, H, W) in [0, 1].
        name: a key of ``DISTORTIONS``.
        draws: seeds 0, 1, ... to take the mean over. In one draw the five levels have the same randomness.
    """
    squared, gradient = (torch.zeros(len(photographs), len(LEVELS)) for _ in range(2))
    for row, photograph in enumerate(photographs):
        for seed in range(draws):
            levels = distort_levels(photograph[None], name, torch.Generator().manual_seed(seed))[:, 0]
            originals = photograph.expand_as(levels)
            squared[row] += squared_error(levels, originals) / draws
            gradient[row] += gradient_distance(levels, originals) / draws
    return Severity(squared, gradient)


def is_monotone(severity: Severity) -> bool:
    """Return whether the level orders severity.

    From a level to the next the squared error must rise on the mean of the photographs and fall on none, and
    the gradient distance must not fall on the mean; beyond rounding.
    """
    each, mean = severity.squared.diff(dim=1), severity.squared.mean(0).diff()
    gradient = severity.gradient.mean(0).diff()
    return bool((each >= -_NOTHING).all() and (mean > _NOTHING).all() and (gradient >= -_NOTHING).all())
