"""A bit that changes in a stored file costs its entry, with a sentence, and no other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import fakes
import pytest
from conftest import Ran
from rot import as_old, changed, flipped, random_flips, unfinish
from stored import fixed, run, spec

from bench.datasets.readers.local import read_local
from bench.runs import runner
from bench.runs.entry import Entry
from bench.runs.jobs import Settings, load_methods
from bench.runs.store import Store

Bench = Callable[..., Ran]
SCORES, PROVENANCE, JOURNAL = "scores.parquet", "provenance.json", "journal.jsonl"


@pytest.fixture
def two(photos: Path, store: Store) -> Store:
    """A store with the entries of two methods; the first is the one that tests damage."""
    run(store, photos, fakes.Brightness, fakes.SameSize)
    return store


def victim(store: Store) -> Entry:
    return store.entries()[0][0]


def check_found(store: Store, folder: Path, name: str) -> None:
    """The entry is left out by a sentence that names it, and the other stands."""
    entries, problems = store.entries()
    assert [entry.method.name for entry in entries] == ["same-size"]
    (problem,) = problems
    assert problem.folder == folder
    assert str(folder / name) in problem.words
    assert [each.state for each in store.verify()] == ["damaged", "ok"]


@pytest.mark.parametrize("name", [SCORES, PROVENANCE])
def test_no_flipped_bit_of_a_complete_entry_goes_unnoticed(two: Store, name: str) -> None:
    path = victim(two).folder / name
    for data in random_flips(path.read_bytes(), 120, seed=1):
        with changed(path, data):
            check_found(two, path.parent, name)
    assert len(two.entries()[0]) == 2


def test_every_bit_of_a_sidecars_end_counts(two: Store) -> None:
    path = victim(two).folder / PROVENANCE
    data = path.read_bytes()
    for bit in range(8 * (len(data) - 90), 8 * len(data), 3):
        with changed(path, flipped(data, bit)):
            check_found(two, path.parent, PROVENANCE)


def test_no_flipped_bit_of_a_journal_goes_unnoticed_or_ends_in_a_wrong_score(two: Store) -> None:
    entry = victim(two)
    right = {outcome.image: outcome for outcome in entry.outcomes()}
    journal = unfinish(entry, 5)
    for data in random_flips(journal.read_bytes(), 120, seed=2):
        with changed(journal, data):
            check_found(two, entry.folder, JOURNAL)
            kept = Entry(entry.folder, {**entry.meta, "complete": False}).journal().outcomes
            assert all(right[outcome.image] == outcome for outcome in kept)
            assert len(kept) >= 3


def test_a_run_says_which_journal_is_damaged_and_scores_those_images_again(
    two: Store, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = victim(two)
    before = entry.outcomes()
    journal = unfinish(entry, 5)
    lines = journal.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b'"score": ', b'"score": 1')
    journal.write_bytes(b"\n".join(lines))
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), two, Settings())
    assert f"{journal} is damaged in 1 line" in capsys.readouterr().err
    assert (result.new, result.entry.outcomes()) == (4, before)


def test_a_line_of_another_entrys_journal_is_noticed(two: Store) -> None:
    first, second = two.entries()[0]
    journal, other = unfinish(first, 5), unfinish(second, 5)
    journal.write_bytes(other.read_bytes())
    assert [str(journal) in problem.words for problem in two.entries()[1]] == [True]


def test_a_line_that_a_kill_cut_short_is_no_damage(two: Store) -> None:
    entry = victim(two)
    journal = unfinish(entry, 5)
    data = journal.read_bytes()
    for cut in range(1, len(data.split(b"\n")[-2]) + 1):
        with changed(journal, data[:-cut]):
            assert two.entries()[1] == []
            assert victim(two).outcomes_so_far() == (5 if cut == 1 else 4)


@pytest.mark.parametrize("name", [SCORES, PROVENANCE])
@pytest.mark.parametrize("change", ["deleted", "emptied", "cut", "longer", "of another entry", "a folder"])
def test_whatever_becomes_of_a_file_the_entry_is_named_and_the_table_stands(
    bench: Bench, two: Store, name: str, change: str
) -> None:
    entry, other = two.entries()[0]
    path = entry.folder / name
    data = path.read_bytes()
    path.unlink()
    match change:
        case "emptied":
            path.touch()
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "longer":
            path.write_bytes(data + b"\n")
        case "of another entry":
            path.write_bytes((other.folder / name).read_bytes())
        case "a folder":
            path.mkdir()
    check_found(two, entry.folder, name)
    shown = bench("table", "--draws", "0", "--values", "srcc")
    assert shown.code == 0
    assert "same-size" in shown.out
    assert "brightness" not in shown.out
    assert f"{entry.folder.name}/{name} is " in shown.err
    assert f"bench results rm {entry.key}" in shown.err


def test_a_deleted_journal_is_said(two: Store) -> None:
    entry = victim(two)
    unfinish(entry, 5).unlink()
    check_found(two, entry.folder, JOURNAL)


def test_verify_names_what_is_damaged_and_exits_with_1(bench: Bench, two: Store) -> None:
    sound = bench("results", "verify")
    assert sound.code == 0
    assert [line.split()[0] for line in sound.out.splitlines()] == ["ok", "ok"]
    path = victim(two).folder / SCORES
    path.write_bytes(flipped(path.read_bytes(), 1000))
    done = bench("results", "verify")
    assert done.code == 1
    assert f"damaged     photos/{path.parent.name}: results/runs/" in done.out
    assert f"{SCORES} is damaged (its checksum is not the one in {PROVENANCE}" in done.out
    assert "bench: error: 1 of 2 results is damaged" in done.err


def test_a_copy_in_another_datasets_folder_is_named_and_not_shown_twice(bench: Bench, two: Store) -> None:
    entry, *rest = two.entries()[0]
    copied = shutil.copytree(entry.folder, two.runs / "koniq" / entry.folder.name)
    entries, problems = two.entries()
    assert [each.key for each in entries] == [each.key for each in (entry, *rest)]
    assert [problem.folder for problem in problems] == [copied]
    assert f"{copied} holds a result on dataset '{entry.dataset.id}': move that folder into" in problems[0].words
    assert bench("results", "verify").code == 1


def test_results_without_checksums_are_read_and_verify_says_so(bench: Bench, two: Store, photos: Path) -> None:
    entry = victim(two)
    before = entry.outcomes()
    as_old(entry)
    assert [each.outcomes() for each in two.entries()[0] if each.key == entry.key] == [before]
    done = bench("results", "verify")
    assert done.code == 0
    assert "unchecked   photos/brightness" in done.out
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), two, Settings())
    assert result.new == 0


def test_an_unfinished_run_of_an_older_version_is_continued(two: Store, photos: Path) -> None:
    entry = victim(two)
    journal = unfinish(entry, 5)
    meta = {**entry.meta, "complete": False, "format": 1}
    del meta["scores_sha256"]
    (entry.folder / PROVENANCE).write_text(json.dumps(meta))
    journal.write_text('{"image": "images/0.png", "score": 1.5, "error": null}\n{"image": "images/1.png", "sco')
    (result,) = runner.run(load_methods([spec(fakes.Brightness)]), read_local(photos), two, Settings())
    assert result.new == 7
    assert result.entry.scores()["score"][0] == 1.5
    assert [each.state for each in two.verify()] == ["ok", "ok"]


def test_a_sidecar_that_lost_its_checksum_does_not_pass_for_an_old_one(two: Store) -> None:
    path = victim(two).folder / PROVENANCE
    data = path.read_bytes()
    for other in (data.replace(b'"sha256"', b'"sha257"'), data.replace(b'"format": 2', b'"format": 1')):
        with changed(path, other):
            check_found(two, path.parent, PROVENANCE)


@pytest.mark.parametrize("name", [SCORES, PROVENANCE])
def test_no_change_of_an_old_entry_ends_in_a_traceback(bench: Bench, photos: Path, store: Store, name: str) -> None:
    run(store, photos, fixed("first", [3.0, 1, 2, 5, 4, 7, 6, 8]), fakes.Darkness)
    entry = next(each for each in store.entries()[0] if each.method.name == "first")
    as_old(entry)
    path = entry.folder / name
    for data in random_flips(path.read_bytes(), 60, seed=3):
        with changed(path, data):
            assert bench("table", "--draws", "0", "--values", "srcc").code == 0
