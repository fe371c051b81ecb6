"""Files made to stop their reader, little memory, and two runs at once: all photographs are scored as ever."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import fakes
import pytest
from bombs import SOUND, write_bombs
from conftest import Tally, make_photo

from bench.datasets.readers.local import read_local
from bench.runs import runner
from bench.runs.jobs import MethodSpec, Settings, load_methods
from bench.runs.store import Store

pytestmark = pytest.mark.slow

MOST_MEMORY = 4 * 2**30
GOOD = {f"photo{number:02}.png" for number in range(12)}
# Scores by two methods in two processes, one of them on grey pixels, and prints how much memory the largest took.
RUN = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import fakes
from bench.datasets.readers.local import read_local
from bench.runs import jobs, runner, workers
from bench.runs.store import Store
specs = [jobs.MethodSpec(each, each.Options()) for each in (fakes.Brightness, fakes.SameSize)]
settings = jobs.Settings(workers=2)
runner.run(jobs.load_methods(specs), read_local(Path(sys.argv[2])), Store(Path(sys.argv[3])), settings)
workers._end_resting()
print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
"""


def outcomes(store: Store) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Return method → image → score and error."""
    entries, _ = store.entries()
    return {entry.method.name: {o.image: (o.score, o.error) for o in entry.outcomes()} for entry in entries}


def run_here(folder: Path, store: Store) -> dict[str, dict[str, tuple[Any, Any]]]:
    specs = [MethodSpec(each, each.Options()) for each in (fakes.Brightness, fakes.SameSize)]
    runner.run(load_methods(specs), read_local(folder), store, Settings(workers=1))
    return outcomes(store)


def test_bombs_among_photographs(tmp_path: Path, tally: Tally) -> None:
    folder = tmp_path / "set"
    for number, name in enumerate(sorted(GOOD)):
        make_photo(folder / name, number, (300, 260))
    alone = run_here(folder, Store(tmp_path / "alone"))
    bombs = write_bombs(folder)
    store = Store(tmp_path / "store")
    call = [sys.executable, "-c", RUN, str(Path(fakes.__file__).parent), str(folder), str(store.root)]
    done = subprocess.run(call, check=True, capture_output=True, text=True, timeout=1200)
    assert int(done.stdout) * 1024 < MOST_MEMORY
    wrong = 0
    for method, found in outcomes(store).items():
        assert found.keys() == GOOD | bombs
        wrong += sum(found[name] != alone[method][name] for name in GOOD)
        wrong += sum((found[name][0] is None) == (name in SOUND) for name in bombs)
    tally("a file made to stop its reader, in a folder of photographs", len(bombs), wrong)
    assert wrong == 0


def test_a_run_in_four_gigabytes_of_addresses(tmp_path: Path, tally: Tally) -> None:
    folder, images = tmp_path / "set", 2000
    for number in range(50):
        make_photo(folder / f"{number:04}.jpg", number, (200, 200))
    for number in range(50, images):
        (folder / f"{number:04}.jpg").hardlink_to(folder / f"{number % 50:04}.jpg")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (4_000_000 * 1024,) * 2)

    methods = [part for name in ("niqe", "bytes-per-pixel") for part in ("--method", name)]
    call = [sys.executable, "-m", "bench", "run", *methods, "--dataset", folder, "--results", tmp_path / "store"]
    subprocess.run([*call, "--workers", "2"], check=True, capture_output=True, preexec_fn=limit)
    found = outcomes(Store(tmp_path / "store"))
    lost = sum(images - sum(score is not None for score, _ in each.values()) for each in found.values())
    tally("photographs in 4 GB of addresses, by two methods", images, lost)
    assert (len(found), lost) == (2, 0)


def test_two_runs_into_one_store_at_once(tmp_path: Path, tally: Tally) -> None:
    folder, tries, wrong = tmp_path / "set", 5, 0
    for number in range(100):
        make_photo(folder / f"{number:03}.png", number, (24, 24))
    alone = run_here(folder, Store(tmp_path / "alone"))
    for number in range(tries):
        store = Store(tmp_path / f"store{number}")
        call = [sys.executable, "-c", RUN, str(Path(fakes.__file__).parent), str(folder), str(store.root)]
        both = [subprocess.Popen(call, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        ended = [(process.communicate()[1], process.returncode) for process in both]
        refused = [said for said, code in ended if code]
        # Both come to their end where one begins only when the other is done.
        wrong += len(refused) > 1 or not all("another bench process is writing" in said for said in refused)
        wrong += outcomes(store) != alone
    tally("two runs that write the same results at once", tries, wrong)
    assert wrong == 0
