"""Photographs as the batch that a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.api import Pixels


def to_device(images: Sequence[Pixels] | Pixels, device: Any) -> Any:
    """Bring images of one size to a device, as bytes, and turn them into numbers there.

    Args:
        images: N arrays (H, W, 3), uint8 RGB.
        device: of torch, or its name.

    Returns:
        Tensor (N, 3, H, W), float32 in [0, 1].

    Example:
        >>> to_device([np.full((2, 4, 3), 255, np.uint8)], "cpu").shape
        torch.Size([1, 3, 2, 4])
    """
    import torch

    batch = torch.from_numpy(np.stack(list(images)))
    if torch.device(device).type == "cuda":  # a copy from locked memory lets the processor go on
        batch = batch.pin_memory()
    return batch.to(device, non_blocking=True).permute(0, 3, 1, 2).float() / 255
