"""Scoring by the workers of a Dask cluster: the store's promises hold, and who is not fit is named."""

from __future__ import annotations

import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import fakes
import fsspec
import numpy as np
import planted
import pytest
from conftest import Ran, make_photo

import bench as api
from bench.api import Method, Photo, Resize
from bench.datasets.readers.local import read_local
from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.fit.data import extract_features
from bench.io.files import Elsewhere, File, LocalFolder, file_at
from bench.plugins import options
from bench.runs import cluster, cluster_connection, runner
from bench.runs.jobs import ImageToScore, MethodSpec, Settings, load_methods
from bench.runs.journal import JOURNAL, Outcome
from bench.runs.scoring import score_items
from bench.runs.store import Store

pytest.importorskip("distributed")

from dask_here import DaskHere, dask_here


@pytest.fixture(scope="module")
def dask() -> Iterator[DaskHere]:
    """A scheduler and two workers, of which the second offers a GPU that it has not."""
    with dask_here([["--name", "first"], ["--name", "second", "--resources", "GPU=1"]]) as running:
        yield running


@pytest.fixture
def items(tmp_path: Path) -> list[ImageToScore]:
    paths = [make_photo(tmp_path / f"{i}.png", i) for i in range(12)]
    return [ImageToScore(path.name, file_at(path), (0,)) for path in paths]


def spec(method: type[Method], **given: str) -> MethodSpec:
    return MethodSpec(method, options.build(method, given))


def outcomes(method: MethodSpec, items: list[ImageToScore], settings: Settings) -> dict[str, Outcome]:
    ready = load_methods([method])
    return {o.image: o for scored in score_items(ready, items, settings) for o in scored.outcomes[0]}


def scores_of(folder: Path) -> bytes:
    (path,) = folder.glob("runs/*/*/scores.parquet")
    return path.read_bytes()


def test_the_stored_scores_are_those_of_one_process(dask: DaskHere, photos: Path) -> None:
    # By a class that the workers cannot import, and a path that is relative to another folder than theirs.
    api.run(fakes.Brightness, photos.name, results="alone", workers=1)
    api.run(fakes.Brightness, photos.name, results="spread", scheduler=dask.address)
    assert scores_of(Path("spread")) == scores_of(Path("alone"))
    (entry,), _ = Store(Path("spread")).entries()
    assert entry.sessions[0]["scheduler"] == dask.address
    assert entry.sessions[0]["device"] == "cpu"


def test_features_are_those_of_one_process(dask: DaskHere, tmp_path: Path) -> None:
    of = planted.colours(1, 40)
    data = planted.dataset(tmp_path / "a", of, planted.linear(of))
    ready, resize = planted.ready(), Resize()
    here = extract_features(ready, data, Settings(resize, workers=1), tmp_path / "here").features
    there = extract_features(ready, data, Settings(resize, scheduler=dask.address), tmp_path / "there").features
    assert len(there.vectors) == 40
    for name, vector in there.vectors.items():
        np.testing.assert_array_equal(vector, here.vectors[name])


