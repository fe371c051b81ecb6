"""How near `qualiclip-lite` comes to its bare network, and how long it takes to start.

    python -W ignore benchmarks/lite_speed.py FOLDER [--limit N] [--rounds N]

The method scores decoded photographs one at a time; "network" is its encoder and head on the same pixels at a short
side of 384, without the nine crops and NIQE that the method adds. Both take turns, image by image, with the threads of
a run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import click
import torch

from bench.api import Resize
from bench.io.images import SUFFIXES, decode, read_bytes, resize
from bench.methods._batch import to_device
from bench.plugins.registry import find_method
from bench.runs.jobs import MethodSpec, load_methods

_START = "import bench; bench.load('qualiclip-lite')"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--limit", default=40, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(folder: Path, limit: int, rounds: int) -> None:
    """Print images a second of both, their ratio, and seconds to start."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)[:limit]
    photos = [decode(read_bytes(path), path.name) for path in paths]
    method = find_method("qualiclip-lite")
    (loaded,) = load_methods([MethodSpec(method, method.Options())])
    network = loaded.method._scorer._model  # type: ignore[attr-defined]
    seconds: dict[str, list[float]] = {"method": [], "network": []}
    for _ in range(rounds):
        of_round = dict.fromkeys(seconds, 0.0)
        for photo in photos:
            batch = to_device([resize(photo.pixels, Resize(short=384))], "cpu")
            started = time.perf_counter()
            with torch.inference_mode():
                network.similarities(batch)
            between = time.perf_counter()
            loaded.method.score([photo])
            of_round["network"] += between - started
            of_round["method"] += time.perf_counter() - between
        for name, taken in of_round.items():
            seconds[name].append(taken)
    middle = {name: statistics.median(taken) for name, taken in seconds.items()}
    for name, taken in middle.items():
        print(f"{name:10}{len(photos) / taken:8.1f} images/s")
    print(f"method, share of the network's speed {middle['network'] / middle['method']:.2f}")
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", _START], check=True)
    print(f"a new process until it is loaded {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
