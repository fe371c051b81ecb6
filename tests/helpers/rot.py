"""Stored files that change on the disk, and stores as older versions wrote them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from bench.runs.entry import PROVENANCE, SCORES, Entry
from bench.runs.journal import JOURNAL


@contextmanager
def changed(path: Path, data: bytes) -> Iterator[None]:
    """Write other bytes to a file, and afterwards what it had."""
    before = path.read_bytes()
    path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(before)


def flipped(data: bytes, bit: int) -> bytes:
    """Return data with one bit turned round."""
    place, shift = divmod(bit, 8)
    return data[:place] + bytes([data[place] ^ (1 << shift)]) + data[place + 1 :]


def random_flips(data: bytes, count: int, seed: int) -> list[bytes]:
    """Return data with one random bit turned round, so many times."""
    draw = random.Random(seed)
    return [flipped(data, draw.randrange(8 * len(data))) for _ in range(count)]


def unfinish(entry: Entry, done: int) -> Path:
    """Make of a complete entry what a run leaves that was killed after so many images, and return the journal."""
    from bench.runs.checksums import seal_record
    from bench.runs.journal import journal_lines

    journal = entry.folder / JOURNAL
    journal.write_bytes(journal_lines(entry.outcomes()[:done], entry.key))
    (entry.folder / SCORES).unlink()
    (entry.folder / PROVENANCE).write_bytes(seal_record({**entry.meta, "complete": False}))
    return journal


def as_old(entry: Entry) -> None:
    """Write an entry as versions did that knew no checksums."""
    path = entry.folder / PROVENANCE
    frame = entry.scores()
    meta = {key: value for key, value in entry.meta.items() if key != "scores_sha256"}
    path.write_text(json.dumps({**meta, "format": 1}, indent=1))
    pd.DataFrame(frame).astype({"error": "string"}).to_parquet(entry.folder / SCORES, index=False)
