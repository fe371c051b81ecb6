"""What this machine has free, and how threads wait on it."""

from __future__ import annotations

import os
from pathlib import Path

_UNKNOWN = 4 * 2**30


def free_memory() -> int:
    """Return the bytes of memory that a process may still take, within the limits of a container and of ``ulimit -v``.

    Example:
        >>> free_memory() > 0
        True
    """
    known = [bytes_ for bytes_ in (_of_machine(), _of_container(), _of_addresses()) if bytes_ is not None]
    return max(0, min(known, default=_UNKNOWN))


def _of_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        pass
    try:  # macOS: all of it, for it says nothing better
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_container() -> int | None:
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = (folder / "memory.current").read_text(encoding="ascii").strip()
        return int(limit) - int(used)
    except (OSError, ValueError):  # there is none, or its limit is "max"
        return None


def _of_addresses() -> int | None:
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):  # Windows and macOS
        return None
    return None if limit == resource.RLIM_INFINITY else limit - used


def let_threads_sleep() -> None:
    """Let OpenMP's threads sleep while they wait for each other; it must be said before torch is imported.

    By default they spin, and on a machine where others compute too each waits with all its might for one that is not
    running: a network then takes several times as long (``docs/guides/speed.md``). What the user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
