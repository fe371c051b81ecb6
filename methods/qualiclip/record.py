"""Record of a training run, for its checkpoints and its log."""

from __future__ import annotations

import dataclasses
import platform
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import accelerate
import torch

import bench
from bench.io.visible import brief
from bench.plugins.options import identity, text_of

from .config import TrainingConfig
from .photographs import TrainingPhotographs

CONTENTS = "what --pristine holds"
"""The key of the photographs' hash in ``run_identity``."""

_MOST_SKIPPED = 100


def description(
    config: TrainingConfig, photographs: TrainingPhotographs, trained: int, origin: Mapping[str, Any]
) -> dict[str, Any]:
    """Return JSON values: the whole configuration, the photographs, what was begun from, what it ran on.

    Args:
        config: how it is trained.
        photographs: on what.
        trained: how many of them are not held out.
        origin: what it began from; its ``trained_on`` is carried on.
    """
    about = {"source": ",".join(photographs.sources), "count": len(photographs.names), "digest": photographs.digest}
    return {
        "trained_on": sorted({*origin["trained_on"], *photographs.sources}),
        "begun_from": {name: value for name, value in origin.items() if name not in ("trained_on", "monitored_on")},
        # Where a file lay on this machine is nobody's business.
        "training": dataclasses.asdict(config) | {"weights": Path(config.weights).name},
        "photographs": {**about, "trained_on": trained},
    }


def environment(accelerator: accelerate.Accelerator) -> dict[str, Any]:
    """Return what may change results by rounding: versions, device, processes."""
    return {
        "bench": bench.__version__,
        "torch": torch.__version__,
        "accelerate": accelerate.__version__,
        "python": platform.python_version(),
        "device": accelerator.device.type,
        "processes": accelerator.num_processes,
    }


def run_identity(
    config: TrainingConfig, photographs: TrainingPhotographs, origin: Mapping[str, Any], processes: int
) -> dict[str, Any]:
    """Return what a resumed run must have in common with the one that was stopped, as errors name it."""
    return {
        **{f"--{name.replace('_', '-')}": value for name, value in identity(config).items()},
        CONTENTS: photographs.digest,
        "what --weights holds": origin["fingerprint"],
        "the number of processes": processes,
    }


def skipped(reasons: Mapping[str, str]) -> dict[str, Any]:
    """Return how many photographs were skipped, and the first hundred of them by name with their reasons."""
    listed = sorted(reasons.items())[:_MOST_SKIPPED]
    return {"count": len(reasons), "photographs": {name: brief(why) for name, why in listed}}


def next_command(method: str, checkpoint: Path) -> str:
    """Return the command that scores the bundled photographs with a checkpoint, to be copied into a shell."""
    option = f"{method}.weights={text_of(checkpoint)}"
    return shlex.join(["bench", "run", "--method", method, "--option", option, "--dataset", "sample"])
