"""Processes that are killed at random moments: the stored scores are those of a run that nobody disturbs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import fakes
import pytest
from conftest import Tally, make_photo

from bench.datasets.readers.local import read_local
from bench.errors import BenchError
from bench.runs import runner
from bench.runs.entry import SCORES
from bench.runs.jobs import MethodSpec, Settings, load_methods
from bench.runs.store import Store

pytestmark = pytest.mark.slow

IMAGES = 300
USUAL_SECONDS = 5.0
RUN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import fakes
from bench.datasets.readers.local import read_local
from bench.runs import jobs, runner
from bench.runs.store import Store
ready = jobs.load_methods([jobs.MethodSpec(fakes.Dawdling, fakes.Dawdling.Options())])
runner.run(ready, read_local(Path(sys.argv[2])), Store(Path(sys.argv[3])), jobs.Settings(workers=int(sys.argv[4])))
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photographs."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(IMAGES):
        make_photo(folder / f"{number:03}.png", number, (24, 24))
    return folder


class Undisturbed(NamedTuple):
    """The file of scores of a run that nobody disturbs, and how slow this machine is now."""

    scores: bytes
    slowness: float


@pytest.fixture(scope="module")
def undisturbed(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    began = time.monotonic()
    store = run(many, Store(tmp_path_factory.mktemp("undisturbed")), 1)
    return Undisturbed(scores(store), max(1.0, (time.monotonic() - began) / USUAL_SECONDS))


def run(many: Path, store: Store, workers: int) -> Store:
    ready = load_methods([MethodSpec(fakes.Dawdling, fakes.Dawdling.Options())])
    runner.run(ready, read_local(many), store, Settings(workers=workers))
    return store


def scores(store: Store) -> bytes:
    (entry,) = store.entries()[0]
    return (entry.folder / SCORES).read_bytes()


def workers_of(parent: int) -> list[int]:
    """Return the processes that a process started to score."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
            told = (stat.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(after[1]) == parent and "popen_loky" in told:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_killed_at_random(
    many: Path, store: Store, undisturbed: Undisturbed, tally: Tally, workers: int
) -> None:
    draw = random.Random(workers)
    over = threading.Event()
    killed = 0

    def kill() -> None:
        nonlocal killed
        # Processes that are ended before they have begun would end the run, and rightly.
        while not over.wait(undisturbed.slowness * draw.uniform(0.6, 2.0)):
            if found := workers_of(os.getpid()):
                os.kill(draw.choice(found), signal.SIGKILL)
                killed += 1

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        rounds = 0
        while killed < 20:
            # Where several processes in a row are killed before they have begun, the run ends, and the next goes on.
            with suppress(BenchError):
                run(many, Store(store.root / str(rounds)), workers)
                rounds += 1
    finally:
        over.set()
        killer.join()
    wrong = sum(scores(Store(store.root / str(number))) != undisturbed.scores for number in range(rounds))
    tally(f"SIGKILL of a worker, of {workers}", killed, wrong)
    assert wrong == 0


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.parametrize("workers", [1, 2])
def test_driver_ended_at_random(
    many: Path, store: Store, undisturbed: Undisturbed, tally: Tally, workers: int, name: str
) -> None:
    draw = random.Random(f"{name}{workers}")
    call = [sys.executable, "-c", RUN, str(Path(fakes.__file__).parent), str(many), str(store.root), str(workers)]
    ended = 0
    while True:
        driver = subprocess.Popen(call, stderr=subprocess.DEVNULL)
        time.sleep(undisturbed.slowness * draw.uniform(1.0, 3.0))
        driver.send_signal(signal.Signals[name])
        if driver.wait() == 0:
            break
        ended += 1
        assert ended < 200, "no run gets on"
    wrong = int(scores(store) != undisturbed.scores)
    tally(f"{name} of a run with {workers} worker(s)", ended, wrong)
    assert wrong == 0
