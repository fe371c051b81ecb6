"""The lock of an entry: one process writes to its folder, or removes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import UsageError

_LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing to a folder.

    Raises:
        UsageError: one does so already.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / _LOCK, timeout=0):
            yield
    except Timeout:
        raise UsageError(f"another bench process is writing to {folder}: wait until it has ended") from None


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it.

    Raises:
        UsageError: a process is writing to it.
        OSError: something in it cannot be removed.
    """
    with locked(folder):
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()
        with suppress(PermissionError):  # Windows removes no open file: there the lock goes when it is given back
            (folder / _LOCK).unlink()
    with suppress(OSError):  # another process has begun to write there
        folder.rmdir()
