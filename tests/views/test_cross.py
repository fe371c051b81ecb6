"""`bench table --style cross`: fitted regressions and other methods on the same test images."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import planted
import pytest
from conftest import Ran
from planted import colours, dataset, linear
from scipy.stats import spearmanr
from stored import fixed, run

from bench.api import Resize
from bench.check.verdicts import newest
from bench.datasets.dataset import Dataset
from bench.datasets.readers.local import read_local
from bench.runs import runner
from bench.runs.jobs import Settings
from bench.runs.store import Store
from bench.views.cross.arrangement import arrange
from bench.views.cross.averages import averages, pairs
from bench.views.cross.table import CrossTable

Bench = Callable[..., Ran]
SPLITS = 3
N = 40
RNG = np.random.default_rng(7)
MOS = {name: linear(colours(seed, N)) + RNG.normal(0, 120, N) for seed, name in enumerate("ab")}
GOOD, BAD = MOS["a"] + RNG.normal(0, 60, N), MOS["a"] + RNG.normal(0, 600, N)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Colours fitted on a and on b, beside two opinion-unaware methods, one of them lower-is-better."""
    folder = tmp_path_factory.mktemp("cross")
    sets = [dataset(folder / name, colours(seed, N), MOS[name]) for seed, name in enumerate("ab")]
    store = Store(folder / "results")
    planted.fit(store, *sets, splits=SPLITS)
    planted.fit(store, *reversed(sets), splits=SPLITS)
    for one in sets:
        run(store, one, of_label("good", GOOD), of_label("down", -BAD, higher_is_better=False))
    return folder


@pytest.fixture
def sets(template: Path) -> dict[str, Dataset]:
    return {name: read_local(template / name) for name in "ab"}


@pytest.fixture
def store(tmp_path: Path, template: Path) -> Store:
    """A copy of the template's, where the command line looks for one."""
    shutil.copytree(template / "results", tmp_path / "results")
    return Store(tmp_path / "results")


def of_label(name: str, values: np.ndarray, **declared: object) -> Any:
    return fixed(name, list(map(float, values)), score_range=(-1e6, 1e6), **declared)


def table(store: Store) -> CrossTable:
    return arrange(store.entries()[0])


def named(found: CrossTable) -> dict[str, Any]:
    return {label: row for row, label in found.labels.items()}


def records(bench: Bench) -> dict[tuple[str, str], dict[str, Any]]:
    done = bench("table", "--style", "cross", "--format", "json")
    assert done.code == 0, done.err
    return {(record["method"], record["dataset"]): record for record in json.loads(done.out)}


def by_hand(one: Dataset, scores: dict[str, float]) -> list[float]:
    """SRCC of each split's test images by scipy, higher-is-better scores and labels."""
    mos = {sample.name: sample.mos for sample in one.samples}
    tests = [[s.name for s in one.split(f"random:{seed}").samples] for seed in range(SPLITS)]
    return [float(spearmanr([scores[n] for n in names], [mos[n] for n in names])[0]) for names in tests]


# --- numbers ---


def test_cells_are_medians_and_quartiles_over_the_splits(store: Store, sets: dict[str, Dataset], bench: Bench) -> None:
    found = records(bench)
    for name, values in (("good", GOOD), ("down", BAD)):
        expected = by_hand(sets["b"], {f"{i}.png": float(v) for i, v in enumerate(values)})
        record = found[name, "b"]
        assert record["srcc_of_splits"] == pytest.approx(expected)
        assert record["srcc"] == pytest.approx(np.median(expected))
        low, high = np.percentile(expected, [25, 75])
        assert record["srcc_lower_quartile"] == pytest.approx(low)
        assert record["srcc_iqr"] == pytest.approx(high - low)
        assert record["n_of_splits"] == [8] * SPLITS


