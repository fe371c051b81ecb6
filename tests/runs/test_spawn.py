"""Processes that score are started anew: nothing of this one comes with them but what they are sent."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import as_windows
import pytest
from conftest import make_photo
from joblib.externals.loky.backend import context

from bench.io.files import file_at
from bench.runs import jobs, workers
from bench.runs.jobs import ImageToScore, MethodSpec, Settings
from bench.runs.scoring import FEW, score_items


def test_images_are_scored_and_one_that_ends_its_process_is_recorded_under_spawn_without_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "get_context", lambda name: SimpleNamespace(Process=as_windows.Spawned))
    for holder, name in as_windows.LACKING:
        monkeypatch.delattr(holder, name, raising=False)
    paths = [make_photo(tmp_path / f"{i:02}.png", i) for i in range(FEW)]
    items = [ImageToScore(path.name, file_at(path), (0,)) for path in paths]
    ready = jobs.load_methods([MethodSpec(as_windows.EndsItself, None)])
    found = [outcome for scored in score_items(ready, items, Settings(workers=2)) for outcome in scored.outcomes[0]]
    workers._end_resting()
    workers._resting.clear()
    assert sorted(outcome.image for outcome in found) == [path.name for path in paths]
    ended = "the process that scored it ended itself (exit code 3)"
    assert {outcome.image: outcome.error for outcome in found if outcome.error} == {"07.png": ended}
