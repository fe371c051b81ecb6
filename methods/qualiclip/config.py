"""Every hyperparameter of training, as data. Importing this imports no torch."""

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
        "clip-rn50", help="what is trained: CLIP's RN50, or the small network of the method qualiclip-lite"
    )
    weights: str = option("", help="checkpoint to begin from; default: the one that is fetched", identity=False)
    source: str = option(
        "",
        help="id of the data set that the photographs are, as trained_on names it, or several by commas; "
        "default: the folder's name",
    )

    epochs: int = option(10, help="times that every photograph is drawn")
    max_steps: int = option(0, help="stop after this many steps of the optimiser; 0: by epochs alone")
    batch: int = option(16, help="photographs a process and a forward pass; each gives every level of 2 crops")
    accumulate: int = option(1, help="forward passes a step of the optimiser")
    seed: int = option(0, help="of everything that is drawn")

    crop: int = option(224, help="side of a crop in pixels")
    overlap: float = option(0.25, help="least share of a crop's area that the other crop shares")
    short_side: int = option(0, help="bring photographs to this short side first, in pixels; 0: leave them")
    types: str = option(
        "kadid", help="degradations or presets of them, by commas; what is named twice is drawn twice as often"
    )
    pristine_level: bool = option(False, help="rank the pristine crops too, as a level before the first")
    monotone_only: bool = option(False, help="leave out types whose level is measured not to order severity")
    held_out: float = option(0.01, help="share of the photographs that is never trained on, for validation")
    validation_photographs: int = option(32, help="at most so many of them are degraded for a validation")

    lr: float = option(1e-9, help="learning rate of AdamW")
    weight_decay: float = option(1e-2, help="weight decay of AdamW")
    schedule: Literal["constant", "cosine"] = option("constant", help="of the learning rate")
    warmup: int = option(0, help="steps over which the learning rate rises from 0")

    m_cons: float = option(2.5e-3, help="difference of two crops' similarities that is free")
    m_rank: float = option(6.75e-2, help="margin between the similarities of two levels")
    lambda_cons: float = option(1.0, help="weight of the consistency of two crops")
    lambda_pos: float = option(1.0, help="weight of the ranking of similarities to positive prompts")
    lambda_neg: float = option(1.0, help="weight of the ranking of similarities to negative prompts")
    lambda_across: float = option(0.0, help="weight of the ranking across photographs by measured severity; 0: off")
    m_across: float = option(0.05, help="margin of that ranking, on the positive minus the negative similarity")
    across_gap: float = option(0.1, help="least difference of severity at which two photographs are ranked")
    across_order: Literal["gradient-distance", "squared-error"] = option(
        "gradient-distance", help="the distance to the original whose square root is the severity"
    )

    lambda_agree: float = option(0.0, help="weight of the agreement of the pairs of prompts on quality; 0: off")

    train: str = option("all", help="what is trained: all, or a stage and those after it, e.g. layer4 or head")
    batch_norm: Literal["frozen", "updated"] = option("frozen", help="running statistics of batch normalisation")
    checkpointing: bool = option(False, help="compute activations twice instead of keeping them: less memory")
    precision: Literal["no", "bf16", "fp16"] = option("no", help="mixed precision")
    degrade_on: Literal["workers", "device"] = option("workers", help="where degradations are computed")
    workers: int = option(2, help="processes that decode and degrade; 0: none beside the trainer", identity=False)
    device: Literal["auto", "cpu"] = option("auto", help="auto takes an accelerator if there is one", identity=False)

    log_every: int = option(10, help="steps between lines of the log", identity=False)
    save_every: int = option(500, help="steps between states to resume from", identity=False)
    validate_every: int = option(0, help="steps between validations; 0: after every epoch")

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "accumulate", "log_every", "save_every", "validation_photographs"):
            self._at_least(name, 1)
        for name in ("max_steps", "seed", "short_side", "warmup", "workers", "validate_every", "lr", "weight_decay"):
            self._at_least(name, 0)
        for name in ("m_cons", "m_rank", "m_across", "across_gap"):
            self._at_least(name, 0)
        for name in ("lambda_cons", "lambda_pos", "lambda_neg", "lambda_across", "lambda_agree"):
            self._at_least(name, 0)
        self._at_least("crop", 32)
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
