"""A power cut at any system call leaves the journal or the finished entry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fakes
import pytest
from power import Cut, Disk, Tree, restore
from stored import spec

from bench.api import Method
from bench.datasets.readers.local import read_local
from bench.runs import runner
from bench.runs.jobs import Settings, load_methods
from bench.runs.journal import Outcome
from bench.runs.store import Store

AWARE = type("Aware", (fakes.Brightness,), {"info": fakes.info("brightness", trained_on=("koniq",))})


def score(photos: Path, store: Store, method: type[Method], **how: bool) -> tuple[int, list[Outcome]]:
    """Run a method and return how many images it scored, and all outcomes."""
    (result,) = runner.run(load_methods([spec(method)]), read_local(photos), store, Settings(batch_size=3), **how)
    return result.new, result.entry.outcomes()


def cuts_of(store: Store, call: Callable[[], object]) -> list[Cut]:
    store.root.mkdir(exist_ok=True)
    disk = Disk(store.root)
    with pytest.MonkeyPatch.context() as patch:
        disk.watch(patch)
        call()
    return disk.cuts


def scored_again(cuts: list[Cut], photos: Path, right: list[Outcome], method: type[Method], folder: Path) -> list[int]:
    """Run again from what each cut may leave; return the most images that had to be scored, a number for each cut."""
    known: list[tuple[Tree, int]] = []
    most = []
    for cut in cuts:
        for tree in cut.left:
            if not any(tree == other for other, _ in known):
                store = Store(restore(tree, folder / str(len(known))))
                assert not [each.words for each in store.entries()[1] if "damaged" in each.words], cut.call
                new, outcomes = score(photos, store, method)
                assert outcomes == right, cut.call
                assert [each.state for each in store.verify()] == ["ok"]
                known.append((tree, new))
        most.append(max(new for tree, new in known if tree in cut.left))
    return most


def test_once_all_is_scored_a_power_cut_costs_no_score(photos: Path, store: Store, tmp_path: Path) -> None:
    cuts = cuts_of(store, lambda: score(photos, store, fakes.Brightness))
    right = store.entries()[0][0].outcomes()
    most = scored_again(cuts, photos, right, fakes.Brightness, tmp_path / "after")
    ending = next(place for place, cut in enumerate(cuts) if "scores.parquet" in cut.call)
    assert most[0] == 8
    assert most[ending:] == [0] * len(most[ending:])
    assert any("journal.jsonl" in cut.call for cut in cuts[ending:])


def test_new_declarations_risk_no_stored_score(photos: Path, store: Store, tmp_path: Path) -> None:
    score(photos, store, fakes.Brightness)
    right = store.entries()[0][0].outcomes()
    scores = photos / "scores.csv"
    first, *rows = scores.read_text().splitlines()
    scores.write_text("\n".join([f"{first},reference", *(f"{row},{i % 2}" for i, row in enumerate(rows))]))
    cuts = cuts_of(store, lambda: score(photos, store, AWARE))
    assert len(cuts) > 5
    assert set(scored_again(cuts, photos, right, AWARE, tmp_path / "after")) == {0}


def test_trying_failures_again_risks_no_stored_score(photos: Path, store: Store, tmp_path: Path) -> None:
    (photos / "images" / "5.png").write_bytes(b"")
    score(photos, store, fakes.Brightness)
    right = store.entries()[0][0].outcomes()
    cuts = cuts_of(store, lambda: score(photos, store, fakes.Brightness, retry_failed=True))
    assert set(scored_again(cuts, photos, right, fakes.Brightness, tmp_path / "after")) == {0, 1}


def test_a_run_syncs_what_it_has_every_second(
    photos: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.runs.store._SYNC_SECONDS", 0.0)
    cuts = cuts_of(store, lambda: score(photos, store, fakes.Brightness))
    right = store.entries()[0][0].outcomes()
    most = scored_again(cuts, photos, right, fakes.Brightness, tmp_path / "after")
    assert sorted(set(most), reverse=True) == [8, 5, 2, 0]
