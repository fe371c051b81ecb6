"""Optimisation: trainable parts of a network, batch normalisation, learning rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.errors import UsageError, did_you_mean

from .config import TrainingConfig


class Trainable(nn.Module):
    """What the trainer needs of a network.

    Attributes:
        checkpointing: compute activations again in the backward pass instead of keeping them.
    """

    checkpointing = False

    def similarities(self, images: Tensor) -> Tensor:
        """Return cosines (N, K, 2) of images (N, 3, H, W) in [0, 1] to K pairs (positive, negative)."""
        raise NotImplementedError

    def stages(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters that the output depends on, by stage from the input on; the last is ``head``."""
        raise NotImplementedError


def full_precision(images: Tensor) -> torch.autocast:
    """Return a context in which mixed precision is off on the images' device.

    Pooling and cosines belong in it: their 16-bit rounding is larger than the margins of the losses.
    """
    return torch.autocast(images.device.type, enabled=False)


def choose_parameters(model: Trainable, train: str) -> list[nn.Parameter]:
    """Let a part of the network be trained and freeze the rest.

    Args:
        model: the network.
        train: ``all``, or the name of a stage, which is trained with those after it.

    Returns:
        The parameters to train.

    Raises:
        UsageError: there is no such stage.
    """
    stages = model.stages()
    names = list(stages)
    if train != "all" and train not in names:
        raise UsageError(f"--train got {train!r}: use all or one of {', '.join(names)}.{did_you_mean(train, names)}")
    chosen = names if train == "all" else names[names.index(train) :]
    model.requires_grad_(False)
    parameters = [parameter for name in chosen for parameter in stages[name]]
    for parameter in parameters:
        parameter.requires_grad_(True)
    return parameters


def prepare_to_train(model: nn.Module, batch_norm: str) -> None:
    """Set training mode; frozen batch normalisation keeps using, and not changing, its running statistics."""
    model.train()
    if batch_norm == "frozen":
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()


def learning_rate(config: TrainingConfig, step: int, total: int) -> float:
    """Return the learning rate of a step, 1 to total: a linear rise over ``warmup``, then constant or cosine."""
    if step <= config.warmup:
        return config.lr * step / config.warmup
    if config.schedule == "constant":
        return config.lr
    done = (step - 1 - config.warmup) / max(1, total - config.warmup)
    return config.lr * (1 + math.cos(math.pi * done)) / 2
