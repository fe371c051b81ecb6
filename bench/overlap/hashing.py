"""Perceptual hashes of a dataset's images (`bench overlap`), each computed once and kept.

They are kept by the content of the file in one SQLite file of the cache folder: a stopped command goes on from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.dataset import Sample
from bench.errors import ImageError
from bench.io.cache import cache_root
from bench.io.images import POLICY, decode
from bench.overlap.near import BITS, HASH, Hashes, perceptual_hash


@dataclass(frozen=True, eq=False)
class HashedSet:
    """The hashes of a set.

    Attributes:
        names: of the images that have one.
        hashes: theirs, (N, BITS / 8).
        failed: (name, reason) of those that have none.
    """

    names: tuple[str, ...]
    hashes: Hashes
    failed: tuple[tuple[str, str], ...]


class HashCache:
    """Hashes by the SHA-256 of their files; one that cannot be opened or is damaged keeps nothing.

    Attributes:
        problem: why nothing is kept; empty otherwise.
    """

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._lock = threading.Lock()
        self._kind = f"{HASH}, decode policy {POLICY}"
        self._connection: sqlite3.Connection | None = None
        with self._guarded():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Autocommit in a write-ahead log: what was hashed outlives a kill, and no write waits for the disk.
            connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._connection = connection
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS hashes (kind, content, bits, PRIMARY KEY (kind, content))")

    def get(self, content: bytes) -> Hashes | None:
        """Return the hash (BITS / 8,) of the file with this digest, if it is kept."""
        with self._guarded():
            if self._connection is not None:
                query = "SELECT bits FROM hashes WHERE kind = ? AND content = ?"
                row = self._connection.execute(query, (self._kind, content)).fetchone()
                if row and isinstance(row[0], bytes) and len(row[0]) == BITS // 8:
                    return np.frombuffer(row[0], np.uint8)
        return None

    def put(self, content: bytes, bits: Hashes) -> None:
        """Keep the hash (BITS / 8,) of the file with this digest."""
        with self._guarded():
            if self._connection is not None:
                row = (self._kind, content, bits.tobytes())
                self._connection.execute("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)", row)

    def close(self) -> None:
        """Close the file."""
        with self._guarded():
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                self.problem = str(error)
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None


def hash_samples(samples: Sequence[Sample], title: str) -> HashedSet:
    """Hash the images of a set, one thread a core, with a progress bar on stderr.

    An image that cannot be read, or has nothing to be compared by, is in ``failed`` with its reason.
    """
    import joblib

    from bench.io.progress import bar

    cache = HashCache(cache_root() / "hashes.sqlite")
    names, hashes, failed = [], [], []
    # Threads: Pillow decodes and shrinks without Python's lock.
    parallel = joblib.Parallel(n_jobs=joblib.cpu_count(), prefer="threads", return_as="generator")
    try:
        with bar(len(samples), title, delay=0.5) as shown:
            results = parallel(joblib.delayed(_hash)(sample, cache) for sample in samples)
            for sample, result in zip(samples, results, strict=True):
                shown.update()
                if isinstance(result, str):
                    failed.append((sample.name, result))
                else:
                    names.append(sample.name)
                    hashes.append(result)
    finally:
        cache.close()
    if cache.problem:
        print(f"bench: warning: hashes are not kept for the next time: {cache.problem}", file=sys.stderr)
    packed = np.array(hashes, np.uint8).reshape(-1, BITS // 8)
    return HashedSet(tuple(names), packed, tuple(failed))


def _hash(sample: Sample, cache: HashCache) -> Hashes | str:
    try:
        data = _read(sample)
        content = hashlib.sha256(data).digest()
        bits = cache.get(content)
        if bits is None:
            bits = perceptual_hash(decode(data, sample.name).pixels)
            cache.put(content, bits)
        return bits
    except ImageError as error:
        return str(error)
    except MemoryError:
        return "too large for this machine's memory"


def _read(sample: Sample) -> bytes:
    if sample.file is None:
        raise ImageError("no image file is known of it, only scores")
    return sample.file.read()