def test_a_function_is_scored_here(dask: DaskHere, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = api.run(lambda image: image.width, photos, name="width", higher_is_better=True, scheduler=dask.address)
    assert set(found.scores().score) == {48.0}
    assert "width cannot be sent to a cluster" in capsys.readouterr().err


@pytest.mark.slow
def test_an_image_that_kills_its_worker_is_recorded_and_the_rest_goes_on(
    dask: DaskHere, items: list[ImageToScore], capfd: pytest.CaptureFixture[str]
) -> None:
    found = outcomes(spec(fakes.Poisoned), items[:6], Settings(scheduler=dask.address))
    (killed,) = (o for o in found.values() if o.error)
    assert killed.image == "3.png"
    assert killed.error
    assert killed.error.startswith("the process that scored it was killed at several workers in turn: by a crash")
    assert sum(o.score is not None for o in found.values()) == 5
    assert "scored again, each alone" in capfd.readouterr().err


@pytest.mark.slow
def test_a_method_that_kills_every_worker_stops_and_names_the_images(dask: DaskHere, items: list[ImageToScore]) -> None:
    with pytest.raises(BenchError, match=r"3 images in a row ended the process that scored them: \d+.png, .*dies"):
        outcomes(spec(fakes.Dies), items, Settings(scheduler=dask.address))


class Weighed(fakes.Brightness):
    """Has the weights that its process has."""

    info = fakes.info("weighed")

    @property
    def fingerprint(self) -> str:
        return os.environ.get("BENCH_TEST_WEIGHTS", "none")


def test_a_worker_with_other_weights_is_named(
    dask: DaskHere, items: list[ImageToScore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_TEST_WEIGHTS", "mine")
    with pytest.raises(UsageError, match=r"the worker (first|second) at tcp://\S+ has other weights .* of weighed"):
        outcomes(spec(Weighed), items, Settings(scheduler=dask.address))


def test_a_worker_with_other_versions_is_named(
    dask: DaskHere, items: list[ImageToScore], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {**cluster.versions(), "numpy": "0.1"}
    monkeypatch.setattr(cluster, "versions", lambda: here)
    with pytest.raises(UsageError, match=r"the worker (first|second) at \S+ has numpy \S+ and not 0.1.* of . worker"):
        outcomes(spec(fakes.Brightness), items, Settings(scheduler=dask.address))


def test_a_worker_that_comes_late_is_looked_at_too(
    dask: DaskHere, items: list[ImageToScore], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {**cluster.versions(), "numpy": "0.1"}
    monkeypatch.setattr(cluster, "versions", lambda: here)
    monkeypatch.setattr(cluster, "_devices", lambda *_: {"tcp://somebody:1": {0: "cpu"}})
    with pytest.raises(BenchError, match=r"has numpy \S+ and not 0.1: .*; what was scored is stored") as refused:
        outcomes(spec(fakes.Brightness), items, Settings(scheduler=dask.address))
    assert refused.value.exit_code == 1


def test_workers_on_different_devices_are_named() -> None:
    found = {"tcp://a:1": {0: "cpu"}, "tcp://b:1": {0: "cuda"}}
    with pytest.raises(UsageError, match="brightness would run on cpu at tcp://a:1 and cuda at tcp://b:1"):
        cluster._with_devices({0: spec(fakes.Brightness)}, found)


def test_a_worker_that_does_not_see_the_images_is_named(dask: DaskHere, items: list[ImageToScore]) -> None:
    data = items[0].file.read()  # type: ignore[union-attr]
    fsspec.filesystem("memory").pipe("/set/0.png", data)  # each process has a memory of its own
    unseen = [ImageToScore("0.png", File(Elsewhere("memory://set"), "0.png"), (0,))]
    with pytest.raises(UsageError, match=r"the worker (first|second) at \S+ cannot read memory://set/0.png \(no such"):
        outcomes(spec(fakes.Brightness), unseen, Settings(scheduler=dask.address))


def test_a_worker_that_lacks_a_package_is_named(
    dask: DaskHere, items: list[ImageToScore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "only_here"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import fakes\n\nclass Bright(fakes.Brightness):\n    info = fakes.info('b')\n"
    )
    monkeypatch.syspath_prepend(str(package.parent))
    installed = cluster._installed() | {"only_here"}
    monkeypatch.setattr(cluster, "_installed", lambda: installed)
    import only_here  # type: ignore[import-not-found]

    with pytest.raises(
        UsageError, match=r"the worker (first|second) at \S+ cannot import .*No module named 'only_here'"
    ):
        outcomes(spec(only_here.Bright), items, Settings(scheduler=dask.address))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tcp://127.0.0.1:9", "OSError: Timed out"),
        ("host:8786", "ValueError: the address has no scheme"),
        ("http://host:8786", "ValueError: unknown address scheme"),
        ("tcp://host", "ValueError: missing port number"),
        ("tls://host:8786", "ValueError: distributed.comm.tls of Dask's configuration names no certificate"),
    ],
)
def test_a_scheduler_that_is_not_there_is_a_users_mistake(
    monkeypatch: pytest.MonkeyPatch, photos: Path, bench: Callable[..., Ran], address: str, why: str
) -> None:
    monkeypatch.setattr(cluster_connection, "_CONNECT_SECONDS", 0.5)
    ran = bench("run", "--method", "bytes-per-pixel", "--dataset", photos, "--scheduler", address)
    assert ran.code == 2
    (told,) = [line for line in ran.err.splitlines() if "error" in line]
    assert f"--scheduler got {address!r}, where no scheduler of Dask answers ({why}" in told


def test_a_cluster_has_the_workers_that_it_has(items: list[ImageToScore]) -> None:
    with pytest.raises(UsageError, match="--workers got 3 and --scheduler tcp://host:8786"):
        outcomes(spec(fakes.Brightness), items, Settings(scheduler="tcp://host:8786", workers=3))


def test_without_the_package_the_remedy_is_said(items: list[ImageToScore], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingRequirementError, match=r"pip install 'iqa-bench\[cluster\]'"):
        outcomes(spec(fakes.Brightness), items, Settings(scheduler="auto"))


def test_a_folder_means_the_same_to_whoever_works_elsewhere(tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(LocalFolder(Path("photos")))) == LocalFolder(tmp_path / "photos")


def _when(happened: Callable[[], bool], then: Callable[[], object]) -> threading.Thread:
    """Do something as soon as something has happened."""

    def watch() -> None:
        while not happened():
            time.sleep(0.02)
        then()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def test_a_scheduler_that_dies_takes_nothing_along_that_was_scored(photos: Path, store: Store, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with dask_here([["--no-nanny"]]) as dask:
        _when(lambda: log.read_text().count("\n") >= 3, dask.scheduler.kill)
        slow = MethodSpec(fakes.Slow, fakes.SlowOptions(str(log), stop_at=3))
        with pytest.raises(
            BenchError, match=r"connection to the scheduler tcp://\S+ was lost. What was scored is"
        ) as lost:
            runner.run(load_methods([slow]), read_local(photos), store, Settings(scheduler=dask.address))
    assert lost.value.exit_code == 1
    (entry,) = store.entries()[0]
    assert not entry.complete
    # Chunks of such a small set have one image each.
    assert (entry.folder / JOURNAL).read_text().count("\n") == 2


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder of 120 images."""
    for i in range(120):
        make_photo(tmp_path / "many" / f"{i:03}.png", i, (24, 24))
    return tmp_path / "many"


class Paced(fakes.Brightness):
    """Takes 50 ms an image, and writes down that it was scored."""

    info = fakes.info("paced")
    Options = fakes.SlowOptions

    def score(self, photos: Sequence[Photo]) -> list[float]:
        for photo in photos:
            time.sleep(0.05)
            with Path(self.options.log).open("a") as log:
                log.write(photo.name + "\n")
        return super().score(photos)


def score_many(folder: Path, store: Store, log: Path, scheduler: str | None) -> runner.RunResult:
    paced = MethodSpec(Paced, fakes.SlowOptions(str(log)))
    (result,) = runner.run(load_methods([paced]), read_local(folder), store, Settings(scheduler=scheduler))
    return result


def test_a_method_that_cannot_be_sent_is_a_users_mistake(dask: DaskHere, items: list[ImageToScore]) -> None:
    lock = threading.Lock()

    class Holding(fakes.Brightness):
        held = lock

    with pytest.raises(UsageError, match=r"brightness cannot be sent to a cluster .*: cannot pickle '_thread.lock'"):
        outcomes(spec(Holding), items, Settings(scheduler=dask.address))


@pytest.mark.slow
def test_workers_that_are_killed_twenty_times_change_no_byte(many: Path, tmp_path: Path) -> None:
    killed = 0
    with dask_here([[], []], allowed_failures=3) as dask:
        over = threading.Event()

        def kill() -> None:
            nonlocal killed
            draw = random.Random(1)
            while not over.wait(draw.uniform(1.0, 3.0)):
                killed += dask.kill_a_worker(draw.randrange(2))

        thread = threading.Thread(target=kill)
        thread.start()
        runs = 0
        while killed < 20:
            runs += 1
            score_many(many, Store(tmp_path / f"spread{runs}"), tmp_path / "log", dask.address)
        over.set()
        thread.join()
    assert (tmp_path / "log").read_text().count("\n") > 120 * runs  # some were scored twice
    score_many(many, Store(tmp_path / "alone"), tmp_path / "log", None)
    for run in range(1, runs + 1):
        assert scores_of(tmp_path / f"spread{run}") == scores_of(tmp_path / "alone")


DRIVER = """
import sys
sys.path[:0] = {paths!r}
import test_cluster
from pathlib import Path
from bench.runs.store import Store
test_cluster.score_many(Path({many!r}), Store(Path({results!r})), Path({log!r}), {scheduler!r})
"""


@pytest.mark.slow
def test_a_driver_that_is_killed_goes_on_where_it_was(dask: DaskHere, many: Path, store: Store, tmp_path: Path) -> None:
    here = Path(__file__).parent
    paths = [str(here), str(here.parent), str(here.parent / "helpers")]
    places = {"many": str(many), "results": str(store.root), "log": str(tmp_path / "log"), "scheduler": dask.address}
    driver = subprocess.Popen([sys.executable, "-c", DRIVER.format(paths=paths, **places)])

    def stored() -> int:
        return sum(path.read_text().count("\n") for path in store.runs.glob("*/*/journal.jsonl"))

    _when(lambda: stored() >= 20 or driver.poll() is not None, driver.kill).join()
    assert driver.wait() == -signal.SIGKILL
    kept = stored()
    again = score_many(many, store, tmp_path / "log", dask.address)
    assert 20 <= kept < 120
    assert again.new == 120 - kept
    score_many(many, Store(tmp_path / "alone"), tmp_path / "log", None)
    assert scores_of(store.root) == scores_of(tmp_path / "alone")


class Network(fakes.Brightness):
    """Says in which process it runs."""

    info = fakes.info("network", device_bound=True, score_range=(0, 1e9))

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(os.getpid()) for _ in photos]


@pytest.mark.slow
def test_networks_go_to_the_workers_that_offer_a_gpu(dask: DaskHere, items: list[ImageToScore]) -> None:
    assert len({o.score for o in outcomes(spec(Network), items, Settings(scheduler=dask.address)).values()}) == 1
    anywhere = replace(spec(Network), asked="cpu")
    assert len({o.score for o in outcomes(anywhere, items, Settings(scheduler=dask.address)).values()}) == 2


@pytest.mark.slow
def test_a_cluster_on_this_machine_is_there_as_long_as_it_is_needed(items: list[ImageToScore]) -> None:
    found = outcomes(spec(fakes.Brightness), items, Settings(scheduler="auto", workers=2))
    assert found == outcomes(spec(fakes.Brightness), items, Settings(workers=1))
