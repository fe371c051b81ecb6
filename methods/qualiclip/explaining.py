"""Explanation of QualiCLIP's scores for ``bench explain``: outputs and aspects from antonym prompts."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def by_side(similarities: Tensor) -> dict[str, Tensor]:
    """Return the mean cosine to the positive and to the negative prompts of (K, 2), and negative minus positive."""
    positive, negative = similarities.mean(0)
    return {"positive": positive, "negative": negative, "difference": negative - positive}


def by_pair(probabilities: Tensor, pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Name the probabilities (K,) of positive prompts by their pairs.

    A checkpoint holds features of prompts and not their words: where it has more or fewer than there are pairs, they
    are numbered.
    """
    named = [f"{positive.rstrip('.')} / {negative.rstrip('.')}" for positive, negative in pairs]
    if len(named) != len(probabilities):
        named = [f"pair {number}" for number in range(1, len(probabilities) + 1)]
    return dict(zip(named, probabilities.tolist(), strict=True))
