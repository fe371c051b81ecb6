"""Images a second of `qualiclip-lite` and of its encoder, and how long it takes to start.

    python -W ignore benchmarks/lite_speed.py FOLDER [--limit N] [--rounds N]

The method scores decoded photographs one at a time; "encoder" is ONNX Runtime's part of it alone, on the same pixels
at a short side of 384, and "torch" the same layers in torch. All take turns, image by image, each on one thread, which
is what a run gives to each of its processes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from bench.io.images import SUFFIXES, decode, read_bytes
from bench.methods.qualiclip.lite.encoder import folded
from bench.methods.qualiclip.lite.network import model_of
from bench.methods.qualiclip.lite.scorer import shrunk
from bench.plugins.registry import find_method
from bench.runs.jobs import MethodSpec, load_methods

_START = "import bench; bench.load('qualiclip-lite')"


def seconds_of(work: Callable[[Any], Any], given: Any) -> float:
    """Return how long some work takes."""
    started = time.perf_counter()
    work(given)
    return time.perf_counter() - started


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--limit", default=40, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(folder: Path, limit: int, rounds: int) -> None:
    """Print images a second of each, and seconds to start."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)[:limit]
    photos = [decode(read_bytes(path), path.name) for path in paths]
    method = find_method("qualiclip-lite")
    (loaded,) = load_methods([MethodSpec(method, method.Options())])
    lite: Any = loaded.method
    layers = folded(model_of(lite._checkpoint).encoder)
    torch.set_num_threads(1)

    def in_torch(batch: np.ndarray[Any, Any]) -> None:
        cells = (2 * torch.from_numpy(batch) - 1).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            for layer in layers:
                cells = layer(cells)

    seconds: dict[str, list[float]] = {"method": [], "encoder": [], "torch": []}
    for _ in range(rounds):
        of_round = dict.fromkeys(seconds, 0.0)
        for photo in photos:
            batch = np.ascontiguousarray(shrunk(photo.pixels).transpose(2, 0, 1)[None], np.float32) / np.float32(255)
            of_round["method"] += seconds_of(lite.score, [photo])
            of_round["encoder"] += seconds_of(lite._scorer._encoder.maps, batch)
            of_round["torch"] += seconds_of(in_torch, batch)
        for name, taken in of_round.items():
            seconds[name].append(taken)
    middle = {name: statistics.median(taken) for name, taken in seconds.items()}
    for name, taken in middle.items():
        print(f"{name:10}{len(photos) / taken:8.1f} images/s")
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", _START], check=True)
    print(f"a new process until it is loaded {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
