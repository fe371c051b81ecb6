"""Loaders of series: how many processes decode and degrade, and what becomes of errors of memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import torch
from torch.utils.data import DataLoader

from bench.errors import BenchError

from .config import TrainingConfig
from .series import SeriesRecipe, collate
from .stopping import ignore_signals

SHARED = Path("/dev/shm")
"""Where Linux keeps what processes share; a container's has 64 MB unless it is told otherwise."""


@dataclass(frozen=True)
class Loading:
    """How batches are made.

    Attributes:
        workers: processes that decode and degrade; 0 for the training process itself.
        ahead: batches that each of them prepares before they are asked for.
        note: a sentence where shared memory leaves no room for a worker on each core; else empty.
    """

    workers: int
    ahead: int
    note: str = ""

    def loader(self, series: Any, device: torch.device, **batching: Any) -> DataLoader[Any]:
        """Return a loader of batches for a device; a GPU's come in memory that it reads by itself."""
        many: dict[str, Any] = {}
        if self.workers:
            many = {"worker_init_fn": ignore_signals, "prefetch_factor": self.ahead}
        pin = device.type == "cuda"
        return DataLoader(series, collate_fn=collate, num_workers=self.workers, pin_memory=pin, **many, **batching)


def plan_loading(config: TrainingConfig, recipe: SeriesRecipe) -> Loading:
    """Choose the workers by the cores, and by the shared memory that their batches lie in until they are used."""
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    cores = max(1, joblib.cpu_count() // processes)
    batches = _free_bytes() // processes // batch_bytes(config, recipe)
    if config.workers >= 0:
        return Loading(config.workers, 2 if 2 * config.workers < batches else 1)
    # One more batch is there while it is used.
    workers = min(cores, (batches - 1) // 2)
    if workers == cores:
        return Loading(cores, 2)
    note = (
        f"{SHARED} has room for the batches of {max(1, workers)} workers, and there are {cores} cores: with more of it "
        "(docker run --shm-size), training is fed faster"
    )
    return Loading(max(1, workers), 2 if workers > 0 else 1, note)


def batch_bytes(config: TrainingConfig, recipe: SeriesRecipe) -> int:
    """Return the bytes of a batch on its way from a worker, on the mean of the types."""
    views = sum(recipe.views if recipe.degrades(name) else 2 for name in recipe.types) / len(recipe.types)
    return round(config.batch * views * 3 * recipe.crop**2)


def _free_bytes() -> int:
    return shutil.disk_usage(SHARED).free if SHARED.is_dir() else 2**62


@contextmanager
def memory_explained() -> Iterator[None]:
    """Say in one sentence what to do where memory runs out.

    Raises:
        BenchError: it did.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise BenchError(
            "the device has too little memory for a batch: lower --batch and raise --accumulate by the same factor, "
            "which takes the same steps, or use --checkpointing true or --precision bf16"
        ) from None
    except RuntimeError as error:
        if "shared memory" not in str(error):
            raise
        raise BenchError(
            f"the workers have too little shared memory ({SHARED}): lower --workers or --batch, use --degrade-on "
            "device, or give the container more (docker run --shm-size 2g)"
        ) from None
