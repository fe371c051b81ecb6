"""Hashes of values and files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.errors import ImageError
from bench.io.files import File


def short_hash(value: object) -> str:
    """Return 12 hex digits of the SHA-256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def hash_files(files: Iterable[File]) -> Iterator[str]:
    """Yield a hash of each file's content (12 hex digits; ``unreadable`` where there is none), in order."""
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        yield from pool.map(_hash_file, files)


def _hash_file(file: File) -> str:
    try:
        return hashlib.sha256(file.read()).hexdigest()[:12]
    except ImageError:
        return "unreadable"
