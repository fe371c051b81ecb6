"""Hashes of values and files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.errors import ImageError
from bench.io.files import File


def hash_bytes(data: bytes) -> str:
    """Return the first 12 hex digits of the SHA-256 of some bytes.

    Examples:
        >>> hash_bytes(b"")
        'e3b0c44298fc'
    """
    return hashlib.sha256(data).hexdigest()[:12]


def short_hash(value: object) -> str:
    """Return 12 hex digits of the SHA-256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hash_bytes(text.encode())


def hash_files(files: Iterable[File]) -> Iterator[str]:
    """Yield a hash of each file's content (12 hex digits; ``unreadable`` where there is none), in order."""
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        yield from pool.map(_hash_file, files)


def _hash_file(file: File) -> str:
    try:
        return hash_bytes(file.read())
    except ImageError:
        return "unreadable"
