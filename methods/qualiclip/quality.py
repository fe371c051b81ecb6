"""Quality of an image from its cosines with antonym prompts."""

from __future__ import annotations

from typing import Any


def quality(similarities: Any) -> Any:
    """Return positive minus negative similarity, mean over the pairs of prompts: (..., K, 2) to (...).

    Of numpy's arrays and torch's tensors alike.

    Example:
        >>> import numpy as np
        >>> float(quality(np.array([[0.5, 0.25], [0.25, 0.25]])))
        0.125
    """
    return (similarities[..., 0] - similarities[..., 1]).mean(-1)
