"""Fixtures: real data where it is there, small photographs where it is not, and the command line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import lacking
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

import bench as api
from bench.cli import main
from bench.runs.store import Store

# Images as small as a test's wait for a second thread longer than it helps, and on a busy machine very long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# How long an example takes says how busy the machine is.
settings.register_profile("bench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bench")


Tally = Callable[[str, int, int], None]
_FAULTS = pytest.StashKey[list[tuple[str, int, int]]]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Note an attack, how often it was tried, and how many scores were lost or wrong."""
    rows = request.config.stash.setdefault(_FAULTS, [])
    return lambda attack, tries, lost: rows.append((attack, tries, lost))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line how many tests were skipped for what this machine lacks, and what the fault suite lost."""
    if rows := config.stash.get(_FAULTS, []):
        terminalreporter.write_line("\n| attack | tries | lost or wrong |\n|---|---|---|")
        for attack, tries, lost in rows:
            terminalreporter.write_line(f"| {attack} | {tries} | {lost} |")
    reasons = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
    counts = [(sum(reason == f"Skipped: {need.reason}" for reason in reasons), need) for need in lacking.NEEDS]
    if said := [f"{count} for {need.reason}" for count, need in counts if count]:
        terminalreporter.write_line(f"skipped: {', '.join(said)}; `make setup` says how to get it")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real label files, photographs and published scores."""
    if lacking.REAL_DATA.path is None:
        pytest.skip(lacking.REAL_DATA.reason)
    return lacking.SHARED / "data"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the user's reaches a test, and no test writes outside its own folder."""
    for name in ("BENCH_RESULTS", "BENCH_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Torch begins each test in one thread, whatever a run set before."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def make_photo(path: Path, seed: int, size: tuple[int, int] = (48, 40)) -> Path:
    """Write a smooth random picture, (width, height), in the format of the path's suffix."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    small.resize(size, Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder named photos with scores.csv and eight images whose MOS rises with their number."""
    folder = tmp_path / "photos"
    rows = ["image,score,split"]
    for i in range(8):
        make_photo(folder / "images" / f"{i}.png", i)
        rows.append(f"images/{i}.png,{10 + i},{'test' if i % 2 else 'training'}")
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store, where the command line looks for one."""
    return Store(tmp_path / "results")


@pytest.fixture(scope="session")
def scored_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with bytes-per-pixel and niqe on sample; it must not be written to."""
    folder = tmp_path_factory.mktemp("store")
    api.run(["bytes-per-pixel", "niqe"], "sample", results=folder)
    return folder


@pytest.fixture
def forget_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files of methods that a test loads are gone after it."""
    from bench.api import registered
    from bench.plugins import from_file

    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    registered[:] = [method for method in registered if method.__module__ not in from_file._loaded]
    for name in from_file._loaded:
        sys.modules.pop(name, None)
    from_file._loaded.clear()


@pytest.fixture
def sample_store(scored_sample: Path, tmp_path: Path) -> Path:
    """The same where the command line and the API look for one."""
    return Path(shutil.copytree(scored_sample, tmp_path / "results"))


@pytest.fixture
def short_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mappings soon give up: on eight images they take long to find nothing, which not every test is about."""
    monkeypatch.setattr("bench.stats.mapping.MAX_EVALUATIONS", 20)


@pytest.fixture
def empty_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No package finds weights that this machine happens to have."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_ENDPOINT", "XDG_CACHE_HOME", "BENCH_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Call the command line in this process."""

    def call(*args: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        return Ran(int(stop.value.code or 0), out, err)

    return call
