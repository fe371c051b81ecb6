"""Time what a large store costs: importing scores and printing the table with its intervals, and their peak memory.

    python -W ignore benchmarks/large_store.py 10000 100000 1000000

Scores of a made-up dataset are written to a CSV in a temporary folder. Each step is the command itself, in a process of
its own, start-up included; the peak memory is the largest resident size that the system saw of that process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pandas as pd


class Cost(NamedTuple):
    """What a command took: time, time of all processors, and the most memory at once."""

    seconds: float
    processor_seconds: float
    gigabytes: float


def write_scores(path: Path, images: int, methods: int) -> None:
    random = np.random.default_rng(0)
    quality = random.normal(size=images)
    columns: dict[str, object] = {
        "image": [f"photographs/{place // 1000:04d}/{place:07d}.jpg" for place in range(images)],
        "mos": np.round(3 + quality, 2),
    }
    for method in range(methods):
        noise = random.normal(size=images) * (0.5 + 0.2 * method)
        columns[f"method-{method}"] = np.round(50 + 10 * (quality + noise), 6)
    pd.DataFrame(columns).to_csv(path, index=False)


def cost(*arguments: str) -> Cost:
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "bench", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bench {' '.join(arguments)} ended with {process.returncode}")
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9)


def steps(scratch: Path, images: int, methods: int, draws: int) -> Iterator[tuple[str, Cost]]:
    """Yield each step as soon as it is done, and what it took."""
    scores, store, page = scratch / "scores.csv", scratch / f"results-{images}", scratch / "report.html"
    write_scores(scores, images, methods)
    yield "import", cost("import", str(scores), "--wide", "--dataset", "made-up", "--results", str(store))
    yield "table", cost("table", "--intervals", "--draws", str(draws), "--results", str(store))
    yield "report", cost("report", "--draws", str(draws), "--output", str(page), "--results", str(store))
    print(f"(report of {images:,} images: {page.stat().st_size / 1e6:.1f} MB)", file=sys.stderr)


@click.command()
@click.argument("sizes", type=int, nargs=-1, required=True)
@click.option("--methods", default=10, show_default=True)
@click.option("--draws", default=2000, show_default=True)
def main(sizes: tuple[int, ...], methods: int, draws: int) -> None:
    """Print seconds and peak memory of each step, one row a size."""
    print("| images | step | seconds | seconds of processors | peak memory, GB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for images in sizes:
            for step, found in steps(Path(scratch), images, methods, draws):
                times = f"{found.seconds:.1f} | {found.processor_seconds:.1f}"
                print(f"| {images:,} | {step} | {times} | {found.gigabytes:.2f} |", flush=True)


if __name__ == "__main__":
    main()
