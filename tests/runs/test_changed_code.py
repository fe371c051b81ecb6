"""Scores of a method whose code has changed since: said by a run, marked in tables, explained by bench check."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import fakes
import pytest
from conftest import Ran
from rot import unfinish
from stored import spec

import bench as api
from bench.datasets.readers.local import read_local
from bench.runs import runner
from bench.runs.jobs import Settings, load_methods
from bench.runs.runner import RunResult
from bench.runs.store import Store

Bench = Callable[..., Ran]
RUN = ("run", "--method", "bytes-per-pixel", "--dataset", "photos")


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Say what the hash of every method's code is from now on."""

    def become(digest: str) -> None:
        monkeypatch.setattr("bench.runs.runner.hash_method", lambda method: digest)
        monkeypatch.setattr("bench.tables.code.hash_method", lambda method: digest)

    become("one")
    return become


def score(photos: Path, store: Store, **how: bool) -> RunResult:
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), store, Settings(), **how)
    return result


def test_a_run_says_that_stored_scores_are_of_other_code_and_keeps_them(
    bench: Bench, photos: Path, code: Callable[[str], None], store: Store
) -> None:
    bench(*RUN)
    assert "(already stored)" in bench(*RUN).out
    before = store.entries()[0][0].folder.joinpath("provenance.json").read_bytes()
    code("two")
    said = "(already stored, by code of the method that has changed since: --rescore scores again)"
    assert said in bench(*RUN).out
    assert store.entries()[0][0].folder.joinpath("provenance.json").read_bytes() == before


def test_rescore_scores_again_in_the_same_entry(
    bench: Bench, photos: Path, code: Callable[[str], None], store: Store
) -> None:
    bench(*RUN)
    code("two")
    done = bench(*RUN, "--rescore")
    assert done.code == 0
    assert "stored" not in done.out
    (entry,) = store.entries()[0]
    assert entry.code == ("two",)
    assert len(entry.sessions) == 2
    assert "(already stored)" in bench(*RUN).out


def test_python_has_rescore_too_and_says_what_is_old(
    photos: Path, code: Callable[[str], None], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    api.run("bytes-per-pixel", photos)
    code("two")
    api.run("bytes-per-pixel", photos)
    assert (
        "bytes-per-pixel on photos: already stored, by code of the method that has changed" in capsys.readouterr().err
    )
    (entry,) = api.run("bytes-per-pixel", photos, rescore=True).entries
    assert entry.code == ("two",)
    assert "changed since" not in capsys.readouterr().err


def test_a_run_continued_by_other_code_is_told_from_one_of_one_piece(
    photos: Path, store: Store, code: Callable[[str], None]
) -> None:
    unfinish(score(photos, store).entry, 5)
    code("two")
    result = score(photos, store)
    assert (result.new, result.code_changed, result.entry.code) == (3, True, ("one", "two"))
    assert result.remark.startswith("partly stored, by code")


def test_a_rescoring_that_was_stopped_goes_on(photos: Path, store: Store, code: Callable[[str], None]) -> None:
    score(photos, store)
    code("two")
    unfinish(score(photos, store, rescore=True).entry, 5)
    result = score(photos, store, rescore=True)
    assert (result.new, result.code_changed, result.entry.code) == (3, False, ("two",))
    assert score(photos, store, rescore=True).new == 8


def test_nothing_is_said_where_nobody_recorded_the_code(
    bench: Bench, photos: Path, store: Store, code: Callable[[str], None]
) -> None:
    code("")
    bench(*RUN)
    code("two")
    assert "(already stored)" in bench(*RUN).out
    assert "changed since" not in bench("table", "--draws", "0").out


def test_cells_of_other_code_are_marked(bench: Bench, photos: Path, code: Callable[[str], None]) -> None:
    bench(*RUN)
    assert "changed since" not in bench("table", "--draws", "0", "--values", "srcc").out
    code("two")
    assert "scored by code of the method that has changed since" in bench("table", "--draws", "0").out
    (record,) = json.loads(bench("table", "--draws", "0", "--format", "json").out)
    assert record["code_remark"].startswith("scored by code of the method that has changed")


def test_two_states_of_code_in_a_row_are_marked_where_the_method_is_not_here(
    bench: Bench, photos: Path, store: Store, code: Callable[[str], None]
) -> None:
    score(photos, store)
    code("two")
    other = photos.with_name("other")
    photos.rename(other)
    score(other, store)
    shown = bench("table", "--draws", "0", "--values", "srcc").out
    assert shown.count("scored by another state of the method's code than the newest result of the row") == 1


def test_bench_check_tells_code_that_changed(
    bench: Bench, photos: Path, code: Callable[[str], None], store: Store
) -> None:
    bench(*RUN)
    assert bench("check", "photos", "--update", "--reason", "first").code == 0
    code("two")
    stale = bench("check", "photos")
    assert stale.code == 1
    assert "are of code that has changed since: score again by `bench run --rescore`" in stale.out
    assert bench("check", "photos", "--update", "--reason", "second").code == 2
    bench(*RUN, "--rescore")
    explained = bench("check", "photos")
    assert explained.code == 0
    assert "note  method code: reference one, now two; the method's code is another" in explained.out
    assert "wrote" in bench("check", "photos", "--update", "--reason", "second").out
    assert "note" not in bench("check", "photos").out
