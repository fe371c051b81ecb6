from __future__ import annotations

import errno
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import fakes
import pytest
from conftest import make_photo
from rot import unfinish
from stored import run as score_and_store

from bench.api import InputPolicy, Method, Photo, Resize
from bench.datasets.readers.local import read_local
from bench.errors import BenchError, UsageError
from bench.plugins import options
from bench.runs import runner, scoring
from bench.runs.jobs import MethodSpec, Settings, load_methods
from bench.runs.scoring import SHARD
from bench.runs.store import Store


def spec(method: type[Method], **given: str) -> MethodSpec:
    return MethodSpec(method, options.build(method, given))


def test_a_run_stores_scores_labels_and_where_they_come_from(photos: Path, store: Store) -> None:
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    frame = result.entry.scores()
    assert result.new == 8
    assert list(frame["image"]) == [f"images/{i}.png" for i in range(8)]
    assert list(frame["mos"]) == [10 + i for i in range(8)]
    assert set(frame["split"]) == {"test", "training"}
    (entry,) = store.entries()[0]
    assert entry.complete
    assert entry.meta["scored"] == 8
    session = entry.sessions[0]
    assert session["device"] == "cpu"
    assert session["versions"]["bench"]
    assert session["images_per_second"] > 0


def test_a_second_run_scores_nothing_and_changes_nothing(photos: Path, store: Store) -> None:
    runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    before = {path: path.read_bytes() for path in store.root.rglob("*.*") if path.is_file()}
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    assert result.new == 0
    assert {path: path.read_bytes() for path in store.root.rglob("*.*") if path.is_file()} == before


SMALL = InputPolicy(resize=Resize(short=16))
GREY = InputPolicy(colour="grey")


def newer(method: type[Method]) -> type[Method]:
    return type("Newer", (method,), {"info": fakes.info(method.info.name, version="2")})


class Weighted(fakes.Brightness):
    fingerprint = "abc"


def changed_label(photos: Path) -> None:
    scores = photos / "scores.csv"
    scores.write_text(scores.read_text().replace(",10,", ",11,"))


def changed_image(photos: Path) -> None:
    make_photo(photos / "images" / "0.png", 99)


@pytest.mark.parametrize(
    ("method", "settings", "split", "change"),
    [
        (spec(newer(fakes.Picky)), Settings(), "all", None),
        (spec(type("Weighted", (fakes.Picky,), {"fingerprint": "abc"})), Settings(), "all", None),
        (spec(fakes.Picky, gain="2"), Settings(), "all", None),
        (spec(type("Small", (fakes.Picky,), {"info": fakes.info("picky", input=SMALL)})), Settings(), "all", None),
        (spec(type("Grey", (fakes.Picky,), {"info": fakes.info("picky", input=GREY)})), Settings(), "all", None),
        (spec(fakes.Picky), Settings(resize=Resize(short=16)), "all", None),
        (spec(fakes.Picky), Settings(), "test", None),
        (spec(fakes.Picky), Settings(), "all", changed_label),
        (spec(fakes.Picky), Settings(), "all", changed_image),
    ],
    ids=["version", "weights", "option", "method's resize", "colour", "resize", "split", "label", "image"],
)
def test_whatever_identifies_a_score_makes_a_new_entry(photos, store, method, settings, split, change) -> None:  # type: ignore[no-untyped-def]
    runner.run(load_methods([spec(fakes.Picky)]), read_local(photos), store, Settings())
    if change:
        change(photos)
    (result,) = runner.run(load_methods([method]), read_local(photos), store, settings, split=split)
    assert result.new > 0
    assert len(store.entries()[0]) == 2


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        (spec(fakes.Picky), Settings(batch_size=3)),
        (spec(fakes.Picky), Settings(seed=5)),
        (spec(fakes.Picky, model="elsewhere/file"), Settings()),
    ],
    ids=["batch", "seed of a method that draws nothing", "path of a file"],
)
def test_what_does_not_change_scores_makes_no_new_entry(photos, store, method, settings) -> None:  # type: ignore[no-untyped-def]
    runner.run(load_methods([spec(fakes.Picky)]), read_local(photos), store, Settings())
    (result,) = runner.run(load_methods([method]), read_local(photos), store, settings)
    assert result.new == 0
    assert len(store.entries()[0]) == 1


def test_the_seed_identifies_the_scores_of_what_draws(photos: Path, store: Store) -> None:
    for seed in (0, 1):
        runner.run(load_methods([spec(fakes.Random)]), read_local(photos), store, Settings(seed=seed))
    assert len(store.entries()[0]) == 2


