"""What ends a process that scores ends no run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import fakes
import pytest
from conftest import make_photo

from bench.api import Method, Photo
from bench.datasets.readers.local import read_folder
from bench.errors import BenchError
from bench.io.files import LocalFolder, file_at
from bench.runs import jobs, runner, workers
from bench.runs.jobs import ImageToScore, MethodSpec, Settings
from bench.runs.journal import Outcome
from bench.runs.scoring import FEW, score_items
from bench.runs.store import Store

POISONED = ("07.png", "20.png")


@pytest.fixture
def items(tmp_path: Path) -> list[ImageToScore]:
    paths = [make_photo(tmp_path / f"{i:02}.png", i, (40 + 8 * (i % 2), 40)) for i in range(FEW)]
    return [ImageToScore(path.name, file_at(path), (0,)) for path in paths]


def at_the_poisoned(ends: Callable[[], object], **declared: Any) -> MethodSpec:
    class AtThePoisoned(Method):
        info = fakes.info("at-the-poisoned", **declared)

        def score(self, photos: Sequence[Photo]) -> list[float]:
            if any(photo.name in POISONED for photo in photos):
                ends()
            return [1.0 for _ in photos]

    return MethodSpec(AtThePoisoned, None)


def outcomes(method: MethodSpec, items: Sequence[ImageToScore], settings: Settings) -> dict[str, Outcome]:
    found = [o for s in score_items(jobs.load_methods([method]), items, settings) for o in s.outcomes[0]]
    assert len({o.image for o in found}) == len(found), "no image has two outcomes"
    return {o.image: o for o in found}


def _loop_with_the_lock() -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    import ctypes

    ctypes.PyDLL(None).sleep(60)  # keeps Python's lock, as compiled code may


@pytest.mark.parametrize(
    ("ends", "why"),
    [
        (os.abort, "the process that scored it was killed (SIGABRT)"),
        (lambda: os._exit(3), "the process that scored it ended itself (exit code 3)"),
    ],
    ids=["abort", "exit"],
)
@pytest.mark.parametrize(
    "declared", [{"device_bound": True}, pytest.param({}, marks=pytest.mark.slow)], ids=["network", "one worker"]
)
def test_poisoned_images_are_recorded_where_one_process_scores(
    items: list[ImageToScore], ends: Callable[[], object], why: str, declared: dict[str, object]
) -> None:
    found = outcomes(at_the_poisoned(ends, batching="any", **declared), items, Settings(workers=1))
    assert {o.image: o.error for o in found.values() if o.error} == dict.fromkeys(POISONED, why)
    assert len(found) == FEW


def test_a_method_that_heeds_no_signal_is_ended_too(items: list[ImageToScore]) -> None:
    started = time.monotonic()
    found = outcomes(at_the_poisoned(_loop_with_the_lock, batching="one"), items, Settings(workers=2, image_timeout=1))
    late = "decoding or scoring took longer than 1 s for an image (image_timeout)"
    assert {o.image: o.error for o in found.values() if o.error} == dict.fromkeys(POISONED, late)
    assert len(found) == FEW
    assert time.monotonic() - started < 50, "nobody waited for it"


@pytest.mark.slow
def test_what_a_killed_method_had_started_is_ended_with_it(items: list[ImageToScore], tmp_path: Path) -> None:
    said = tmp_path / "child"

    def starts_another() -> None:
        said.write_text(str(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]).pid))
        os.abort()

    found = outcomes(at_the_poisoned(starts_another), items, Settings(workers=1))
    assert sum(o.error is not None for o in found.values()) == len(POISONED)
    child = Path("/proc") / said.read_text() / "stat"
    deadline = time.monotonic() + 20
    while child.exists() and " Z " not in child.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists() or " Z " in child.read_text()


def test_processes_that_ended_while_they_rested_are_replaced(
    items: list[ImageToScore], capfd: pytest.CaptureFixture[str]
) -> None:
    method = MethodSpec(fakes.Brightness, fakes.Brightness.Options())
    before = outcomes(method, items, Settings(workers=2))
    capfd.readouterr()
    for resting in workers._resting.values():
        for worker in resting:
            worker._process.terminate()
            worker._process.join()
    assert outcomes(method, items, Settings(workers=2)) == before
    assert "note" not in capfd.readouterr().err


def test_an_image_whose_process_something_else_ends_keeps_its_score(items: list[ImageToScore], tmp_path: Path) -> None:
    ends = tmp_path / "ends"

    def twice() -> None:  # with others, and once alone
        ends.write_text((ends.read_text() if ends.exists() else "") + ".")
        if len(ends.read_text()) <= 2:
            os.kill(os.getpid(), signal.SIGKILL)

    one = [item for item in items if item.name != POISONED[1]]
    found = outcomes(at_the_poisoned(twice, batching="one"), one, Settings(workers=2))
    assert not [o.error for o in found.values() if o.error]
    assert len(found) == len(one)
    assert ends.read_text() == "..."


def test_a_process_that_ends_before_any_image_ends_the_run_with_a_sentence(items: list[ImageToScore]) -> None:
    here = os.getpid()

    class EndsElsewhere(fakes.Brightness):
        def load(self) -> None:
            if os.getpid() != here:
                os._exit(7)

    with pytest.raises(BenchError, match=r"ended itself \(exit code 7\) 3 times in a row, while it was at no image"):
        outcomes(MethodSpec(EndsElsewhere, None), items, Settings(workers=2))


ENDED = """
import sys
import threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import fakes
from bench.datasets.readers.local import read_folder
from bench.io.files import LocalFolder
from bench.runs import jobs, runner, workers
from bench.runs.store import Store
ready = jobs.load_methods([jobs.MethodSpec(fakes.Poisoned, fakes.Poisoned.Options())])
runner.run(ready, read_folder(LocalFolder(Path(sys.argv[2])), "photos"), Store(Path(sys.argv[3])), jobs.Settings())
"""


def test_the_run_after_one_that_ended_with_few_images_gets_past(tmp_path: Path, store: Store) -> None:
    for name in ("2.png", "3.png"):
        make_photo(tmp_path / "photos" / name, 1)
    helpers = Path(fakes.__file__).parent
    call = [sys.executable, "-c", ENDED, str(helpers), str(tmp_path / "photos"), str(store.root)]
    assert subprocess.run(call, capture_output=True).returncode == -signal.SIGKILL, "the run itself scores few images"
    dataset = read_folder(LocalFolder(tmp_path / "photos"), "photos")
    ready = jobs.load_methods([MethodSpec(fakes.Poisoned, fakes.Poisoned.Options())])
    (done,) = runner.run(ready, dataset, store, Settings())
    assert [(o.image, o.score) for o in done.entry.outcomes()] == [("2.png", 1.0), ("3.png", None)]


def test_a_method_that_keeps_pythons_lock_costs_no_image_that_waits(items: list[ImageToScore]) -> None:
    class Locks(fakes.Brightness):
        def score(self, photos: Sequence[Photo]) -> list[float]:
            import ctypes

            ctypes.PyDLL(None).usleep(160_000 * len(photos))  # a batch of 8 may take 8 seconds
            return super().score(photos)

    found = outcomes(MethodSpec(Locks, None), items, Settings(workers=2, image_timeout=1))
    assert not [o.error for o in found.values() if o.error]


def test_a_method_that_cannot_be_sent_is_scored_here(
    items: list[ImageToScore], capfd: pytest.CaptureFixture[str]
) -> None:
    lock = threading.Lock()

    class Locked(fakes.Brightness):
        def score(self, photos: Sequence[Photo]) -> list[float]:
            with lock:
                return super().score(photos)

    found = outcomes(MethodSpec(Locked, Locked.Options()), items, Settings(workers=2))
    assert not [o.error for o in found.values() if o.error]
    assert "is scored by this process, since it cannot be sent to another (TypeError: cannot pickle" in (
        capfd.readouterr().err
    )


class UnsayableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "told"),
    [(UnsayableError(), "UnsayableError: "), (ValueError("a\ud800\x1bb"), "ValueError: a\\ud800\\u001bb")],
)
def test_an_error_is_stored_whatever_it_says(items: list[ImageToScore], error: Exception, told: str) -> None:
    method = at_the_poisoned(lambda: _raise(error))
    found = outcomes(method, items[:8], Settings())
    assert [o.error for o in found.values() if o.error] == [told]


def test_a_copy_that_a_method_makes_of_its_process_says_nothing(items: list[ImageToScore]) -> None:
    found = outcomes(at_the_poisoned(os.fork, batching="one"), items, Settings(workers=2))
    assert len(found) == FEW
    assert not [o.error for o in found.values() if o.error]
