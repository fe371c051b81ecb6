"""`bench table --by`: correlations inside each distortion type, level, scene or generator."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran, make_photo
from scipy.stats import spearmanr
from stored import fixed, run

from bench.runs.store import Store

Bench = Callable[..., Ran]
RANDOM = np.random.default_rng(3)
MOS = RANDOM.permutation(80)
SCORES = MOS + RANDOM.normal(0, 25, 80)
TYPES = np.array(["blur", "noise"])[(np.arange(80) % 5 > 1).astype(int)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two methods, one of them with a lower-is-better score, on 80 images of two types and many references."""
    folder = tmp_path / "set"
    rows = ["image,score,type,level,reference"]
    for i in range(80):
        make_photo(folder / f"{i}.png", i, (8, 8))
        rows.append(f"{i}.png,{MOS[i]},{TYPES[i]},{i % 12},r{i // 2}")
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    store = Store(tmp_path / "results")
    failing = [float("nan") if i == 3 else float(-score) for i, score in enumerate(SCORES)]
    run(store, folder, fixed("up", list(SCORES)), fixed("down", failing, higher_is_better=False))
    return store


def test_each_part_has_scipys_correlation(store: Store, bench: Bench) -> None:
    records = json.loads(bench("table", "--by", "type", "--format", "json").out)
    found = {(record["method"], record["type"]): record for record in records}
    for value in ("blur", "noise"):
        # One method has no score for image 3, so that neither is judged by it.
        kept = (value == TYPES) & (np.arange(80) != 3)
        expected = spearmanr(SCORES[kept], MOS[kept])[0]
        for method in ("up", "down"):
            assert found[method, value]["srcc"] == pytest.approx(expected, abs=1e-12)
            assert found[method, value]["n"] == sum(kept)


def test_the_table_counts_images_and_marks_the_few(store: Store, bench: Bench) -> None:
    lines = bench("table", "--by", "type").out.splitlines()
    assert lines[0].replace(" ", "") == "|method|blur(n=32)|noise(n=47)|"
    assert "SRCC on set (all images, full size) by type." in lines
    assert "without 1 image that some method did not score (1 by down)." in lines
    lines = bench("table", "--by", "level").out.splitlines()
    heads = [head.strip() for head in lines[0].strip("|").split("|")[1:]]
    assert [head.split(" ")[0] for head in heads] == [str(level) for level in range(12)]
    assert all(head.endswith("¹") for head in heads)
    assert "too few to draw conclusions" in lines[-1]


def test_many_values_are_summed_up_and_a_reason_stands_for_what_is_not_there(store: Store, bench: Bench) -> None:
    shown = bench("table", "--by", "reference").out
    assert "| method | mean | lowest | highest |" in " ".join(shown.splitlines()[0].split())
    assert "inside each of 40 values, of 1 to 2 images" in shown
    assert "| down | -¹ | - | - |" in " ".join(shown.splitlines()[2].split())
    assert "¹ fewer than 4 images" in shown


def test_csv_has_a_line_a_part(store: Store, bench: Bench) -> None:
    rows = list(csv.DictReader(io.StringIO(bench("table", "--by", "type", "--format", "csv").out)))
    assert [(row["method"], row["type"]) for row in rows] == [
        ("down", "blur"),
        ("down", "noise"),
        ("up", "blur"),
        ("up", "noise"),
    ]


def test_mistakes_are_answered_with_what_there_is(store: Store, bench: Bench) -> None:
    done = bench("table", "--by", "colour")
    assert done.code == 2
    assert "--by got 'colour': no dataset here has that attribute; available: level, reference, type" in done.err
    assert bench("table", "--by", "type", "--intervals").code == 2