class Overwriting(Method):
    """Writes another picture over the last image of the folder while it scores the first."""

    info = fakes.info("overwriting")
    folder = Path()
    change = staticmethod(lambda path: make_photo(path, 99))

    def score(self, photos: Sequence[Photo]) -> list[float]:
        if photos[0].name == "images/0.png":
            self.change(self.folder / "images" / "7.png")
        return [float(photo.pixels.mean()) for photo in photos]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda path: make_photo(path, 99), "its content is another than at the start"),
        (Path.unlink, "it cannot be read any more, no such file"),
        (lambda path: path.write_bytes(b""), "it cannot be read any more, the file is empty"),
    ],
    ids=["overwritten", "deleted", "emptied"],
)
def test_an_image_changed_in_mid_run_ends_it_by_name(
    photos: Path, store: Store, change: Callable[[Path], object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "SHARD", 2)  # what was decoded ahead cannot be changed
    method = type("Overwriting", (Overwriting,), {"folder": photos, "change": staticmethod(change)})
    run = functools.partial(runner.run, load_methods([spec(method)]), settings=Settings(batch_size=2, workers=1))
    with pytest.raises(BenchError, match=rf"7\.png was changed while the dataset was being scored: {told}"):
        run(read_local(photos), store)
    (entry,) = store.entries()[0]
    assert (entry.complete, entry.outcomes_so_far() < 8) == (False, True)
    method.change = lambda path: None  # type: ignore[attr-defined]
    (result,) = run(read_local(photos), store)
    assert result.entry.key != entry.key


def test_a_worker_process_ends_the_run_too(photos: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = runner.survey_images(read_local(photos))
    changed = replace(seen, digests={**seen.digests, "images/7.png": "0" * 12})
    monkeypatch.setattr(runner, "survey_images", lambda dataset: changed)
    with pytest.raises(BenchError, match=r"7\.png was changed while the dataset was being scored"):
        runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings(workers=2))


def test_failures_are_kept_until_asked_to_try_again(photos: Path, store: Store) -> None:
    (photos / "images" / "5.png").write_bytes(b"")
    (first,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    assert (first.entry.meta["scored"], first.entry.meta["failed"]) == (7, 1)
    (again,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    assert again.new == 0
    (retried,) = runner.run(
        load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings(), retry_failed=True
    )
    assert (retried.new, retried.entry.meta["failed"]) == (1, 1)


def test_a_method_added_later_joins_without_scoring_the_first_again(photos: Path, store: Store) -> None:
    runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    results = runner.run(
        load_methods([spec(fakes.Brightness), spec(fakes.Darkness)]), read_local(photos), store, Settings()
    )
    assert [result.new for result in results] == [0, 8]
    assert [result.entry.complete for result in results] == [True, True]
    assert all(entry.complete for entry in store.entries()[0])


def test_the_decode_policy_identifies_a_score(photos: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    monkeypatch.setattr(runner, "POLICY", "next")
    runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    assert len(store.entries()[0]) == 2


def test_what_is_declared_is_put_right_without_scoring_again(photos: Path, store: Store) -> None:
    runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    aware = type("Aware", (fakes.Brightness,), {"info": fakes.info("brightness", trained_on=("koniq",))})
    scores = photos / "scores.csv"
    lines = scores.read_text().splitlines()
    scores.write_text("\n".join([lines[0] + ",ref_img", *(f"{line},r{i % 2}" for i, line in enumerate(lines[1:]))]))
    (result,) = runner.run(load_methods([spec(aware)]), read_local(photos), store, Settings())
    assert result.new == 0
    (entry,) = store.entries()[0]
    assert entry.method.trained_on == ("koniq",)
    assert entry.dataset.cluster == "reference"
    assert set(entry.scores()["reference"]) == {"r0", "r1"}
    assert len(entry.sessions) == 1


def test_two_runs_on_one_entry_at_once_are_refused(photos: Path, store: Store) -> None:
    dataset = read_local(photos)
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), dataset, store, Settings())
    from filelock import FileLock

    with (
        FileLock(result.entry.folder / ".lock"),
        pytest.raises(UsageError, match="another bench process is writing"),
    ):
        runner.run(load_methods([spec(fakes.Brightness)]), dataset, store, Settings())


def test_an_unknown_split_names_those_there_are(photos: Path, store: Store) -> None:
    with pytest.raises(UsageError, match="its splits are test, training and all"):
        runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings(), split="tset")


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import fakes
from bench.runs import runner, scoring
from bench.datasets.readers.local import read_local
from bench.runs.jobs import MethodSpec, Settings, load_methods
from bench.runs.store import Store
slow = MethodSpec(fakes.Slow, fakes.SlowOptions({log!r}, stop_at=110))
runner.run(load_methods([slow]), read_local(Path({photos!r})), Store(Path({results!r})), Settings(workers={workers}))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_in_mid_run_the_next_goes_on_and_loses_at_most_a_shard(
    tmp_path: Path, store: Store, workers: int
) -> None:
    folder = tmp_path / "many"
    for i in range(160):
        make_photo(folder / f"{i:03}.png", i, (24, 24))
    log = tmp_path / "log"
    helpers = Path(fakes.__file__).parent
    places = {"tests": str(helpers), "photos": str(folder), "results": str(store.root), "log": str(log)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(**places, workers=workers)],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    journal = _wait_for_outcomes(store, 40)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _wait_until_gone(process.pid)
    scored_before = log.read_text().split()
    kept = journal.read_text().count("\n")
    (half,) = store.entries()[0]
    assert not half.complete

    slow = MethodSpec(fakes.Slow, fakes.SlowOptions(str(log)))
    (result,) = runner.run(load_methods([slow]), read_local(folder), store, Settings())
    assert result.new == 160 - kept
    assert len(scored_before) - kept <= SHARD
    assert len(log.read_text().split()) == len(scored_before) + result.new
    frame = result.entry.scores()
    assert list(frame["image"]) == [f"{i:03}.png" for i in range(160)]

    (whole,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(folder), store, Settings())
    assert list(frame["score"]) == list(whole.entry.scores()["score"])


def _wait_until_gone(session: int) -> None:
    """Workers of a killed parent end by themselves."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if session not in map(_session, (int(path.name) for path in Path("/proc").glob("[0-9]*"))):
            return
        time.sleep(0.1)
    raise AssertionError("processes of the killed run are still there")


def _session(process: int) -> int:
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return 0


def _wait_for_outcomes(store: Store, at_least: int) -> Path:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for journal in store.root.rglob("journal.jsonl"):
            if journal.read_text().count("\n") >= at_least:
                return journal
        time.sleep(0.02)
    raise AssertionError("the run wrote no journal in time")


def test_half_a_line_at_the_end_of_a_journal_is_scored_again(photos: Path, store: Store) -> None:
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    journal = unfinish(result.entry, 2)
    journal.write_bytes(journal.read_bytes()[:-20])
    (again,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    assert again.new == 7
    assert again.entry.outcomes() == result.entry.outcomes()


def test_file_names_that_are_no_text_are_scored_under_a_printable_name(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "odd"
    make_photo(folder / "plain.png", 1)
    for name in (b"caf\xe9.png", b"red\x1b[31m\n.png"):
        shutil.copyfile(folder / "plain.png", os.path.join(os.fsencode(folder), name))  # noqa: PTH118 - bytes
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(folder), store, Settings())
    assert sorted(result.entry.scores()["image"]) == ["caf\\udce9.png", "plain.png", "red\\u001b[31m\\u000a.png"]
    assert result.entry.meta["failed"] == 0


def test_a_full_disk_is_said_and_costs_nothing_that_was_stored(
    photos: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("bench.runs.columns.LabelColumns.outcomes_to_parquet", full)
        with pytest.raises(BenchError, match=r"No space left on device.*finished results are kept"):
            runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    assert (result.new, result.entry.meta["scored"]) == (0, 8)


def test_a_journal_with_rubbish_in_it_keeps_its_other_lines(photos: Path, store: Store) -> None:
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    journal = unfinish(result.entry, 2)
    first, second, _ = journal.read_bytes().split(b"\n")
    journal.write_bytes(first + b"\n\xff\xfe\n" + second + b"\n")
    (again,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings())
    assert again.new == 6


@pytest.mark.parametrize("content", ["{", '{"format": 1}', '{"format": 99}', "[]", ""])
def test_a_damaged_entry_is_left_out_by_name_and_can_be_removed(photos: Path, store: Store, content: str) -> None:
    runner.run(load_methods([spec(fakes.Brightness), spec(fakes.Darkness)]), read_local(photos), store, Settings())
    broken = store.entries()[0][0]
    (broken.folder / "provenance.json").write_text(content)
    entries, problems = store.entries()
    assert len(entries) == 1
    assert f"bench results rm {broken.key}" in problems[0].words
    store.remove(broken.key)
    assert store.entries()[1] == []


def test_an_entry_is_removed_where_an_open_lock_cannot_be(
    photos: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_and_store(store, photos, fakes.Brightness)
    unlink = Path.unlink

    def as_on_windows(path: Path, missing_ok: bool = False) -> None:
        if path.name == ".lock":
            raise PermissionError("it is being used by another process")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", as_on_windows)
    folder = store.remove(store.entries()[0][0].key)
    assert store.entries() == ([], [])
    assert [path.name for path in folder.iterdir()] == [".lock"]