def test_a_fitted_cell_takes_each_splits_own_predictions(store: Store, sets: dict[str, Dataset], bench: Bench) -> None:
    expected = []
    for entry in sorted(store.entries()[0], key=lambda e: e.protocol.split):
        if entry.fitted and entry.fit.train == "a" and entry.dataset.id == "b":
            frame = entry.scores()
            assert set(frame["image"]) == {s.name for s in sets["b"].split(entry.protocol.split).samples}
            expected.append(float(spearmanr(frame["score"], frame["mos"])[0]))
    assert records(bench)["fit:colours[train=a,ridge]", "b"]["srcc_of_splits"] == pytest.approx(expected)


def test_a_method_that_goes_the_wrong_way_is_negative(store: Store, sets: dict[str, Dataset], bench: Bench) -> None:
    run(store, sets["a"], of_label("wrong", GOOD, higher_is_better=False))
    assert records(bench)["wrong", "a"]["srcc"] == pytest.approx(-records(bench)["good", "a"]["srcc"])


def test_a_fit_on_dmos_is_as_good_as_one_on_mos(tmp_path: Path, sets: dict[str, Dataset], bench: Bench) -> None:
    store = Store(tmp_path / "results")
    planted.fit(store, sets["a"], sets["b"], splits=2)
    turned = dataset(tmp_path / "dmos", colours(0, N), -MOS["a"], direction="lower")
    planted.fit(store, turned, sets["b"], splits=2)
    found = records(bench)
    # Splits go by names, so both see the same images; DMOS is MOS turned round.
    assert found["fit:colours[train=dmos,ridge]", "b"]["srcc"] == pytest.approx(
        found["fit:colours[train=a,ridge]", "b"]["srcc"]
    )
    assert found["fit:colours[train=dmos,ridge]", "dmos"]["srcc"] > 0


def test_what_one_row_has_no_score_of_is_left_out_of_every_row(
    store: Store, sets: dict[str, Dataset], bench: Bench
) -> None:
    lost = sets["a"].split("random:0").samples[0].name
    gaps = np.array([np.nan if f"{i}.png" == lost else v for i, v in enumerate(GOOD)])
    run(store, sets["a"], of_label("gaps", gaps))
    found = records(bench)
    kept = [s.name for s in sets["a"].split("random:0").samples if s.name != lost]
    expected = spearmanr([GOOD[int(n[:-4])] for n in kept], [MOS["a"][int(n[:-4])] for n in kept])[0]
    for name in ("good", "gaps"):
        assert found[name, "a"]["n_of_splits"][0] == 7
        assert found[name, "a"]["srcc_of_splits"][0] == pytest.approx(expected)
        assert found[name, "a"]["left_out"] == {"gaps": 1}
    assert "1 test images left out of every row, for gaps has no score" in bench("table", "--style", "cross").out


def test_a_row_that_scored_nothing_takes_no_image_from_the_others(
    store: Store, sets: dict[str, Dataset], bench: Bench
) -> None:
    run(store, sets["a"], of_label("mute", np.full(N, np.nan)))
    found = records(bench)
    assert found["mute", "a"]["reason"] == "it scored none of the test images"
    assert found["good", "a"]["n_of_splits"] == [8] * SPLITS


# --- what stands beside them ---


def test_the_own_training_set_is_marked_and_out_of_the_average(store: Store, bench: Bench) -> None:
    found = records(bench)
    record = found["fit:colours[train=a,ridge]", "a"]
    assert record["own_training_set"]
    assert not found["fit:colours[train=a,ridge]", "b"]["own_training_set"]
    assert record["average_over"] == ["b"]
    assert record["average_srcc"] == pytest.approx(found["fit:colours[train=a,ridge]", "b"]["srcc"])
    assert found["good", "a"]["average_over"] == ["a", "b"]
    z = np.arctanh([found["good", name]["srcc"] for name in "ab"])
    assert found["good", "a"]["average_srcc"] == pytest.approx(np.tanh(z.mean()))
    text = bench("table", "--style", "cross").out
    assert "other images of its training set: left out of its average" in text


