from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran
from stored import GAPS, MIXED, RISING, SWAPPED, another, fixed, run

from bench.api import UNKNOWN, Method, Resize
from bench.datasets.readers.local import read_local
from bench.runs.store import Store
from bench.tables.averages import average, averages_by_kind
from bench.tables.evaluation import evaluate
from bench.tables.marks import find_marks
from bench.tables.table import Table, arrange
from bench.views.arranging import Request
from bench.views.paper import paper_views

Bench = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("short_fits")
UPSIDE_DOWN = MIXED[::-1]
SRCC = {"mixed": 11 / 21, "swapped": 41 / 42}  # 1 - 6 sum(d²) / 504, with sums of 40 and 2


@pytest.fixture
def sets(photos: Path) -> list[Path]:
    """Three datasets a, b and c, which differ by their first photograph and by the scale of their labels."""
    return [another(photos, name, number) for number, name in enumerate("abc")]


def arranged(store: Store) -> Table:
    (table,) = arrange(evaluate(store.entries()[0], draws=0))
    return table


def over(table: Table) -> list[str]:
    return [column.dataset for column in average(table).over]


def left_out(table: Table) -> dict[str, dict[str, list[str]]]:
    found = average(table).left_out
    return {
        column.dataset: {why: [table.labels[row] for row in rows] for why, rows in reasons.items()}
        for column, reasons in found.items()
    }


def everywhere(store: Store, sets: list[Path], *methods: type[Method]) -> None:
    for folder in sets:
        run(store, folder, *methods)


def average_line(table: Table) -> str:
    lines = [line for line in paper_views([table], Request()).to_markdown().splitlines() if "verage:" in line]
    return lines[0] if lines else ""


def test_mean_and_rank_over_clean_datasets(store: Store, sets: list[Path]) -> None:
    upset = fixed("upset", UPSIDE_DOWN, higher_is_better=False)
    run(store, sets[0], fixed("m", MIXED), fixed("n", SWAPPED), upset)
    run(store, sets[1], fixed("m", SWAPPED), fixed("n", SWAPPED), upset)
    table = arranged(store)
    found = {row.label: (mean.value, average(table).rank[row]) for row, mean in average(table).srcc.items()}
    z = (math.atanh(SRCC["mixed"]) + math.atanh(SRCC["swapped"])) / 2
    # In `a`, upset's scores are m's turned round and declared so: the two are equal, and share ranks 2 and 3.
    assert found["m"] == (pytest.approx(math.tanh(z)), (2.5 + 1.5) / 2)
    assert found["n"] == (pytest.approx(SRCC["swapped"]), (1 + 1.5) / 2)
    assert found["upset"] == (pytest.approx(SRCC["mixed"]), (2.5 + 3) / 2)
    assert over(table) == ["a", "b"]


def test_the_table_shows_and_names_what_it_averages(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets, fixed("m", MIXED), fixed("n", SWAPPED), fixed("o", MIXED[:4] + MIXED[:3:-1]))
    table = arranged(store)
    lines = {
        line.split("|")[1].strip("⁰¹²³⁴⁵⁶⁷⁸⁹ "): line.split("|")[-3:-1]
        for line in paper_views([table], Request()).to_markdown().splitlines()[:6]
    }
    texts = {name: [part.strip() for part in parts] for name, parts in lines.items()}
    assert texts["method"] == ["average SRCC", "rank"]
    assert texts["n"] == ["**0.976**", "1.00"]
    assert texts["m"] == ["0.524", "3.00"]
    assert texts["o"][1] == "2.00"
    assert texts["o"][0].startswith("<ins>")
    assert average_line(table) == (
        "Average: the mean of SRCC by Fisher's z, and the mean rank by SRCC among these rows (1 is best), "
        "over the 3 datasets on which every row has an eligible SRCC: a, b, c. "
        "Marks and intervals treat these datasets as fixed and their images as sampled."
    )


