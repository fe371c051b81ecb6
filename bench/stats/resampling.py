"""Draws of a bootstrap: how often each image or cluster is taken, the same for everyone who gives the same seed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray

CHUNK = 64
"""Draws that share a random stream and are computed together; part of what a seed means."""

BATCH = 50_000
"""Units times draws that are drawn and ranked in one go: enough for speed, few enough for the cache."""

MEMORY = 400_000_000
"""Bytes that all threads together may take for their chunks."""

SMALL = 2_000_000
"""Images times draws below which starting threads costs more than it saves."""

Counts = NDArray[np.int64]


def resampling_counts(units: int, draws: int, seed: int, chunk: int) -> Iterator[Counts]:
    """Draw ``units`` out of ``units`` with replacement, ``draws`` times; yield counts (some draws, units).

    The stream belongs to (seed, chunk) alone, so chunks may run in any order and on any thread.
    It equals child number ``chunk`` of ``SeedSequence(seed).spawn``.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
    batch = max(1, BATCH // units)
    for start in range(0, draws, batch):
        size = min(batch, draws - start)
        taken = random.integers(0, units, (size, units), dtype=np.int32) + units * np.arange(size)[:, None]
        yield np.bincount(taken.ravel(), minlength=size * units).reshape(size, units)


def in_chunks(chunk: Callable[[int, int], FloatArray], draws: int, workers: int) -> FloatArray:
    """Compute ``draws`` columns, chunk(index, size) at a time, on so many threads; join them in order."""
    starts = range(0, draws, CHUNK)
    sizes = [min(CHUNK, draws - start) for start in starts]
    if workers == 1:
        parts = list(map(chunk, range(len(starts)), sizes))
    else:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(chunk, range(len(starts)), sizes))
    return np.concatenate(parts, axis=1)


def workers(n: int, draws: int, threads: int | None) -> int:
    """How many threads to use: one a core, fewer where their chunks would not fit in memory.

    Raises:
        ValueError: threads is below 1.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}: use at least 1")
    if n * draws < SMALL:
        return 1
    chunk_bytes = 6 * CHUNK * n * np.dtype(np.float64).itemsize
    return max(1, min(threads or os.cpu_count() or 1, MEMORY // chunk_bytes))


def number_clusters(clusters: ArrayLike, n: int) -> NDArray[np.intp]:
    """Number the clusters 0, 1, ... in sorted order, (n,).

    Raises:
        ValueError: they are not one an image.
    """
    ids = np.asarray(clusters)
    if ids.shape != (n,):
        raise ValueError(f"clusters has shape {ids.shape}: give one of each of {n} images")
    return np.unique(ids, return_inverse=True)[1]
