"""How much the harness adds: images a second of a method that does nothing, against Pillow alone on the same cores.

    python -W ignore benchmarks/pipeline.py biq2021_subset/images

Both take turns. "plain" decodes in as many threads as there are cores and does nothing else; "threads" is a method that
is bound to a device, so that one process scores; "processes" is one that any process can load.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
from PIL import Image

from bench.api import Family, Method, MethodInfo, Photo
from bench.datasets.readers.local import read_folder
from bench.io.files import LocalFolder
from bench.runs import jobs, scoring


def _nothing(name: str, device_bound: bool) -> type[Method]:
    class Nothing(Method):
        info = MethodInfo(
            name=name,
            version="1",
            family=Family.HAND_CRAFTED,
            licence="none",
            citation="none: a benchmark",
            summary="Does nothing.",
            higher_is_better=True,
            score_range=(0, 1),
            opinion_aware=False,
            trained_on=(),
            device_bound=device_bound,
        )

        def score(self, photos: Sequence[Photo]) -> Sequence[float]:
            return [0.5] * len(photos)

    return Nothing


def _plain(paths: Sequence[Path]) -> None:
    def decode(path: Path) -> int:
        with Image.open(path) as image:
            return int(np.asarray(image.convert("RGB")).shape[0])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(decode, paths))


def _harness(method: type[Method], items: Sequence[jobs.ImageToScore]) -> None:
    ready = jobs.load_methods([jobs.MethodSpec(method, None)])
    found = scoring.score_items(ready, items, jobs.Settings())
    assert sum(len(outcomes) for scored in found for outcomes in scored.outcomes.values()) == len(items)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--limit", default=1200, show_default=True, help="Number of images.")
@click.option("--rounds", default=5, show_default=True)
def main(folder: Path, limit: int, rounds: int) -> None:
    """Print images a second, the median of rounds in which all took turns, and the ratios to plain Pillow."""
    samples = read_folder(LocalFolder(folder), "photos").samples[:limit]
    paths = [folder / sample.name for sample in samples]
    items = [jobs.ImageToScore(sample.name, sample.file, (0,)) for sample in samples if sample.file]
    ways: dict[str, Callable[[], None]] = {
        "plain": lambda: _plain(paths),
        "threads": lambda: _harness(_nothing("nothing-bound", True), items),
        "processes": lambda: _harness(_nothing("nothing", False), items),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    for name, taken in seconds.items():
        ratios = sorted(plain / own for plain, own in zip(seconds["plain"], taken, strict=True))
        speed = len(items) / statistics.median(taken)
        middle, low, high = statistics.median(ratios), ratios[0], ratios[-1]
        click.echo(f"{name}: {speed:.0f} images/s, {middle:.2f} times plain ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
