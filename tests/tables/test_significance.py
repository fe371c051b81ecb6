"""Marks, matrices and comparisons that rest on tests: planted differences are found, equals and noise are not."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran
from scipy import stats as scipy_stats
from simulated import published_folder

from bench import load_results
from bench.errors import UsageError
from bench.figures.significance import panels
from bench.runs.store import Store
from bench.tables.averages import average
from bench.tables.cell import MethodKey
from bench.tables.evaluation import evaluate
from bench.tables.marks import by_value, find_marks
from bench.tables.significance import compare_averages, compare_columns
from bench.tables.table import Table, arrange

Bench = Callable[..., Ran]
NOISES = {"good": 0.5, "fair": 1.5, "twin": 1.5, "poor": 6.0}


def write(path: Path, n: int, seed: int, noises: dict[str, float] = NOISES) -> None:
    random = np.random.default_rng(seed)
    mos = random.normal(size=n)
    columns = {name: mos + noise * random.normal(size=n) for name, noise in noises.items()}
    lines = [f"image,mos,{','.join(columns)}"]
    rows = zip(map(str, range(n)), mos.astype(str), *(c.astype(str) for c in columns.values()), strict=True)
    lines += [",".join(row) for row in rows]
    path.write_text("\n".join(lines))


@pytest.fixture
def filled(store: Store, bench: Bench, tmp_path: Path) -> Store:
    for seed, name in enumerate(("one", "two")):
        write(tmp_path / f"{name}.csv", 400, seed)
        assert bench("import", f"{tmp_path / name}.csv", "--wide", "--dataset", name).code == 0
    return store


def arranged(store: Store, **settings: object) -> Table:
    (table,) = arrange(evaluate(store.entries()[0], **settings))  # type: ignore[arg-type]
    return table


def frames(store: Store, dataset: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    entries = [entry for entry in store.entries()[0] if entry.dataset.id == dataset]
    read = {entry.method.name: entry.scores().sort_values("image") for entry in entries}
    return {name: (frame["score"].to_numpy(), frame["mos"].to_numpy()) for name, frame in read.items()}


def rows_of(text: str) -> dict[str, str]:
    return {line.split("|")[1].strip("⁰¹²³⁴⁵⁶⁷⁸⁹ "): line for line in text.splitlines() if line.startswith("|")}


def test_what_may_be_the_best_is_bold(filled: Store, bench: Bench) -> None:
    text = bench("table").out
    lines = rows_of(text)
    assert lines["good"].count("**") == 2 * 3, "SRCC of both datasets, and the average"
    assert all("**" not in lines[name] for name in ("fair", "twin", "poor"))
    assert "a 95% confidence set of the best" in text


def test_methods_that_the_data_cannot_tell_apart_are_all_bold(store: Store, bench: Bench, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 400, 0, {"fair": 1.5, "twin": 1.5, "poor": 6.0})
    bench("import", f"{tmp_path}/a.csv", "--wide", "--dataset", "a")
    lines = rows_of(bench("table", "--intervals").out)
    assert [("**" in lines[name], lines[name].split("rank ")[1][:3]) for name in ("fair", "twin", "poor")] == [
        (True, "1-2"),
        (True, "1-2"),
        (False, "3-3"),
    ]


def test_marks_and_ranks_are_in_the_records(filled: Store, bench: Bench) -> None:
    for form in ("json", "csv"):
        out = bench("table", "--format", form).out
        records = json.loads(out) if form == "json" else list(csv.DictReader(io.StringIO(out)))
        (good,) = [r for r in records if r["method"] == "good" and r["dataset"] == "one"]
        (fair,) = [r for r in records if r["method"] == "fair" and r["dataset"] == "one"]
        assert (good["marks"], good["mark"], fair["mark"], good["average_srcc_mark"]) == ("set", "best", "", "best")
        assert [int(good[f"{of}rank_{end}"]) for of in ("", "average_srcc_") for end in ("low", "high")] == [1] * 4
        assert [int(fair[f"rank_{end}"]) for end in ("low", "high")] == [2, 3]


def test_marks_by_value_follow_the_values_alone(filled: Store, bench: Bench) -> None:
    text = bench("table", "--marks", "value").out
    lines = rows_of(text)
    assert lines["good"].count("**") == 2 * 3
    assert sum(line.count("<ins>") for line in lines.values()) == 3
    assert "Bold: the highest SRCC; underlined: the second highest. No test stands behind these marks." in text
    records = json.loads(bench("table", "--marks", "value", "--format", "json").out)
    assert {r["marks"] for r in records} == {"value"}
    assert sorted(r["mark"] for r in records if r["dataset"] == "one") == ["", "", "best", "second"]
    assert load_results().table(marks="value").to_frame()["mark"].tolist() == [r["mark"] for r in records]
    with pytest.raises(UsageError, match="marks got 'bold': give 'set' or 'value'"):
        load_results().table(marks="bold")  # type: ignore[arg-type]


def test_equal_methods_are_seldom_told_apart() -> None:
    # Twelve twins, 66 comparisons, 40 datasets: by Holm at 5 % at most about 2 of 40 tables show a difference.
    from bench import stats

    random, alarms = np.random.default_rng(0), 0
    for seed in range(40):
        y = random.normal(size=200)
        drawn = stats.bootstrap_srcc(y + random.normal(size=(12, 200)), y, draws=400, seed=seed)
        p = stats.adjust([d.p_t for d in stats.paired_differences(drawn)])
        alarms += (p < 0.05).any()
    assert alarms <= 6


def test_comparisons_are_those_of_the_shared_draws_adjusted_together(filled: Store) -> None:
    table = arranged(filled)
    tests = compare_columns(table)
    assert tests.made == 12
    raw = np.array([c.difference.p_t for c in tests.comparisons])
    order = np.argsort(raw)
    holm = np.minimum(1, np.maximum.accumulate(raw[order] * np.arange(12, 0, -1)))
    np.testing.assert_allclose([tests.comparisons[i].p for i in order], holm)
    for c in tests.comparisons:
        data = frames(filled, c.place.dataset)
        want = [scipy_stats.spearmanr(*data[row.label]).statistic for row in (c.a, c.b)]
        assert c.difference.value == pytest.approx(want[0] - want[1], abs=1e-12)


def test_differences_agree_with_an_independent_paired_bootstrap(filled: Store) -> None:
    (found,) = [
        c
        for c in compare_columns(arranged(filled)).comparisons
        if c.place.dataset == "one" and {c.a.label, c.b.label} == {"good", "fair"}
    ]
    data, random = frames(filled, "one"), np.random.default_rng(99)
    differences = []
    for _ in range(1500):
        taken = random.integers(0, 400, 400)
        values = [scipy_stats.spearmanr(*(v[taken] for v in data[row.label])).statistic for row in (found.a, found.b)]
        differences.append(values[0] - values[1])
    low, high = np.quantile(differences, [0.025, 0.975])
    assert (found.difference.interval.low, found.difference.interval.high) == pytest.approx((low, high), abs=0.006)


def test_averages_are_tested_in_a_family_of_their_own(filled: Store) -> None:
    table = arranged(filled)
    over = average(table)
    tests = compare_averages(table, over)
    assert tests.made == 6
    by_name = {row.label: row for row in table.rows}
    better = {frozenset((each.a.label, each.b.label)): each.better for each in tests.comparisons}
    assert better[frozenset(("good", "fair"))] == by_name["good"]
    assert better[frozenset(("fair", "twin"))] is None
    index = table.rows.index(by_name["good"])
    assert over.bootstrap.intervals[index].low < over.srcc[by_name["good"]].value < over.bootstrap.intervals[index].high


def test_equal_values_share_a_mark() -> None:
    a, b, c = (MethodKey(name, "1", "", "") for name in "abc")
    assert by_value({a: 0.9, b: 0.8, c: 0.7}) == {a: "best", b: "second"}
    assert by_value({a: 0.9, b: 0.9, c: 0.7}) == {a: "best", b: "best"}
    assert by_value({a: 0.9, b: 0.7, c: 0.7}) == {a: "best", b: "second", c: "second"}
    assert by_value({a: 0.9, b: None}) == {}
    assert by_value({a: 0.9, b: 0.8}) == {a: "best"}, "the last of two is no second best"


def import_with_gaps(bench: Bench, gaps: dict[str, set[int]]) -> None:
    for name, missing in gaps.items():
        rows = [f"{i},{'nan' if i in missing else (i * 7) % 11},{i}" for i in range(60)]
        Path("s.csv").write_text("image,score,mos\n" + "\n".join(rows))
        assert bench("import", "s.csv", "--method", name, "--dataset", "d").code == 0


def test_a_column_compares_on_the_images_that_all_scored(store: Store, bench: Bench) -> None:
    # Each leaves out another image: 58 of 60 are left.
    import_with_gaps(bench, {"m": {3}, "n": {5}})
    kept = [i for i in range(60) if i not in (3, 5)]
    want = scipy_stats.spearmanr([(i * 7) % 11 for i in kept], kept).statistic
    for record in json.loads(bench("table", "--format", "json").out):
        assert record["n"] == 58
        assert record["srcc"] == pytest.approx(want, abs=1e-12)
    (one,) = compare_columns(arranged(store)).comparisons
    assert (one.difference.reason, one.difference.value) == ("", 0)
    out = bench("table").out
    assert "without 2 images that some method did not score (1 by m, 1 by n)" in out
    assert "scored 59, failed 1" in out


def test_a_method_that_left_out_many_images_is_not_compared(store: Store, bench: Bench) -> None:
    import_with_gaps(bench, {"m": {3}, "n": set(range(10)), "o": set()})
    n = {record["method"]: record["n"] for record in json.loads(bench("table", "--format", "json").out)}
    assert n == {"m": 59, "n": 50, "o": 59}
    table = arranged(store)
    assert [table.labels[row] for row in table.eligible[table.columns[0]]] == ["m", "o"]
    assert "on 50 images, too few of those that others scored: not eligible for best" in bench("table").out
    n = {record["method"]: record["n"] for record in json.loads(bench("table", "--common", "--format", "json").out)}
    assert set(n.values()) == {50}


def test_the_order_of_a_file_changes_nothing(store: Store, bench: Bench) -> None:
    random = np.random.default_rng(1)
    for name, noise in (("near", 5.0), ("far", 60.0)):
        rows = [f"{i}.png,{i + random.normal(0, noise)},{i}" for i in range(60)]
        Path("s.csv").write_text("\n".join(["image,score,mos", *random.permutation(rows)]))
        assert bench("import", "s.csv", "--method", name, "--dataset", "d").code == 0
    (one,) = compare_columns(arranged(store)).comparisons
    assert one.difference.reason == ""
    assert one.better is not None
    assert bench("table", "--compare", "near", "far").code == 0
    assert "**" in bench("table").out


def test_a_copy_of_a_dataset_makes_no_comparison_of_its_own(filled: Store, bench: Bench, tmp_path: Path) -> None:
    alone = compare_columns(arranged(filled)).made
    assert bench("import", f"{tmp_path}/one.csv", "--wide", "--dataset", "other").code == 0
    tests = compare_columns(arranged(filled))
    assert tests.made == alone
    assert {column.dataset: why for column, why in tests.copies.items()} == {
        "other": "the same labels or images as one"
    }
    text = bench("table", "--compare", "fair", "twin").out
    assert "adjusted over 2 datasets" in text
    assert "the same labels or images as one" in text
    assert "is left out: the same labels or images as one." in bench("table", "--significance").out
    assert "other is left out: the same labels or images as one" in bench("plot", "ranking", "--output", "r.png").out
    assert [panel.title.split()[0] for panel in panels(arranged(filled), tests)] == ["one", "two", "average"]


def test_one_against_another(filled: Store, bench: Bench) -> None:
    done = bench("table", "--compare", "good", "fair", "--format", "json")
    assert done.code == 0, done.err
    records = json.loads(done.out)
    assert [r["dataset"] for r in records] == ["one", "two"]
    for record in records:
        data = frames(filled, record["dataset"])
        a, b = (scipy_stats.spearmanr(*data[name]).statistic for name in ("good", "fair"))
        assert (record["srcc_a"], record["srcc_b"]) == pytest.approx((a, b), abs=1e-12)
        assert record["difference"] == pytest.approx(a - b, abs=1e-12)
        assert record["low"] < record["difference"] < record["high"]
        assert record["meng_z"] > 4
        assert record["better"] == "good"
    turned = json.loads(bench("table", "--compare", "fair", "good", "--format", "json").out)
    assert [r["difference"] for r in turned] == [-r["difference"] for r in records]
    assert [(r["low"], r["better"]) for r in turned] == [
        (pytest.approx(-r["high"], abs=1e-12), "good") for r in records
    ]
    text = bench("table", "--compare", "fair", "twin").out
    assert text.count("cannot tell |") == 2
    lines = list(csv.DictReader(io.StringIO(bench("table", "--compare", "good", "fair", "--format", "csv").out)))
    assert float(lines[0]["p_holm"]) == records[0]["p_holm"]


def test_within_a_margin_two_methods_are_equivalent(store: Store, bench: Bench, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 4000, 0, {"fair": 1.5, "twin": 1.5, "poor": 6.0})
    bench("import", f"{tmp_path}/a.csv", "--wide", "--dataset", "a")
    wanted = {("twin", "0.1"): "equivalent", ("twin", "0.0001"): "cannot tell", ("poor", "0.1"): "fair is better"}
    for (other, margin), verdict in wanted.items():
        text = bench("table", "--compare", "fair", other, "--margin", margin).out
        (line,) = [line for line in text.splitlines() if line.startswith("| a")]
        assert line.split("|")[-2].strip() == verdict
        assert "Meng" not in text
    (record,) = json.loads(bench("table", "--compare", "fair", "twin", "--margin", "0.1", "--format", "json").out)
    assert record["equivalent"] is True
    assert record["p_equivalent"] < 0.05
    assert record["meng_z"] is not None
    assert load_results().compare("fair", "twin", margin=0.1).records == [record]


def test_the_matrix_says_who_beats_whom(filled: Store, bench: Bench) -> None:
    text = bench("table", "--significance").out
    first = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| 1. ")]
    assert len(first) == 3, "two datasets and the average"
    for line in first:
        assert line[0] == "1. good"
        assert line[2:] == ["", "+", "+", "+", "3", "0"]
    last = next(line for line in text.splitlines() if line.startswith("| 4. poor"))
    assert [cell.strip() for cell in last.split("|")[3:-1]] == ["-", "-", "-", "", "0", "3"]
    middle = [line for line in text.splitlines() if line.startswith(("| 2. ", "| 3. "))]
    assert all("=" in line for line in middle)
    records = json.loads(bench("table", "--significance", "--format", "json").out)
    assert len(records) == 18
    assert {r["comparisons"] for r in records if r["dataset"]} == {12}


def test_families_choose_rows(store: Store, bench: Bench) -> None:
    for name, option in (("u", "--opinion-unaware"), ("s", "--opinion-aware")):
        Path("s.csv").write_text("image,score,mos\n" + "\n".join(f"{i},{(i * 7) % 11},{i}" for i in range(12)))
        family = "zero-shot" if name == "u" else "MOS-trained"
        assert bench("import", "s.csv", "--method", name, "--dataset", "d", option, "--family", family).code == 0

    def shown(*options: str) -> list[str]:
        return [r["method"] for r in json.loads(bench("table", "--format", "json", *options).out)]

    assert shown("--family", "opinion-unaware") == ["u"]
    assert shown("--family", "MOS-trained") == ["s"]
    assert shown("--family", "opinion-unaware", "--family", "opinion-aware") == ["u", "s"]
    missing = bench("table", "--family", "undeclared")
    assert missing.code == 2
    assert "--family got undeclared, but no method of this kind has a stored result" in missing.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--draws", "1"], "--draws got 1: give 0 for no bootstrap, or at least 100"),
        (["--compare", "good", "good"], "which are one row"),
        (["--margin", "0.01"], "--margin got 0.01 without --compare A B"),
        (["--compare", "good", "fair", "--margin", "0"], "--margin got 0: give a number above 0 and below 2"),
        (["--compare", "good", "fiar"], "Did you mean 'fair'"),
        (["--compare", "good", "fair", "--draws", "0"], "--compare tests by a bootstrap, and --draws got 0"),
        (["--significance", "--by", "type"], "--by and --significance do not go together"),
    ],
)
def test_mistakes_get_a_sentence(filled: Store, bench: Bench, options: list[str], said: str) -> None:
    done = bench("table", *options)
    assert done.code == 2
    assert said in done.err


def test_bca_intervals_are_those_of_the_statistics(filled: Store, bench: Bench) -> None:
    from bench import stats

    records = json.loads(bench("table", "--interval", "bca", "--format", "json", "--dataset", "one").out)
    for record in records:
        s, y = frames(filled, "one")[record["method"]]
        (want,) = stats.bootstrap_srcc(s, y, interval="bca").intervals
        assert (record["srcc_low"], record["srcc_high"], record["interval_kind"]) == (want.low, want.high, "bca")
    assert "95% bca bootstrap interval" in bench("table", "--interval", "bca", "--intervals").out


def test_kinds_have_averages_of_their_own(store: Store, bench: Bench, tmp_path: Path) -> None:
    # Known ids, so that cards say the kind: two authentic, two synthetic.
    for seed, name in enumerate(("koniq", "clive", "kadid10k", "tid2013")):
        write(tmp_path / "s.csv", 60, seed, {"m": 1.0, "n": 3.0})
        assert bench("import", f"{tmp_path}/s.csv", "--wide", "--dataset", name).code == 0
    text = bench("table").out
    head = [cell.strip() for cell in text.splitlines()[0].split("|")[-5:-1]]
    assert head == ["authentic SRCC", "synthetic SRCC", "average SRCC", "rank"]
    assert "authentic: clive, koniq; synthetic: kadid10k, tid2013" in text
    table = arranged(store, draws=0)
    (row, *_) = table.rows
    values = [table.cells[row, c].correlations.srcc for c in table.columns if c.dataset in ("clive", "koniq")]
    assert average(table, "authentic").srcc[row].value == pytest.approx(np.tanh(np.arctanh(values).mean()))
    record = json.loads(bench("table", "--format", "json").out)[0]
    assert record["average_of_kind_over"] == ["clive", "koniq"]


def test_published_models_as_statistics_has_them(store: Store, bench: Bench) -> None:
    # 4 of 14 neighbouring gaps on CLIVE are significant uncorrected: counted from these scores by an independent
    # paired bootstrap of 2,000 draws; 2 after Holm over the 14.
    from bench import stats

    assert bench("import", f"{published_folder()}/qbench_livec.csv", "--wide", "--dataset", "clive").code == 0
    table = arranged(store, values=("srcc",))
    (column,) = table.columns
    rows = sorted(table.rows, key=lambda row: -table.cells[row, column].correlations.srcc)
    pairs = set(itertools.pairwise(rows))
    found = compare_columns(table, rows=table.rows).comparisons
    gaps = [c.difference.p_t for c in found if {(c.a, c.b), (c.b, c.a)} & pairs]
    assert len(gaps) == 14
    assert (np.array(gaps) < 0.05).sum() == 4
    assert (stats.adjust(gaps) < 0.05).sum() == 2


def test_marks_are_found_once_for_every_place(filled: Store) -> None:
    table = arranged(filled)
    found = find_marks(table, [average(table)])
    assert len(found.of) == 2 + 1
    assert {row.label for marks in found.of.values() for row in marks} == {"good"}


def test_pure_noise_is_seldom_told_apart(store: Store, bench: Bench, tmp_path: Path) -> None:
    # 30 datasets of two methods that are noise. Each is left out by chance at 5 %, so 3 have one bold method.
    random = np.random.default_rng(8)
    for seed in range(30):
        y = random.normal(size=80)
        lines = [",".join(map(str, row)) for row in zip(range(80), y, *random.normal(size=(2, 80)), strict=True)]
        (tmp_path / "s.csv").write_text("\n".join(["image,mos,a,b", *lines]))
        assert bench("import", f"{tmp_path / 's.csv'}", "--wide", "--dataset", f"d{seed}").code == 0
    marks = find_marks(arranged(store, values=("srcc",), draws=200), []).of
    assert len(marks) == 30
    assert [len(of) for of in marks.values()].count(1) <= 7, "one bold method is a proved winner"


def test_too_few_images_carry_no_mark(store: Store, bench: Bench) -> None:
    rows = [f"{i},{i},{i},{-i},{(i * 7) % 20}" for i in range(20)]
    Path("s.csv").write_text("\n".join(["image,mos,good,bad,odd", *rows]))
    assert bench("import", "s.csv", "--wide", "--dataset", "d").code == 0
    out = bench("table").out
    assert "**" not in out
    assert "No method is marked: each column has a single eligible method, fewer than" in out
    assert "**" in bench("table", "--draws", "0").out