def test_an_average_over_too_few_images_is_marked_no_more_than_their_columns(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets[:2], fixed("m", MIXED), fixed("n", SWAPPED))
    (table,) = arrange(evaluate(store.entries()[0], draws=100))
    whole = average(table)
    assert whole.bootstrap is not None
    marks = find_marks(table, [whole])
    assert (marks.rule, marks.of, marks.ranks) == ("set", {}, {})
    text = paper_views([table], Request(draws=100)).to_markdown()
    assert "No method is marked: each column has a single eligible method, fewer than 30 images" in text


def test_one_row_that_saw_a_dataset_takes_it_from_everybodys_average(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets, fixed("fair", MIXED), fixed("cheat", SWAPPED, trained_on=("b",)))
    table = arranged(store)
    assert over(table) == ["a", "c"]
    line = average_line(table)
    assert "over the 2 datasets on which every row has an eligible SRCC: a, c. " in line
    assert line.endswith(
        "Left out: b (trained on this dataset: cheat). Fewer rows (`--method`) may leave more datasets."
    )


def test_fewer_rows_leave_more_datasets(store: Store, sets: list[Path], bench: Bench) -> None:
    everywhere(store, sets[:2], fixed("fair", MIXED), fixed("cheat", SWAPPED, trained_on=("b",)))
    text = bench("table").out
    assert "average SRCC" not in text
    assert (
        "No average: it needs 2 datasets on which every row has an eligible SRCC, and this table has 1 (a). Left out: b"
        in text
    )
    narrowed = bench("table", "--method", "fair").out
    assert "average SRCC" in narrowed
    assert "Left out" not in narrowed


def test_a_missing_cell_shrinks_no_mean_in_silence(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets[1:], *(fixed(name, MIXED) for name in "vwxyz"))
    run(store, sets[0], fixed("v", MIXED))
    table = arranged(store)
    assert left_out(table) == {"a": {"not run": ["w", "x", "y", "z"]}}
    assert "Left out: a (not run: w, x, y, 1 more)." in average_line(table)


def test_who_left_out_images_does_not_compare_and_whoever_has_no_srcc_neither(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets, fixed("m", MIXED))
    run(store, sets[0], fixed("n", GAPS))
    run(store, sets[1], fixed("n", [1.0] * 8))
    run(store, sets[2], fixed("n", MIXED))
    table = arranged(store)
    assert left_out(table) == {"a": {"scored too few of the images": ["n"]}, "b": {"constant scores": ["n"]}}
    assert "No average" in average_line(table)


def test_what_holds_for_every_row_names_none(store: Store, sets: list[Path]) -> None:
    (sets[2] / "scores.csv").unlink()
    everywhere(store, sets, fixed("m", MIXED), fixed("n", MIXED))
    table = arranged(store)
    assert left_out(table) == {"c": {"the dataset has no labels": []}}
    assert average_line(table).endswith("Left out: c (the dataset has no labels).")


def test_a_synthetic_order_is_not_averaged_with_peoples_opinion(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets[:2], fixed("m", MIXED))
    run(store, dataclasses.replace(read_local(sets[2]), kind="synthetic-order"), fixed("m", SWAPPED))
    table = arranged(store)
    assert left_out(table) == {"c": {"a synthetic order, no human opinion": []}}
    assert [mean.value for mean in average(table).srcc.values()] == [pytest.approx(SRCC["mixed"])]


def test_a_dataset_under_two_protocols_does_not_count_twice(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets, fixed("m", MIXED))
    run(store, sets[0], fixed("m", SWAPPED), resize=Resize(short=16))
    (mixed,) = arrange(evaluate(store.entries()[0], draws=0), mix_protocols=True)
    assert len(mixed.columns) == 4
    assert over(mixed) == ["b", "c"]
    assert average_line(mixed).count("a (more than one protocol of it is shown)") == 1


