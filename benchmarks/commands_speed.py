"""What a user waits for, and what it takes in memory: commands in processes of their own.

    python -W ignore benchmarks/commands_speed.py FOLDER

FOLDER has JPEGs, which are linked under new names where more images are wanted. All ways take turns, round by round,
and the ratios are taken inside a round. Starting Python and loading methods counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

# Ten methods that do little, each in a run of its own or all in one.
_TEN = """
import sys
import bench
from bench.api import Family, Method, MethodInfo

def method(number):
    class Pixel(Method):
        info = MethodInfo(
            name=f"pixel{number}", version="1", family=Family.HAND_CRAFTED, licence="none", citation="none: a test",
            summary="One pixel.", higher_is_better=True, score_range=(0, 255), opinion_aware=False, trained_on=(),
        )
        def score(self, photos):
            return [float(photo.pixels[number, number, 0]) for photo in photos]
    return Pixel

ten = [method(number) for number in range(10)]
for methods in [ten] if sys.argv[3] == "together" else [[one] for one in ten]:
    bench.run(methods, sys.argv[1], results=sys.argv[2])
"""


def measured(*call: str) -> tuple[float, float]:
    """Run a command; return the seconds that it took, and the most memory in MB that one of its processes had."""
    # In a process of its own, whose children are the command's alone.
    code = "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], check=True, capture_output=True)\n"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *call], capture_output=True, text=True, check=True)
    return time.perf_counter() - started, int(done.stdout) / 1000


def bench(*arguments: str | Path) -> tuple[float, float]:
    """Run a command of bench."""
    return measured(sys.executable, "-m", "bench", *map(str, arguments))


def run(method: str, images: Path, results: Path, *others: str) -> tuple[float, float]:
    """Score a folder by a method."""
    return bench("run", "--method", method, "--dataset", images, "--results", results, *others)


def links(folder: Path, count: int, inside: Path) -> Path:
    """Return a folder with so many images."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    made = inside / f"images{count}"
    made.mkdir()
    for place in range(count):
        (made / f"{place:06}.jpg").symlink_to(found[place % len(found)].resolve())
    return made


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--rounds", default=3, show_default=True)
@click.option("--images", default=200, show_default=True, help="Number of images of all but the last table.")
@click.option("--most", default=10_000, show_default=True, help="Largest number of images of the last table.")
def main(folder: Path, rounds: int, images: int, most: int) -> None:
    """Print seconds and ratios, and memory by the number of images."""
    with tempfile.TemporaryDirectory() as temporary:
        inside = Path(temporary)
        few = links(folder, images, inside)
        stored = inside / "stored"
        run("niqe", few, stored)
        fresh = (inside / f"fresh{number}" for number in range(10**6))

        def ten(how: str) -> tuple[float, float]:
            return measured(sys.executable, "-c", _TEN, str(few), str(next(fresh)), how)

        ways: dict[str, Callable[[], tuple[float, float]]] = {
            "bench --help": lambda: bench("--help"),
            "niqe, scored": lambda: run("niqe", few, next(fresh)),
            "niqe, stored already": lambda: run("niqe", few, stored),
            "niqe, --workers 1": lambda: run("niqe", few, next(fresh), "--workers", "1"),
            "niqe, --workers 2": lambda: run("niqe", few, next(fresh), "--workers", "2"),
            "ten light methods, ten runs": lambda: ten("apart"),
            "ten light methods, one run": lambda: ten("together"),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                seconds[name].append(way()[0])
        for name, taken in seconds.items():
            print(f"{name:32}{statistics.median(taken):8.2f} s")
        for title, slow, fast in (
            ("stored already, times as fast as scored", "niqe, scored", "niqe, stored already"),
            ("2 workers, times as fast as 1", "niqe, --workers 1", "niqe, --workers 2"),
            ("one run, times as fast as ten", "ten light methods, ten runs", "ten light methods, one run"),
        ):
            ratios = [a / b for a, b in zip(seconds[slow], seconds[fast], strict=True)]
            print(f"{title:44}{statistics.median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        counts = [count for count in (100, 1000, 10_000) if count <= most]
        for count in counts:
            taken, memory = run("bytes-per-pixel", links(folder, count, inside), next(fresh))
            print(f"bytes-per-pixel, {count:6} images {taken:8.2f} s {memory:8.0f} MB in the largest process")


if __name__ == "__main__":
    main()
