"""Crops a second that reach the network in training, degraded by the workers or on the device, without the network.

    python -W ignore benchmarks/feeding_speed.py PRISTINE [--device cuda] [--rounds 5] [--series 192]

Both ways take the same series by the preset `paper`, in turn; the median of the rounds and of their ratio is printed.
With `--workers 0 --threads 1` all is done by one process on one core. A second line says what the workers alone take
in either way: a device that costs nothing would come to that ratio. The last lines are the bytes of a batch, and what
rounding to 8 bits does to the cosines and losses of the network of `qualiclip-lite`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import torch

from bench.distortions import distort_levels
from bench.methods.qualiclip import losses
from bench.methods.qualiclip.config import TrainingConfig
from bench.methods.qualiclip.lite.checkpoint import load_lite_checkpoint
from bench.methods.qualiclip.lite.metrics import SHIPPED
from bench.methods.qualiclip.lite.network import model_of
from bench.methods.qualiclip.loading import batch_bytes, plan_loading
from bench.methods.qualiclip.photographs import TrainingPhotographs, find_photographs
from bench.methods.qualiclip.plan import recipe_of
from bench.methods.qualiclip.series import TrainingSeries, as_input

PLACES = ("workers", "device")


def fed(config: TrainingConfig, photographs: TrainingPhotographs, device: torch.device, series: int) -> float:
    """Return crops a second from files to batches in [0, 1] on the device, after the first batch."""
    recipe = recipe_of(config)
    keys = [(0, place % len(photographs.names)) for place in range(series + config.batch)]
    batches = [keys[start : start + config.batch] for start in range(0, len(keys), config.batch)]
    loader = plan_loading(config, recipe).loader(
        TrainingSeries(photographs, range(len(photographs.names)), recipe), device, batch_sampler=batches
    )
    crops, started = 0, 0.0
    for batch in loader:
        images = as_input(batch.degraded(device, recipe)[0])
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if started:
            crops += len(images)
        else:
            started = time.perf_counter()
    return crops / (time.perf_counter() - started)


def feeding(
    photographs: TrainingPhotographs, device: torch.device, workers: int, rounds: int, series: int, batch: int
) -> Iterator[str]:
    """Yield rows: crops a second of both ways in turn, and their ratio."""
    configs = [TrainingConfig(degrade_on=place, workers=workers, batch=batch) for place in PLACES]  # type: ignore[arg-type]
    found = [[fed(config, photographs, device, series) for config in configs] for _ in range(rounds)]
    by_workers, by_device = (statistics.median(rates) for rates in zip(*found, strict=True))
    ratio = statistics.median(there / here for here, there in found)
    count = plan_loading(configs[0], recipe_of(configs[0])).workers
    yield f"| feeding alone, {count or 'no'} workers | by workers, crops/s | on the device, crops/s | ratio |"
    yield "|---|---|---|---|"
    yield f"| preset `paper`, {rounds} rounds in turn | {by_workers:.0f} | {by_device:.0f} | {ratio:.2f} |"


def left_to_workers(photographs: TrainingPhotographs, series: int) -> str:
    """Say how long a worker takes for a series in either way, in its own processor time."""
    took = []
    for place in PLACES:
        recipe = recipe_of(TrainingConfig(degrade_on=place))  # type: ignore[arg-type]
        made = TrainingSeries(photographs, range(len(photographs.names)), recipe)
        made[0, 0]
        started = time.process_time()
        for number in range(series):
            made[0, number % len(photographs.names)]
        took.append((time.process_time() - started) / series * 1e3)
    ratio = took[0] / took[1]
    return (
        f"A worker takes {took[0]:.1f} ms for a series, {took[1]:.1f} ms where the device degrades: {ratio:.2f} times."
    )


def rounding(photographs: TrainingPhotographs, series: int) -> Iterator[str]:
    """Yield what 8 bits change in the cosines and losses of the shipped network, over all types of `paper`."""
    config = TrainingConfig(degrade_on="workers")
    recipe = recipe_of(config)
    model = model_of(load_lite_checkpoint(SHIPPED, "the shipped checkpoint"))
    plain = replace(recipe, degrade=False, types=("brighten",))
    made = TrainingSeries(photographs, range(len(photographs.names)), plain)
    differences: list[float] = []
    terms: tuple[list[float], list[float]] = ([], [])
    for number in range(series):
        name = recipe.types[number % len(recipe.types)]
        exact = distort_levels(made[0, number].images / 255, name, torch.Generator().manual_seed(number))
        rounded = (exact * 255).round() / 255
        with torch.inference_mode():
            both = [model.similarities(images.flatten(0, 1)).view(1, 5, 2, -1, 2) for images in (exact, rounded)]
        differences.append((both[0] - both[1]).abs().amax().item())
        for found, similarities in zip(terms, both, strict=True):
            found.append(float(losses.weighted(similarities, torch.zeros(1, 5), config)["loss"]))
    mean = [statistics.mean(found) for found in terms]
    yield (
        f"Rounding to 8 bits moves a cosine of qualiclip-lite by at most {max(differences):.1e} in {series} series, by "
        f"{statistics.median(differences):.1e} in the median series; the mean loss is {mean[1]:.5f}, and {mean[0]:.5f} "
        "without."
    )


@click.command()
@click.argument("pristine", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--device", default="cpu", show_default=True)
@click.option("--workers", default=-1, show_default=True)
@click.option("--threads", default=0, help="Threads of torch; 0 leaves them.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--series", default=192, show_default=True, help="Series in each round.")
@click.option("--batch", default=16, show_default=True)
def main(pristine: Path, device: str, workers: int, threads: int, rounds: int, series: int, batch: int) -> None:
    """Measure how fast training is fed."""
    if threads:
        torch.set_num_threads(threads)
    photographs = find_photographs(pristine)
    print("\n".join(feeding(photographs, torch.device(device), workers, rounds, series, batch)))
    print(left_to_workers(photographs, series))
    config = TrainingConfig(batch=batch)
    size = batch_bytes(config, recipe_of(config))
    print(f"A batch of {batch} series has {size / 1e6:.1f} MB in 8 bits, {4 * size / 1e6:.1f} MB in 32.")
    print("\n".join(rounding(photographs, 48)))


if __name__ == "__main__":
    main()
