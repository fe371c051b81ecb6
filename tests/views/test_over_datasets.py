"""``bench table --over datasets``: methods compared on datasets as a sample of datasets."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran
from scipy.stats import studentized_range
from stored import MIXED, RISING, SWAPPED, another, fixed, run

from bench import load_results
from bench.api import Resize
from bench.errors import UsageError
from bench.runs.store import Store
from bench.views.shown import FORMS

Bench = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("short_fits")
# Orders of which few bootstrap samples are perfect.
PAIRS = [1.0, 0, 3, 2, 5, 4, 7, 6]
TURNED = [2.0, 1, 0, 3, 4, 7, 6, 5]
SRCC = {"mixed": 11 / 21, "pairs": 19 / 21, "turned": 17 / 21}  # 1 - 6 sum(d²) / 504, with sums of 40, 8 and 16


@pytest.fixture
def store(photos: Path) -> Store:
    """Three datasets a, b and c, on which `n` wins twice and `o` once."""
    store = Store(Path("results"))
    scores = {"a": (MIXED, PAIRS, TURNED), "b": (MIXED, PAIRS, TURNED), "c": (TURNED, MIXED, PAIRS)}
    for number, (name, values) in enumerate(scores.items()):
        run(store, another(photos, name, number), *map(fixed, "mno", values))
    return store


def records(bench: Bench, *options: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(bench("table", "--over", "datasets", "--format", "json", *options).out)
    return found


def test_ranks_wins_and_means_are_those_of_the_datasets(store: Store, bench: Bench) -> None:
    found = records(bench)
    assert [each["method"] for each in found] == ["n", "o", "m"]
    assert [each["ranks"] for each in found] == [
        {"a": 1, "b": 1, "c": 3},
        {"a": 2, "b": 2, "c": 1},
        {"a": 3, "b": 3, "c": 2},
    ]
    assert [each["mean_rank"] for each in found] == pytest.approx([5 / 3, 5 / 3, 8 / 3])
    assert [(each["wins"], each["won"]) for each in found] == [(2, ["a", "b"]), (1, ["c"]), (0, [])]
    z = np.arctanh([SRCC["pairs"], SRCC["pairs"], SRCC["mixed"]]).mean()
    assert found[0]["mean_srcc"] == pytest.approx(math.tanh(z))
    # Three methods on three datasets: sqrt(3 · 4 / 18) times the quantile.
    q = studentized_range.ppf(0.95, 3, np.inf) / math.sqrt(2)
    assert [each["critical_difference"] for each in found] == pytest.approx([q * math.sqrt(12 / 18)] * 3)
    assert [each["better_than"] for each in found] == [[], [], []]
    for each in found:
        low, mean, high = (each[f"mean_srcc{end}"] for end in ("_low", "", "_high"))
        assert -1 <= low < mean < high <= 1  # type: ignore[operator]
        assert (each["rank_low"], each["rank_high"]) == (1, 3)


def test_the_caption_says_which_question_is_answered(store: Store, bench: Bench) -> None:
    text = bench("table", "--over", "datasets", "--draws", "200").out
    assert "answers how the methods would compare on other datasets of this sort" in text
    assert "`bench table` answers another question, how the methods compare on these 3 datasets" in text
    assert "hierarchical bootstrap (200 draws: first datasets" in text
    assert "with 2 degrees of freedom" in text
    assert "critical difference, which is 1.91 by Nemenyi's test at 5% over all pairs together. It tells 0 of 3" in text
    cells = [cell.strip() for cell in text.splitlines()[2].strip("|").split("|")]
    assert cells[0] == "n"
    assert cells[1].startswith("0.831 [")
    assert cells[2:] == ["1-3", "1.67", "2", "0", "0", "1", "1", "3"]


def test_many_datasets_tell_methods_apart(photos: Path, bench: Bench) -> None:
    for place in range(5):
        run(Store(Path("results")), another(photos, f"set{place}", place), fixed("good", PAIRS), fixed("bad", MIXED))
    good, bad = records(bench)
    assert (good["better_than"], good["worse_than"]) == (["bad"], [])
    assert (bad["better_than"], bad["worse_than"]) == ([], ["good"])
    assert "It tells 1 of 1 pair apart." in bench("table", "--over", "datasets").out


def test_without_draws_there_are_ranks_and_no_intervals(store: Store, bench: Bench) -> None:
    assert records(bench, "--draws", "0")[0]["mean_srcc_low"] is None
    text = bench("table", "--over", "datasets", "--draws", "0").out
    assert "It has no interval, and there is no interval of the rank: no draws were asked for." in text
    assert "| n      | 0.831     | -    | 1.67" in text


def test_a_method_without_a_mean_says_why(store: Store, photos: Path, bench: Bench) -> None:
    for name in "abc":
        run(store, photos.parent / name, fixed("perfect", RISING))
    perfect = records(bench)[0]
    assert (perfect["method"], perfect["mean_srcc"], perfect["rank_low"]) == ("perfect", None, None)
    assert "a correlation is 1 or -1" in str(perfect["reason"])
    assert "Methods without a rank are left out of the ranks of the others." in bench("table", "--over", "datasets").out


def test_a_missing_interval_says_why(store: Store, photos: Path, bench: Bench) -> None:
    for name in "abc":
        run(store, photos.parent / name, fixed("near", SWAPPED))
    near = records(bench)[0]
    # Most samples of so few images do not hold the two that are swapped.
    assert (near["method"], near["mean_srcc_low"], near["rank_low"]) == ("near", None, None)
    assert "draws a correlation is 1, -1 or undefined" in str(near["reason"])
    assert f"¹ no interval: {near['reason']}" in bench("table", "--over", "datasets").out


def test_another_protocol_is_not_another_dataset(store: Store, photos: Path, bench: Bench) -> None:
    run(store, photos.parent / "a", fixed("m", MIXED), resize=Resize.parse("short:8"))
    text = bench("table", "--over", "datasets").out
    assert "Datasets: those on which every row has an eligible SRCC, a, b, c. Further protocols" in text
    assert "images of a are not used." in text


def test_every_form_and_python_have_the_same_numbers(store: Store, bench: Bench) -> None:
    shown = load_results().table(over="datasets")
    assert json.loads(shown.to_json()) == records(bench)
    assert shown.to_frame()["method"].tolist() == ["n", "o", "m"]
    assert [row["mean_rank"] for row in csv.DictReader(shown.to_csv().splitlines())][2] == str(8 / 3)
    for form in FORMS:
        assert bench("table", "--over", "datasets", "--format", form).out.strip() == shown.written(form).strip()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--over", "images"], "--over got 'images', and datasets is all that it takes: give --over datasets"),
        (["--over", "datasets", "--method", "m"], "--over datasets compares methods, and m is the only one here"),
        (["--over", "datasets", "--dataset", "a", "--dataset", "b"], "fewer than 3 are no sample: this table has 2 on"),
        (["--over", "datasets", "--intervals"], "--over and --intervals do not go together"),
        (["--over", "datasets", "--by", "type"], "do not go together"),
    ],
)
def test_mistakes_get_a_sentence(store: Store, bench: Bench, options: list[str], said: str) -> None:
    done = bench("table", *options)
    assert done.code == 2
    assert said in done.err


def test_a_dataset_that_some_method_lacks_is_named(store: Store, photos: Path, bench: Bench) -> None:
    run(store, photos.parent / "a", fixed("late", TURNED))
    run(store, photos.parent / "b", fixed("late", TURNED))
    assert (
        "has 2 on which every method has an eligible SRCC (a, b). Left out: c (not run: late)."
        in bench("table", "--over", "datasets").err
    )
    with pytest.raises(UsageError, match=r"fewer methods \(methods\) may leave more"):
        load_results().table(over="datasets")
    with pytest.raises(UsageError, match="by and over do not go together"):
        load_results().table(by="type", over="datasets")
