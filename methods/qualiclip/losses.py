"""The losses of QualiCLIP (arXiv 2403.11176), and two that are not in the paper: ``across`` and ``agreement``.

Similarities are cosines (B, L, 2, K, 2): B series, one photograph under one degradation; L levels, weakest
first; 2 crops under the same draw; K pairs of prompts; similarity to the positive and to the negative prompt.
Every loss is a mean of hinges, a scalar of at least 0 that is to be minimised.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .config import TrainingConfig
from .quality import quality


def consistency(similarities: Tensor, margin: float) -> Tensor:
    """Return how far two crops differ beyond the margin: mean of max(0, |s(crop 1) - s(crop 2)| - margin)."""
    return ((similarities[:, :, 0] - similarities[:, :, 1]).abs() - margin).relu().mean()


def ranking(similarities: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Return the two margin ranking losses over all pairs of levels i < j of a series.

    Positive similarities are to fall, negative ones to rise: the means of max(0, s_p(j) - s_p(i) + margin)
    and of max(0, s_n(i) - s_n(j) + margin).
    """
    levels = similarities.shape[1]
    weaker, stronger = torch.triu_indices(levels, levels, offset=1, device=similarities.device)
    rise = similarities[:, stronger] - similarities[:, weaker]
    return (rise[..., 0] + margin).relu().mean(), (margin - rise[..., 1]).relu().mean()


def agreement(similarities: Tensor) -> Tensor:
    """Return how far the pairs of prompts differ on the quality of an image, which they are to agree on.

    That is positive minus negative similarity, here the mean distance of a pair's from the mean of all pairs.
    Not in the paper. Where the text encoder is not CLIP's, words alone do not say what an image of each fault
    looks like, and pairs left free fit the synthetic faults more closely than what is common to all faults.
    """
    qualities = similarities[..., 0] - similarities[..., 1]
    return (qualities - qualities.mean(-1, keepdim=True)).abs().mean()


def across(similarities: Tensor, severity: Tensor, margin: float, gap: float) -> Tensor:
    """Return the ranking loss between crops of different photographs, ordered by measured severity.

    Of two crops whose severities differ by at least ``gap``, the less severe one is to have the higher
    ``quality`` by the margin. 0 where no two photographs of the batch differ so much.

    Args:
        similarities: (B, L, 2, K, 2).
        severity: (B, L), the same for both crops; any unit, rising with degradation.
        margin: least difference of quality that costs nothing.
        gap: least difference of severity that counts.
    """
    value: Tensor = quality(similarities).flatten()
    severe = severity[:, :, None].expand(-1, -1, 2).flatten()
    series = torch.arange(len(similarities), device=value.device).repeat_interleave(len(value) // len(similarities))
    ordered = (severe[None] - severe[:, None] >= gap) & (series[None] != series[:, None])
    hinges = (value[None] - value[:, None] + margin).relu()
    return (hinges * ordered).sum() / ordered.sum().clamp(min=1)


def weighted(similarities: Tensor, severity: Tensor, config: TrainingConfig) -> dict[str, Tensor]:
    """Return the losses by name, and first, as ``loss``, their sum by the weights of the configuration.

    What is not in the paper is there only where it has a weight.
    """
    positive, negative = ranking(similarities, config.m_rank)
    terms = {
        "consistency": (config.lambda_cons, consistency(similarities, config.m_cons)),
        "positive": (config.lambda_pos, positive),
        "negative": (config.lambda_neg, negative),
    }
    if config.lambda_across:
        ranked = across(similarities, severity, config.m_across, config.across_gap)
        terms["across"] = (config.lambda_across, ranked)
    if config.lambda_agree:
        terms["agreement"] = (config.lambda_agree, agreement(similarities))
    total = torch.stack([weight * term for weight, term in terms.values()]).sum()
    return {"loss": total, **{name: term for name, (_, term) in terms.items()}}
