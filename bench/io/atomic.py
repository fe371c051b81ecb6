"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never half of it."""
    with renamed_into(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def renamed_into(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; it is renamed to ``path`` at the end, and removed after a failure."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