def test_a_copy_of_a_dataset_counts_once_and_the_table_says_so(store: Store, sets: list[Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(sets[0], tmp_path / "copied"))
    everywhere(store, [*sets[:2], copy], fixed("m", MIXED), fixed("n", SWAPPED))
    table = arranged(store)
    assert len(table.columns) == 3
    assert over(table) == ["a", "b"]
    assert left_out(table) == {"copied": {"the same labels or images as a": []}}
    assert "Left out: copied (the same labels or images as a)." in average_line(table)


def test_a_copy_counts_where_the_original_does_not(store: Store, sets: list[Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(sets[0], tmp_path / "copied"))
    everywhere(store, [sets[1], copy], fixed("m", MIXED), fixed("n", SWAPPED))
    run(store, sets[0], fixed("m", MIXED))
    assert over(arranged(store)) == ["b", "copied"]


def test_datasets_of_unknown_kind_have_no_average_of_their_own(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets[:2], fixed("m", MIXED))
    run(store, dataclasses.replace(read_local(sets[2]), kind="synthetic-order"), fixed("m", SWAPPED))
    assert averages_by_kind(arranged(store)) == []


def test_with_one_dataset_nothing_is_said_of_averages(store: Store, sets: list[Path], bench: Bench) -> None:
    run(store, sets[0], fixed("m", MIXED), fixed("n", SWAPPED))
    text = bench("table").out
    assert "verage" not in text
    assert "rank" not in text


def test_a_perfect_srcc_has_no_mean_and_says_so(store: Store, sets: list[Path]) -> None:
    everywhere(store, sets, fixed("m", MIXED), fixed("perfect", RISING))
    text = paper_views([arranged(store)], Request()).to_markdown()
    (note,) = [line for line in text.splitlines() if "z is infinite" in line]
    (line,) = [line for line in text.splitlines() if line.startswith("| perfect")]
    average_text, rank = (part.strip() for part in line.split("|")[-3:-1])
    assert average_text == "-" + note[0]
    assert rank == "1.00"


def test_a_mean_of_marked_numbers_carries_their_marks(store: Store, sets: list[Path]) -> None:
    methods = fixed("tuned", MIXED, selected_on=("b",)), fixed("web", SWAPPED, trained_on=(UNKNOWN,)), fixed("m", MIXED)
    everywhere(store, sets, *methods)
    text = paper_views([arranged(store)], Request()).to_markdown()
    notes = dict(re.findall(r"^([⁰¹²³⁴-⁹]+) (.*?) *$", text, flags=re.MULTILINE))
    cells = {line.split("|")[1].strip("⁰¹²³⁴⁵⁶⁷⁸⁹ "): line.split("|")[-3].strip() for line in text.splitlines()[3:6]}
    marks = {name: re.findall("[⁰¹²³⁴-⁹]+", cell) for name, cell in cells.items()}
    assert notes[marks["tuned"][-1]].startswith("on b: tuned with some of this dataset's MOS")
    assert notes[marks["web"][-1]] == "on every dataset averaged: what it was trained on is unknown"
    assert cells["m"] == "<ins>0.524</ins>"  # as "tuned": both are second


def test_json_and_csv_have_each_rows_average_on_its_cells(store: Store, sets: list[Path], bench: Bench) -> None:
    everywhere(store, sets, fixed("m", MIXED), fixed("n", SWAPPED, trained_on=("b",)))
    records = json.loads(bench("table", "--format", "json").out)
    lines = list(csv.DictReader(io.StringIO(bench("table", "--format", "csv").out)))
    assert len(records) == len(lines) == 6
    for record, line in zip(records, lines, strict=True):
        srcc = SRCC["mixed" if record["method"] == "m" else "swapped"]
        assert record["average_srcc"] == pytest.approx(srcc, abs=1e-12)
        assert float(line["average_srcc"]) == record["average_srcc"]
        assert record["average_rank"] == float(line["average_rank"]) == (2 if record["method"] == "m" else 1)
        assert (record["average_over"], line["average_over"]) == (["a", "c"], "a; c")
        assert record["average_reason"] == ""
        out = {"trained on this dataset": ["n"]} if record["dataset"] == "b" else {}
        assert record["left_out_of_average"] == out
        assert line["left_out_of_average"] == (json.dumps(out) if out else "")


def test_a_record_without_an_average_has_the_reason(store: Store, sets: list[Path], bench: Bench) -> None:
    run(store, sets[0], fixed("m", MIXED))
    (record,) = json.loads(bench("table", "--format", "json").out)
    assert (record["average_srcc"], record["average_rank"], record["average_over"]) == (None, None, [])
    assert record["average_reason"] == "fewer than 2 datasets that every row compares on"
