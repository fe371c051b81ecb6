"""Hyperparameters of training. This module does not import torch."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.api import option

_PRESETS = Path(__file__).with_name("presets.toml")


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained; the defaults are the preset ``paper``.

    Fields with ``identity=False`` may change when training is resumed: they do not change what is learned.
    """

    encoder: Literal["clip-rn50", "lite"] = option(
        "clip-rn50", help="network to train: CLIP's RN50, or the small network of the method qualiclip-lite"
    )
    weights: str = option("", help="checkpoint to start from; default: the downloaded one", identity=False)
    source: str = option(
        "",
        help="dataset id of the photographs for trained_on, or several ids separated by commas; "
        "default: the folder's name",
    )

    epochs: int = option(10, help="number of epochs")
    max_steps: int = option(0, help="largest number of optimiser steps; 0 for no limit")
    batch: int = option(16, help="photographs in each forward pass of a process; each gives two crops at every level")
    accumulate: int = option(1, help="forward passes in each optimiser step")
    seed: int = option(0, help="random seed")

    crop: int = option(224, help="side of a crop, in pixels")
    overlap: float = option(0.25, help="smallest share of a crop's area that overlaps the other crop")
    short_side: int = option(0, help="short side that photographs are resized to first, in pixels; 0 for no resize")
    types: str = option("kadid", help="degradations or presets, separated by commas; a repeated one is used more often")
    draws: Literal["independent", "shared"] = option(
        "independent",
        help="random draws of a degradation, such as its noise: one for each image of a series, or one for both crops "
        "at all levels",
    )
    pristine_level: bool = option(False, help="rank the pristine crops too, as a level below the first")
    monotone_only: bool = option(False, help="leave out types whose measured severity does not rise with the level")
    held_out: float = option(0.01, help="share of the photographs that is held out for validation")
    validation_photographs: int = option(32, help="largest number of held-out photographs in a validation")

    lr: float = option(1e-9, help="learning rate of AdamW")
    weight_decay: float = option(1e-2, help="weight decay of AdamW")
    schedule: Literal["constant", "cosine"] = option("constant", help="schedule of the learning rate")
    warmup: int = option(0, help="steps of linear warm-up of the learning rate")

    m_cons: float = option(
        2.5e-3, help="margin of the consistency loss: difference of two crops' similarities without penalty"
    )
    m_rank: float = option(6.75e-2, help="margin of the ranking losses: difference of the similarities of two levels")
    lambda_cons: float = option(1.0, help="weight of the consistency loss between two crops")
    lambda_pos: float = option(1.0, help="weight of the ranking loss on similarities to positive prompts")
    lambda_neg: float = option(1.0, help="weight of the ranking loss on similarities to negative prompts")
    lambda_across: float = option(
        0.0, help="weight of the ranking loss across photographs by measured severity; 0 turns it off"
    )
    m_across: float = option(
        0.05, help="margin of the ranking loss across photographs, on positive minus negative similarity"
    )
    across_gap: float = option(0.1, help="smallest difference of severity at which two photographs are ranked")
    across_order: Literal["gradient-distance", "squared-error"] = option(
        "gradient-distance", help="distance to the original; its square root is the severity"
    )

    lambda_agree: float = option(
        0.0, help="weight of the loss that makes the pairs of prompts agree on quality; 0 turns it off"
    )

    train: str = option("all", help="stages to train: all, or the first stage to train, such as layer4 or head")
    batch_norm: Literal["frozen", "updated"] = option("frozen", help="running statistics of batch normalisation")
    checkpointing: bool = option(False, help="recompute activations instead of storing them, which saves memory")
    precision: Literal["no", "bf16", "fp16"] = option("no", help="mixed precision")
    degrade_on: Literal["workers", "device"] = option(
        "workers", help="place where degradations are computed; on the device all but codecs and quantization"
    )
    workers: int = option(
        -1,
        help="number of processes that decode and degrade; -1 for one on each core as far as shared memory allows, 0 "
        "for the training process itself",
        identity=False,
    )
    device: Literal["auto", "cpu"] = option(
        "auto", help="device; auto uses an accelerator if there is one", identity=False
    )

    log_every: int = option(10, help="steps between two lines of the log", identity=False)
    save_every: int = option(500, help="steps between two saved states to resume from", identity=False)
    validate_every: int = option(0, help="steps between two validations after the first; 0 for an epoch")

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "accumulate", "log_every", "save_every", "validation_photographs"):
            self._at_least(name, 1)
        for name in ("max_steps", "seed", "short_side", "warmup", "validate_every", "lr", "weight_decay"):
            self._at_least(name, 0)
        for name in ("m_cons", "m_rank", "m_across", "across_gap"):
            self._at_least(name, 0)
        for name in ("lambda_cons", "lambda_pos", "lambda_neg", "lambda_across", "lambda_agree"):
            self._at_least(name, 0)
        self._at_least("crop", 32)
        self._at_least("workers", -1)
        for name in ("overlap", "held_out"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} got {getattr(self, name)}: it must be at least 0 and below 1")
        if self.checkpointing and self.batch_norm == "updated":
            raise ValueError("checkpointing would update batch_norm's statistics twice a step: use batch_norm frozen")

    def _at_least(self, name: str, least: float) -> None:
        if not getattr(self, name) >= least:
            raise ValueError(f"{name} got {getattr(self, name)}: it must be at least {least}")


def read_presets() -> Mapping[str, Mapping[str, Any]]:
    """Return ``presets.toml``: name to values of fields."""
    return tomllib.loads(_PRESETS.read_text(encoding="utf-8"))
