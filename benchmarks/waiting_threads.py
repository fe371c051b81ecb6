"""Seconds an image of `mdfs-lite` where threads spin, and where they sleep, while they wait for each other.

    python benchmarks/waiting_threads.py PHOTOGRAPHS

scores the first six photographs of a folder in turn with ``OMP_WAIT_POLICY`` as OpenMP has it by itself and as bench
sets it, first with nothing else on the machine, then beside one process a core that computes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

_SCORE = """
import sys, time
import torch  # before bench can say how its threads wait
import bench
metric = bench.load("mdfs-lite")
metric(sys.argv[1])
started = time.perf_counter()
for path in sys.argv[1:]:
    metric(path)
print((time.perf_counter() - started) / len(sys.argv[1:]))
"""
_POLICIES = {"spin": {}, "sleep": {"OMP_WAIT_POLICY": "PASSIVE"}}
_ROUNDS = 3


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


def _seconds(photographs: list[str], policy: dict[str, str]) -> float:
    kept = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    line = [sys.executable, "-W", "ignore", "-c", _SCORE, *photographs]
    return float(subprocess.run(line, env=kept | policy, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Print the medians."""
    photographs = sorted(str(path) for path in Path(sys.argv[1]).iterdir() if path.suffix.lower() in (".jpg", ".png"))[
        :6
    ]
    for title, processes in (("idle", 0), ("busy", os.cpu_count() or 1)):
        with _busy(processes):
            found: dict[str, list[float]] = {name: [] for name in _POLICIES}
            for _ in range(_ROUNDS):
                for name, policy in _POLICIES.items():
                    found[name].append(_seconds(photographs, policy))
        print(title, {name: f"{median(seconds):.2f} s an image" for name, seconds in found.items()})


if __name__ == "__main__":
    main()
