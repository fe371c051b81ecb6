"""Fast inference: channels-last memory format, and 16-bit convolutions on request.

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

from .model import QualityModel

CROP = 224
"""Side in pixels of the crops that features are taken of."""

_CPU_INFO = Path("/proc/cpuinfo")
_CPU_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86 twice, and Arm


def for_scoring(model: QualityModel, device: str, arithmetic: torch.dtype = torch.float32) -> QualityModel:
    """Rebuild a network in place so that it scores quicker, and move it to a device.

    Args:
        model: in evaluation mode.
        device: a torch device string.
        arithmetic: of the convolutions; pooling, cosines and softmax stay in float32. Batch norms are folded
            into convolutions of 16 bits only: in float32 that gains some 5 % and costs a digit of the agreement
            with other implementations.
    """
    visual = cast(Any, model.visual)
    if arithmetic != torch.float32:
        fold_batch_norms(visual)
        for layer in visual.children():
            if layer is not visual.attnpool:
                layer.to(arithmetic)
    return model.requires_grad_(False).to(device).to(memory_format=torch.channels_last)


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


def fast_arithmetic(device: str) -> torch.dtype:
    """Return the quickest arithmetic of a device: 16 bits where it has them, else float32.

    On CUDA that is float16, in which CLIP was released: 11 significant bits, where bfloat16 has 8. Processors
    more often have bfloat16; one that only imitates it is several times slower than in float32.
    """
    if torch.device(device).type == "cuda":
        return torch.float16
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux: unknown, so no
        lines = []
    flags = (line.partition(":")[2] for line in lines if line.lower().startswith(("flags", "features")))
    return torch.bfloat16 if _CPU_FLAGS & set(next(flags, "").split()) else torch.float32