def test_a_fitted_row_is_compared_on_its_own_test_sets_alone(store: Store, bench: Bench) -> None:
    found = records(bench)
    record = found["fit:colours[train=a,ridge]", "a"]
    expected = {name: record["average_srcc"] - found[name, "b"]["srcc"] for name in ("good", "down")}
    assert record["average_minus_unaware"] == pytest.approx(expected)
    assert found["good", "a"]["average_minus_unaware"] == {}


def test_pairs_count_where_an_unaware_method_is_ahead(store: Store, bench: Bench) -> None:
    found, there = pairs(table(store)), records(bench)
    good = [there["good", t]["srcc"] - there[f"fit:colours[train={f},ridge]", t]["srcc"] for f, t in ("ab", "ba")]
    down = [there["down", t]["srcc"] - there[f"fit:colours[train={f},ridge]", t]["srcc"] for f, t in ("ab", "ba")]
    leads = {row.label: lead for row, lead in found.leads.items()}
    assert sorted(leads["good"].differences) == pytest.approx(sorted(good))
    assert leads["good"].ahead == sum(d > 0 for d in good)
    assert found.best is not None
    assert sorted(found.best.differences) == pytest.approx(sorted(map(max, good, down)))
    assert (found.leaking, found.missing) == (0, 0)
    ahead = f"good is ahead on {leads['good'].ahead} of 2"
    assert ahead in bench("table", "--style", "cross").out


def test_a_shared_source_leaves_the_pair_out(tmp_path: Path, bench: Bench) -> None:
    # By their cards both take their photographs from Pixabay.
    store = Store(tmp_path / "results")
    kadid = dataset(tmp_path / "kadid10k", colours(0, N), MOS["a"])
    uhd = dataset(tmp_path / "uhdiqa", colours(1, N), MOS["b"])
    planted.fit(store, kadid, uhd, splits=2)
    run(store, uhd, of_label("good", GOOD))
    found = pairs(table(store))
    assert (found.leaking, found.leads, found.best) == (1, {}, None)
    mean = averages(table(store))[named(table(store))["fit:colours[train=kadid10k,ridge]"]].mean
    assert mean.value is None
    assert "no test set but those" in mean.reason
    record = records(bench)["fit:colours[train=kadid10k,ridge]", "uhdiqa"]
    assert record["leakage"] == "same-source"


def test_a_look_at_the_test_sets_mos_is_marked(store: Store, sets: dict[str, Dataset], bench: Bench) -> None:
    for one in sets.values():
        run(store, one, of_label("tuned", GOOD, selected_on=("a",)))
    text = bench("table", "--style", "cross").out
    assert "tuned with some of this dataset's MOS" in text
    assert "Tuned with some MOS of the test sets: tuned; see the footnotes" in text
    assert records(bench)["tuned", "a"]["leakage"] == "selected-on"
    assert records(bench)["tuned", "b"]["leakage"] == "clean"


def test_fewer_splits_than_asked_for_is_a_reason_and_no_number(store: Store, bench: Bench) -> None:
    (lost,) = (
        entry
        for entry in store.entries()[0]
        if entry.fitted and (entry.fit.train, entry.dataset.id) == ("a", "b") and entry.protocol.split == "random:1"
    )
    shutil.rmtree(lost.folder)
    found = records(bench)
    record = found["fit:colours[train=a,ridge]", "b"]
    assert record["srcc"] is None
    assert record["reason"].startswith("2 of 3 splits are stored")
    assert record["average_reason"] == "no SRCC on b"
    assert found["fit:colours[train=b,ridge]", "b"]["srcc"] is not None
    text = bench("table", "--style", "cross").out
    assert "2 of 3 splits are stored: give the same" in text
    assert "1 pair(s) left out because the fitted row has no SRCC" in text


def test_a_row_that_lacks_a_dataset_has_no_average(store: Store, sets: dict[str, Dataset], bench: Bench) -> None:
    run(store, sets["a"], of_label("half", GOOD))
    found = records(bench)
    assert found["half", "b"]["reason"] == "no complete result on it"
    assert (found["half", "a"]["average_srcc"], found["half", "a"]["average_reason"]) == (None, "no SRCC on b")
    assert "half" not in found["fit:colours[train=a,ridge]", "a"]["average_minus_unaware"]


