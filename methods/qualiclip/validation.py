"""Validation without MOS: whether scores get worse with degradation, on held-out photographs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from bench.api import FloatArray
from bench.distortions import find

from .optimisation import Trainable
from .quality import quality
from .series import Batch, SeriesRecipe, as_input


def series_srcc(scores: FloatArray) -> FloatArray:
    """Return Spearman's correlation (S,) of scores (S, L) with falling level: 1 where scores fall throughout.

    Ties take mid-ranks. A series of equal scores answers nothing and counts 0.
    """
    # Mid-ranks about their mean: how many scores of the series are below less how many above, halved.
    ranks = np.sign(scores[:, :, None] - scores[:, None]).sum(2) / 2
    levels = np.arange(scores.shape[1], 0, -1) - (scores.shape[1] + 1) / 2
    norms = np.sqrt((ranks**2).sum(1) * (levels**2).sum())
    return np.asarray(np.divide(ranks @ levels, norms, out=np.zeros(len(scores)), where=norms > 0))


@torch.inference_mode()
def score_series(
    model: Trainable, batches: Iterable[Batch], recipe: SeriesRecipe, device: torch.device
) -> list[tuple[str, float]]:
    """Return (type, SRCC) of every series; scored is positive minus negative similarity, as it stands."""
    found = []
    for batch in batches:
        if not batch.names:
            continue
        images, _ = batch.degraded(device, recipe)
        scores = quality(model.similarities(as_input(images))).view(len(images), -1)
        found += list(zip(batch.types, series_srcc(scores.double().cpu().numpy()).tolist(), strict=True))
    return found


def summarise(series: Iterable[tuple[str, float]]) -> dict[str, Any]:
    """Return means by type, and over the types whose level orders severity (None where there are none)."""
    by_type: dict[str, list[float]] = {}
    for name, value in series:
        by_type.setdefault(name, []).append(value)
    types = {name: float(np.mean(values)) for name, values in sorted(by_type.items())}
    monotone = [value for name, value in types.items() if find(name).monotone]
    return {"monotonicity": float(np.mean(monotone)) if monotone else None, "types": types}
