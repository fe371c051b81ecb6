"""CLIP's RN50 with random weights, for measurements where the real ones are not here: they cost the same time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.api import Photo
from bench.methods.qualiclip.metrics import prompt_pairs
from bench.methods.qualiclip.model import QualityModel, empty_clip, encode_prompts, image_encoder

State = dict[str, torch.Tensor]
FACTOR = "logit_scale"


def random_state(photos: Sequence[Photo]) -> State:
    """CLIP RN50 with random weights, and batch norms that measured some photographs as training would have."""
    generator = torch.Generator().manual_seed(0)

    def draw(name: str, like: torch.Tensor) -> torch.Tensor:
        if name == FACTOR:
            return torch.tensor(math.log(100.0))
        if like.ndim > 1:
            return torch.randn(like.shape, generator=generator) * math.sqrt(2 / like[0].numel())
        kept = name.endswith(("weight", "running_var"))
        return torch.full(like.shape, float(kept), dtype=like.dtype)

    state = {name: draw(name, like) for name, like in empty_clip().state_dict().items()}
    visual = image_encoder(state).train()  # shares its tensors with the state
    for layer in visual.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # a plain mean over the photographs
    with torch.no_grad():
        for photo in photos:
            pixels = torch.from_numpy(photo.pixels)[None].permute(0, 3, 1, 2)
            QualityModel(visual, torch.zeros(2, 1024), 100.0)(pixels.float() / 255)
    return state


def save(state: State, folder: Path) -> dict[str, Path]:
    """Save a state as CLIP and as the authors released theirs; return the files by the method they are for."""
    prompts = [prompt for pair in prompt_pairs("qualiclip") for prompt in pair]
    files = {"clipiqa": folder / "clip.pth", "qualiclip": folder / "released.pth"}
    torch.save(state, files["clipiqa"])
    features = {"prompts_features": encode_prompts(state, prompts)}
    torch.save({f"clip_model.{name}": value for name, value in state.items()} | features, files["qualiclip"])
    return files
