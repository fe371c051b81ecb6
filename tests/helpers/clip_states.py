"""Photographs and random weights of CLIP's RN50 for tests of `qualiclip` and what stands on it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from bench.api import Photo
from bench.methods.qualiclip import model as network
from bench.methods.qualiclip import tensors


def photo(height: int, width: int, seed: int = 0) -> Photo:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    scene = 128 + 70 * np.sin(x / (5 + 3 * seed)) * np.cos(y / 7) + rng.normal(0, 10 + 20 * seed, (height, width))
    pixels = np.clip(np.stack([scene, scene * 0.8 + 20 * seed, 255 - scene], axis=2), 0, 255).astype(np.uint8)
    return Photo(f"{seed}.png", pixels, 1000, height * width)


def random_state(seed: int) -> dict[str, torch.Tensor]:
    """CLIP RN50 with random weights under which every layer matters and values stay of order one."""
    generator = torch.Generator().manual_seed(seed)

    def draw(name: str, like: torch.Tensor) -> torch.Tensor:
        if name == "logit_scale":
            return torch.tensor(math.log(100.0))
        if not like.is_floating_point():
            return torch.zeros((), dtype=like.dtype)
        values = torch.randn(like.shape, generator=generator)
        if like.ndim == 1:
            positive = name.endswith(("weight", "running_var"))
            return 1 + 0.3 * values.tanh() if positive else 0.1 * values
        return values * (2 if like.ndim == 4 else 1) ** 0.5 / like[0].numel() ** 0.5

    return {name: draw(name, like) for name, like in network.empty_clip().state_dict().items()}


def save_encoder(path: Path) -> Path:
    """Save an image encoder with random weights, and random features of prompts."""
    state = {name: value for name, value in random_state(0).items() if name.startswith("visual.")}
    features = torch.randn(14, 1024, generator=torch.Generator().manual_seed(1))
    tensors.save(path, state, torch.nn.functional.normalize(features, dim=-1), {"trained_on": []})
    return path
