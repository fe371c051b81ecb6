"""Hashes of values and files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.errors import BenchError, ImageError
from bench.io.files import File

UNREADABLE = "unreadable"
"""Hash of a file that cannot be read."""


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
    """Yield a hash of each file's content (12 hex digits; UNREADABLE where there is none), in order."""
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        yield from pool.map(_hash_file, files)


def _hash_file(file: File) -> str:
    try:
        return hash_bytes(file.read())
    except ImageError:
        return UNREADABLE


def read_unchanged(file: File, digest: str) -> bytes:
    """Read a file again, and see that it is what was hashed before.

    Args:
        file: to read.
        digest: of :func:`hash_files`.

    Raises:
        ImageError: it cannot be read, and could not be then.
        BenchError: it is not what it was.
    """
    try:
        data = file.read()
    except ImageError as error:
        if digest == UNREADABLE:
            raise
        raise _changed(file, f"it cannot be read any more, {error}") from None
    if hash_bytes(data) != digest:
        raise _changed(file, "its content is another than at the start")
    return data


def _changed(file: File, how: str) -> BenchError:
    return BenchError(
        f"{file} was changed while the dataset was being scored: {how}, so its score would be stored under the hash of "
        "another image. What was scored before is kept: run the same command again when nothing writes to the dataset"
    )
