"""Crops of the photographs that installed packages carry, as tensors, and seeded generators."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from bench.datasets import sample_set as sample

PHOTOGRAPHS = [photograph.name for photograph in sample.PHOTOGRAPHS]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@functools.cache
def crop(name: str, top: int = 40, left: int = 60, height: int = 192, width: int = 224) -> Tensor:
    source = next(p for p in sample.PHOTOGRAPHS if p.name == name)
    pixels = sample.load_photograph(source)[top : top + height, left : left + width].copy()
    return torch.from_numpy(pixels).permute(2, 0, 1) / 255
