"""A network of a few hundred weights with the trainer's interface, and photographs to train it on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from bench.methods.qualiclip.config import TrainingConfig
from bench.methods.qualiclip.optimisation import Trainable
from bench.methods.qualiclip.photographs import find_photographs
from bench.methods.qualiclip.trainer import Subject, train

CONFIG: dict[str, Any] = {
    "crop": 32,
    "batch": 2,
    "epochs": 1,
    "lr": 1e-3,
    "workers": 0,
    "held_out": 0.0,
    "log_every": 1,
    "types": "gaussian-blur,white-noise,brighten,jpeg",
    "device": "cpu",
}


class Tiny(Trainable):
    """Two convolutions, batch normalisation in between, and a linear head."""

    prompts: Tensor

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU())
            self.middle = nn.Sequential(nn.Conv2d(6, 8, 3, stride=2), nn.ReLU())
            self.head = nn.Linear(8, 16)
            self.register_buffer("prompts", functional.normalize(torch.randn(6, 16), dim=-1), persistent=False)

    def similarities(self, images: Tensor) -> Tensor:
        cells = self.middle(self.stem(images))
        features = functional.normalize(self.head(cells.flatten(2).std(2)), dim=-1)
        return (features @ self.prompts.T).view(len(images), -1, 2)

    def stages(self) -> dict[str, list[nn.Parameter]]:
        return {name: list(getattr(self, name).parameters()) for name in ("stem", "middle", "head")}


class PlainSteps(torch.optim.SGD):
    """Takes the place of AdamW where two ways to one gradient are compared.

    AdamW divides a gradient by its size: of one that is zero but for rounding it makes a full step either way.
    """

    def __init__(self, parameters: Any, lr: float, weight_decay: float) -> None:
        super().__init__(parameters, lr=lr)


def assert_moved_alike(one: Mapping[str, Tensor], two: Mapping[str, Tensor]) -> None:
    """Hold two trained networks to the same way from ``Tiny()``, to a thousandth of its length in each tensor."""
    for name, start in Tiny().state_dict().items():
        way = (one[name] - start).double().norm()
        assert (two[name] - one[name]).double().norm() <= 1e-3 * way, name


def photographs(folder: Path, count: int, size: tuple[int, int] = (56, 48)) -> Path:
    """Write pictures with edges and texture, (width, height)."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        rng = np.random.default_rng(i)
        coarse = rng.integers(30, 220, (6, 7, 3), dtype=np.uint8)
        pixels = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST)).astype(int)
        pixels = np.clip(pixels + rng.integers(-12, 13, pixels.shape), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:03}.png")
    return folder


def subject(model: Trainable) -> Subject:
    def save(path: Path, about: Mapping[str, Any]) -> None:
        save_file({name: value.clone().contiguous() for name, value in model.state_dict().items()}, path)

    def score(photos: Any) -> list[float]:
        images = [torch.from_numpy(np.array(photo.pixels)).permute(2, 0, 1)[None].float() / 255 for photo in photos]
        return [float((model.similarities(image)[..., 0]).mean()) for image in images]

    origin = {"method": "tiny", "fingerprint": "0", "trained_on": ["unknown"], "monitored_on": []}
    return Subject(model, save, score, origin)


def run(folder: Path, output: Path, *, resume: bool = False, monitors: Any = None, **changes: Any) -> str:
    config = TrainingConfig(**{**CONFIG, **changes})
    return train(subject(Tiny()), config, find_photographs(folder), output, resume=resume, monitors=monitors or {})


def weights(output: Path, name: str = "last") -> dict[str, Tensor]:
    return load_file(output / f"{name}.safetensors")


def log(output: Path, event: str) -> list[dict[str, Any]]:
    """Return the lines of a run's log of one kind of event."""
    events = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [one for one in events if one["event"] == event]


def same(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
