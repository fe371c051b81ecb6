"""`bench table --resolution`: what each dataset tells apart, and what each method is worth in raters."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Ran, make_photo

import bench as api
from bench.runs.store import Store
from bench.stats import bootstrap_srcc, resolution
from bench.views.shown import FORMS

Bench = Callable[..., Ran]
N = 400


def planted(seed: int) -> dict[str, np.ndarray]:
    """Return a MOS of 20 raters, and metrics that are the means of 2 and of 0.3 others."""
    random = np.random.default_rng(seed)
    quality, spread = random.uniform(1, 5, N), random.uniform(0.5, 1.2, N)
    ratings = quality + spread * random.normal(size=(20, N))
    two, less = (quality + spread / np.sqrt(k) * random.normal(size=N) for k in (2, 0.3))
    return {"mos": ratings.mean(axis=0), "std": ratings.std(axis=0, ddof=1), "two": two, "less": less}


@pytest.fixture
def filled(store: Store, bench: Bench, tmp_path: Path) -> dict[str, np.ndarray]:
    """Fill a store with a folder whose labels tell of the ratings, and with scores that bring labels along."""
    of = planted(3)
    names = [f"{i:03}.png" for i in range(N)]
    make_photo(tmp_path / "rated" / names[0], 0, (4, 4))
    said = {"image": names, "score": of["mos"], "std": of["std"], "n_raters": 20}
    pd.DataFrame(said).to_csv(tmp_path / "rated" / "scores.csv", index=False)
    scores = pd.DataFrame({"image": names, "two": of["two"], "less": of["less"]})
    scores.to_csv(tmp_path / "bare.csv", index=False)
    scores.insert(1, "mos", of["mos"])
    scores.to_csv(tmp_path / "labelled.csv", index=False)
    for file, dataset in (("bare.csv", str(tmp_path / "rated")), ("labelled.csv", "told")):
        done = bench("import", tmp_path / file, "--wide", "--dataset", dataset)
        assert done.code == 0, done.err
    return of


def records(bench: Bench, *more: object) -> dict[tuple[str, str], dict[str, Any]]:
    done = bench("table", "--resolution", "--format", "json", "--draws", "400", *more)
    assert done.code == 0, done.err
    return {(record["dataset"], record["method"]): record for record in json.loads(done.out)}


def test_planted_raters_are_found_and_inside_the_interval(filled: object, bench: Bench) -> None:
    found = records(bench)
    for method, worth in (("two", 2), ("less", 0.3)):
        record = found["rated", method]
        assert record["raters_low"] < worth < record["raters_high"]
        assert record["raters"] == pytest.approx(worth, rel=0.25)
        assert found["told", method]["raters"] is None
        assert "came with imported scores" in found["told", method]["reasons"]["raters"]


def test_the_resolution_is_that_of_the_shared_draws(filled: dict[str, np.ndarray], bench: Bench) -> None:
    drawn = bootstrap_srcc([filled["two"], filled["less"]], filled["mos"], draws=400)
    for record in records(bench).values():
        assert record["resolution"] == pytest.approx(resolution(drawn).median)
        assert (record["resolution_pairs"], record["n"]) == (1, N)
    alone = records(bench, "--method", "two")["rated", "two"]
    assert alone["resolution"] is None
    assert alone["reasons"] == {"resolution": "fewer than two methods can be compared"}
    assert alone["raters"] is not None


def test_every_form_is_written(filled: object, bench: Bench) -> None:
    views = api.load_results().resolution(draws=400)
    assert all("rated" in views.written(form) for form in FORMS)
    text = bench("table", "--resolution", "--draws", "400").out
    assert text.strip() == str(views)
    head, rated, told = (text.splitlines()[line] for line in (0, 2, 3))
    assert "smallest difference of SRCC" in head
    found = {(record["dataset"], record["method"]): record for record in views.records}
    assert f"{found['rated', 'two']['resolution']:.3f}" in rated
    assert told.startswith("| told")
    (two,) = (line for line in text.splitlines() if line.startswith("| two"))
    assert f"{found['rated', 'two']['raters']:.1f} [" in two
    assert "Not told in raters: told (its labels came with imported scores" in text


def test_a_metric_as_good_as_the_mos_is_worth_more_than_any_number(
    filled: dict[str, np.ndarray], bench: Bench, tmp_path: Path
) -> None:
    names = [f"{i:03}.png" for i in range(N)]
    pd.DataFrame({"image": names, "score": filled["mos"]}).to_csv(tmp_path / "own.csv", index=False)
    assert bench("import", tmp_path / "own.csv", "--method", "own", "--dataset", tmp_path / "rated").code == 0
    record = records(bench)["rated", "own"]
    assert record["raters"] is None
    assert record["reasons"]["raters"] == "over 1000"
    assert "over 1000" in bench("table", "--resolution", "--method", "own").out


def test_without_draws_it_is_refused(filled: object, bench: Bench) -> None:
    done = bench("table", "--resolution", "--draws", "0")
    assert (done.code, "--resolution tests by a bootstrap, and --draws got 0" in done.err) == (2, True)
