"""A file on a local server, and the download of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving import Server, serving

from bench.api import Download

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@contextmanager
def served_file() -> Iterator[tuple[Server, str]]:
    """Serve the content, and yield the server and the file's address."""
    server = Server(CONTENT)
    with serving(server) as address:
        yield server, f"{address}/dir/w.pt?x=../../y"


def download_of(address: str, folder: Path) -> Download:
    """Describe the file as a method would."""
    return Download("w", address, folder / "cache" / "w.pt", "MIT", len(CONTENT), SHA256)
