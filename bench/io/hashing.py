"""Hashes of values and files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import add

from bench.api import FloatArray
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


class NamedValues:
    """Hashes of many lists of values of the same names.

    Args:
        names: unique.

    Examples:
        >>> NamedValues(["b", "a"]).hash(np.array([1.0, np.nan])) == short_hash([["a", None], ["b", 1.0]])
        True
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._order = sorted(range(len(names)), key=names.__getitem__)
        quoted = json.encoder.encode_basestring_ascii  # what json.dumps comes to for a text, after much else
        self._starts = [f"[{quoted(names[place])}," for place in self._order]

    def hash(self, values: FloatArray) -> str:
        """Return the ``short_hash`` of [name, value] pairs, sorted by name; a value that is NaN is None there.

        Args:
            values: (names,) finite or NaN.
        """
        numbers = json.dumps(values[self._order].tolist(), separators=(",", ":")).replace("NaN", "null")
        pairs = "],".join(map(add, self._starts, numbers[1:-1].split(",")))
        return hash_bytes(f"[{pairs}]]".encode() if self._starts else b"[]")


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