def test_other_labels_or_another_resize_do_not_join(store: Store, sets: dict[str, Dataset], bench: Bench) -> None:
    other = replace(sets["a"], samples=tuple(replace(s, mos=(s.mos or 0) + 1) for s in sets["a"].samples))
    run(store, other, of_label("relabelled", GOOD))
    runner.run([planted.ready()], sets["a"], store, Settings(resize=Resize(short=3)))
    rows = {method for method, _ in records(bench)}
    assert "relabelled" not in rows
    assert "colours" not in rows


# --- the command ---


def test_unaware_rows_come_first_and_the_plain_table_leaves_fits_out(
    store: Store, bench: Bench, short_fits: None
) -> None:
    lines = bench("table", "--style", "cross").out.splitlines()
    order = [line.split("|")[1].strip() for line in lines if line.startswith("|")]
    assert order[2] == "_opinion-unaware, hand-crafted_"
    assert order[5] == "_fitted on people's scores here_"
    assert order[6].startswith("fit:colours\\[train=a,ridge\\]")
    plain = bench("table").out
    assert "fit:colours" not in plain
    assert "12 result(s) of regressions fitted on splits are shown elsewhere: `bench table --style cross`." in plain
    assert "fit:colours" not in bench("table", "--format", "json").out


def test_quartiles_stand_beside_the_median_where_asked_for(store: Store, bench: Bench) -> None:
    record = records(bench)["good", "a"]
    low, high = record["srcc_lower_quartile"], record["srcc_upper_quartile"]
    assert f"{record['srcc']:.3f} [{low:.3f}, {high:.3f}]" in bench("table", "--style", "cross", "--intervals").out
    assert f"[{low:.3f}" not in bench("table", "--style", "cross").out
    assert "they cannot be tested" in bench("table", "--style", "cross").out


def test_csv_has_the_records_and_latex_is_escaped(store: Store, bench: Bench) -> None:
    rows = list(csv.DictReader(io.StringIO(bench("table", "--style", "cross", "--format", "csv").out)))
    expected = records(bench)
    assert [(row["method"], row["dataset"]) for row in rows] == list(expected)
    splits = expected[rows[0]["method"], rows[0]["dataset"]]["srcc_of_splits"]
    assert [float(value) for value in rows[0]["srcc_of_splits"].split("; ")] == splits
    latex = bench("table", "--style", "cross", "--format", "latex").out
    assert "fit:colours{[}train=a,ridge{]}" in latex
    assert r"\_" not in latex.split(r"\midrule")[0]


def test_nothing_fitted_is_told_with_the_command_to_give(
    tmp_path: Path, sets: dict[str, Dataset], bench: Bench, short_fits: None
) -> None:
    run(Store(tmp_path / "results"), sets["a"], of_label("good", GOOD))
    done = bench("table", "--style", "cross")
    assert done.code == 2
    assert "no regression is among the results chosen: run `bench fit --features METHOD --train DATASET" in done.err


def test_a_store_of_fits_alone_points_to_this_style(tmp_path: Path, sets: dict[str, Dataset], bench: Bench) -> None:
    planted.fit(Store(tmp_path / "results"), sets["a"], splits=1)
    done = bench("table")
    assert done.code == 2
    assert "use `bench table --style cross`" in done.err
    alone = bench("table", "--style", "cross").out
    assert "No fitted row has an opinion-unaware row beside it" in alone


@pytest.mark.parametrize("option", [("--by", "type"), ("--mix-protocols",)])
def test_parts_and_mixed_protocols_are_refused(store: Store, bench: Bench, option: tuple[str, ...]) -> None:
    done = bench("table", "--style", "cross", *option)
    assert done.code == 2
    assert "do not go together" in done.err


def test_check_leaves_fits_alone(store: Store) -> None:
    assert {label for label, _ in newest(store.entries()[0], "a")} == {"good", "down"}
