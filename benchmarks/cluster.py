"""What a second worker of a Dask cluster gains, and what the cluster itself costs.

    python -W ignore benchmarks/cluster.py clive_subset/images --limit 100

A cluster of one worker and one of two, on this machine and with one thread a worker, score the same images in turns.
Where others use the machine too, the fastest round of each tells more than the median of the ratios. Then both are
handed calls that do nothing, which says what a chunk costs the processors of driver and scheduler, and the bytes that a
chunk takes there and back are counted.
"""

from __future__ import annotations

import os
import pickle
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import psutil
from distributed.deploy.subprocess import SubprocessCluster

from bench.datasets.readers.local import read_folder
from bench.io.files import LocalFolder
from bench.io.hashing import hash_bytes
from bench.runs import cluster, loading
from bench.runs.cluster_connection import connected
from bench.runs.jobs import BatchOutcomes, ImageToScore, LoadedMethod, Settings
from bench.runs.journal import Outcome
from bench.runs.scoring import score_items

CALLS = 2000


def score(ready: Sequence[LoadedMethod], items: Sequence[ImageToScore], address: str) -> float:
    start = time.perf_counter()
    found = score_items(ready, items, Settings(scheduler=address))
    assert sum(len(outcomes) for scored in found for outcomes in scored.outcomes.values()) == len(items)
    return len(items) / (time.perf_counter() - start)


def cost_of_a_call(running: Any) -> tuple[float, float]:
    """Return the seconds that the driver's processor and the scheduler's are busy with a call that does nothing."""
    scheduler = psutil.Process(running.scheduler.process.pid)
    with connected(Settings(scheduler=running.scheduler_address)) as connection:
        before = time.process_time(), sum(scheduler.cpu_times()[:2])
        for called in [connection.submit(os.getpid, resources={}) for _ in range(CALLS)]:
            connection.result(called)
        after = time.process_time(), sum(scheduler.cpu_times()[:2])
    return (after[0] - before[0]) / CALLS, (after[1] - before[1]) / CALLS


def bytes_of_a_chunk(ready: Sequence[LoadedMethod], items: Sequence[ImageToScore]) -> tuple[int, int]:
    chunk = items[: cluster.CHUNK]
    order = cluster._order(chunk, Settings())
    specs = cluster._pickled({index: one.spec for index, one in enumerate(ready)})
    scored = BatchOutcomes({0: [Outcome(item.name, 12.345678901234567) for item in chunk]}, {0: 1.0}, "tcp://host:1")
    return len(pickle.dumps((order, specs, chunk))), len(pickle.dumps(scored))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--method", default="niqe", show_default=True)
@click.option("--limit", default=100, show_default=True, help="Number of images.")
@click.option("--rounds", default=3, show_default=True)
def main(folder: Path, method: str, limit: int, rounds: int) -> None:
    """Print images a second of one worker and of two, their ratio, and what a chunk costs."""
    samples = read_folder(LocalFolder(folder.absolute()), "photos").samples[:limit]
    files = [(sample.name, sample.file) for sample in samples if sample.file]
    items = [ImageToScore(name, file, (0,), hash_bytes(file.read())) for name, file in files]
    ready = loading.load_methods(loading.method_specs([method], [], "cpu"))
    with ExitStack() as stack:
        clusters = [stack.enter_context(SubprocessCluster(n_workers=n, threads_per_worker=1)) for n in (1, 2)]
        addresses = [each.scheduler_address for each in clusters]
        for each in clusters:
            each.wait_for_workers(len(each.worker_spec))
        speeds = []
        for place in range(rounds + 1):
            both = [score(ready, items, address) for address in addresses]
            if place:  # in the first one workers import and load
                speeds.append(both)
                click.echo(f"round {place}: {both[0]:.2f} and {both[1]:.2f} images/s, ratio {both[1] / both[0]:.2f}")
        one, two = (max(column) for column in zip(*speeds, strict=True))
        ratio = statistics.median(two / one for one, two in speeds)
        click.echo(
            f"median ratio {ratio:.2f}; fastest round of each: {one:.2f} and {two:.2f} images/s, {two / one:.2f}"
        )
        driver, scheduler = (1000 * seconds for seconds in cost_of_a_call(clusters[1]))
        click.echo(f"a call takes {driver:.1f} ms of the driver's processor and {scheduler:.1f} ms of the scheduler's")
    there, back = bytes_of_a_chunk(ready, items)
    click.echo(f"a chunk of {cluster.CHUNK} images: {there:,} bytes to a worker, {back:,} bytes back")


if __name__ == "__main__":
    main()
