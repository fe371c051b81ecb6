"""The network made quick for scoring: batch norms folded, channels last, and bfloat16 where that is asked for.

None of this is for training, which needs the batch norms.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from bench.api import Pixels
from methods.qualiclip.model import QualityModel

CROP = 224
"""Side in pixels of the crops that features are taken of."""

_CPU_INFO = Path("/proc/cpuinfo")
_CPU_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86 twice, and Arm


def for_scoring(model: QualityModel, device: str, *, fast: bool) -> QualityModel:
    """Rebuild a network in place so that it scores quicker, and move it to a device.

    Args:
        model: in evaluation mode.
        device: a torch device string.
        fast: convolutions in bfloat16, which keeps 8 significant bits; pooling, cosines and softmax stay in
            float32. Without it, scores move by rounding alone (below 1e-6).
    """
    visual = cast(Any, model.visual)
    fold_batch_norms(visual)
    visual.requires_grad_(False)
    if fast:
        for layer in visual.children():
            if layer is not visual.attnpool:
                layer.to(torch.bfloat16)
    return model.to(device).to(memory_format=torch.channels_last)


def fold_batch_norms(module: nn.Module) -> None:
    """Put every batch norm that follows a convolution into the convolution's weights, throughout a module."""
    for (name, layer), (next_name, following) in itertools.pairwise(list(module.named_children())):
        if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(layer, following))
            setattr(module, next_name, nn.Identity())
    for child in module.children():
        fold_batch_norms(child)


def crops(pixels: Pixels) -> Pixels:
    """Cut pixels (H, W, 3) into all whole crops (M, 224, 224, 3), row by row; one of all where a side is shorter.

    What is left over at the right and the bottom is cut off.
    """
    rows, columns = (side // CROP for side in pixels.shape[:2])
    if not (rows and columns):
        return pixels[None]
    grid = pixels[: rows * CROP, : columns * CROP].reshape(rows, CROP, columns, CROP, 3)
    return np.ascontiguousarray(grid.swapaxes(1, 2)).reshape(-1, CROP, CROP, 3)


def has_bfloat16(device: str) -> bool:
    """Say whether a device computes in bfloat16; one that only imitates it is slower than in float32."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux: unknown, so no
        return False
    flags = (line.partition(":")[2] for line in lines if line.lower().startswith(("flags", "features")))
    return bool(_CPU_FLAGS & set(next(flags, "").split()))
