"""A scheduler and workers of Dask on loopback, each a process, that tests may kill."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_SECONDS = 60


@dataclass(frozen=True)
class DaskHere:
    """What runs.

    Attributes:
        address: of the scheduler.
        scheduler: its process.
        workers: the processes, each of which starts its worker again when that is killed.
    """

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]

    def kill_a_worker(self, which: int) -> bool:
        """Kill what a worker's process has started, as the kernel kills; say whether there was anything."""
        killed = False
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.workers[which].pid).children():
                if "resource_tracker" not in "".join(child.cmdline()):
                    child.kill()
                    killed = True
        return killed


@contextmanager
def dask_here(workers: Sequence[Sequence[str]], allowed_failures: int = 0) -> Iterator[DaskHere]:
    """Start a scheduler and workers, each with further arguments of ``dask worker``, in a folder of their own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = str(allowed_failures)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        started: list[subprocess.Popen[bytes]] = []

        def start(command: str, *arguments: str) -> subprocess.Popen[bytes]:
            full = [sys.executable, "-W", "ignore", "-m", "distributed.cli." + command, "--no-dashboard", *arguments]
            with log.open("ab") as written:
                started.append(subprocess.Popen(full, cwd=folder, env=environment, stderr=written, stdout=written))
            return started[-1]

        try:
            scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
            (address,) = _wait_for(log, r"Scheduler at:\s*(tcp://\S+)", 1)
            running = [start("dask_worker", address, "--nthreads", "1", *more) for more in workers]
            _wait_for(log, r"(Registered to)", len(workers))
            yield DaskHere(address, scheduler, running)
        finally:
            for process in started:
                _kill_family(process)


def _kill_family(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
    process.wait(_SECONDS)


def _wait_for(log: Path, pattern: str, count: int) -> list[str]:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if len(found := re.findall(pattern, log.read_text())) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no {pattern} in {log.read_text()}")
