"""Bootstrap samples as counts: how often each image or cluster is in a sample. The seed alone determines them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.api import FloatArray

CHUNK = 64
"""Bootstrap samples that share a random stream and are computed together; changing it changes the samples of a seed."""

BATCH = 50_000
"""Units times samples that are computed at once: large enough for speed, small enough for the processor's cache."""

MEMORY = 1_000_000_000
"""Most bytes for the chunks of all threads together."""

IMAGE_BYTES = 7 * CHUNK
"""Bytes that a chunk takes for each image (``weighted_srcc``): its counts, three times, half of its samples packed, and
as much again for the ranks of labels that all differ."""

SMALL = 2_000_000
"""Images times samples below which threads cost more time than they save."""

Counts = NDArray[np.integer]


def resampling_counts(units: int, draws: int, seed: int, chunk: int) -> Iterator[Counts]:
    """Sample ``units`` out of ``units`` with replacement, ``draws`` times.

    The random stream depends on (seed, chunk) alone, so chunks can run in any order and on any thread. It is child
    number ``chunk`` of ``SeedSequence(seed).spawn``.

    Args:
        units: number of images or clusters, at least 1.
        draws: number of bootstrap samples in this chunk.
        seed: random seed.
        chunk: number of the chunk, from 0.

    Yields:
        Counts (some draws, units); every row sums to ``units``.

    Example:
        >>> counts = np.concatenate(list(resampling_counts(units=5, draws=3, seed=0, chunk=0)))
        >>> counts.shape, counts.sum(axis=1).tolist()
        ((3, 5), [5, 5, 5])
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
    batch = max(1, BATCH // units)
    for start in range(0, draws, batch):
        size = min(batch, draws - start)
        taken = random.integers(0, units, (size, units), dtype=np.int32)
        taken += units * np.arange(size, dtype=np.int32)[:, None]
        yield _count(taken.ravel(), size * units).reshape(size, units)


def _count(taken: NDArray[np.int32], places: int) -> Counts:
    """Count how often each place was taken, in bytes: of up to 255 units no count is larger, of more none ever is."""
    from scipy.sparse import csc_array

    # A sparse column with these rows, times one. As bincount, but it holds a million counters in the processor's cache.
    ones = np.ones(taken.size, dtype=np.uint8)
    column = csc_array((ones, taken, np.array([0, taken.size], dtype=np.int32)), shape=(places, 1))
    return np.asarray(column @ ones[:1])


def in_chunks(chunk: Callable[[int, int], FloatArray], draws: int, workers: int) -> FloatArray:
    """Compute ``draws`` columns in chunks, on several threads, and concatenate them in order.

    Args:
        chunk: function from (number of the chunk, number of columns) to an array (rows, columns).
        draws: number of columns.
        workers: number of threads.

    Returns:
        (rows, draws).

    Example:
        >>> in_chunks(lambda index, size: np.full((1, size), index), draws=66, workers=1)[0, -3:]
        array([0, 1, 1])
    """
    starts = range(0, draws, CHUNK)
    sizes = [min(CHUNK, draws - start) for start in starts]
    if workers == 1:
        parts = list(map(chunk, range(len(starts)), sizes))
    else:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(chunk, range(len(starts)), sizes))
    return np.concatenate(parts, axis=1)


def workers(n: int, draws: int, threads: int | None) -> int:
    """Choose the number of threads: one for each core, fewer if their chunks would not fit in memory.

    Args:
        n: number of images.
        draws: number of bootstrap samples.
        threads: most threads; None for the number of cores.

    Raises:
        ValueError: threads is below 1.

    Example:
        >>> workers(n=100, draws=2000, threads=8)  # too little work for threads
        1
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}: use at least 1")
    if n * draws < SMALL:
        return 1
    return max(1, min(threads or os.cpu_count() or 1, MEMORY // (IMAGE_BYTES * n)))


def number_clusters(clusters: ArrayLike, n: int) -> NDArray[np.intp]:
    """Number clusters 0, 1, ... in sorted order.

    Args:
        clusters: (n,) cluster of each image, any values that sort.
        n: number of images.

    Returns:
        (n,) number of each image's cluster.

    Raises:
        ValueError: ``clusters`` does not have the shape (n,).

    Example:
        >>> number_clusters(["b", "a", "b"], 3)
        array([1, 0, 1])
    """
    ids = np.asarray(clusters)
    if ids.shape != (n,):
        raise ValueError(f"clusters has shape {ids.shape}: give one cluster for each of {n} images")
    return np.unique(ids, return_inverse=True)[1]
