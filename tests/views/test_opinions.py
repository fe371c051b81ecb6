"""`bench table --opinions`: the ceiling that raters' noise leaves, Krasula's AUCs, and what they are tested by."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Ran, make_photo
from dataset_proofs import Copy
from scipy.stats import norm

from bench import stats
from bench.api import Family
from bench.datasets.protocol import Protocol
from bench.datasets.readers.local import read_local
from bench.runs.importing import ScoreFile, import_scores, imported_method
from bench.runs.store import Store
from bench.tables.evaluation import evaluate
from bench.tables.table import arrange
from bench.views import show
from bench.views.arranging import Request
from bench.views.opinions.aucs import MIN_UNITS
from bench.views.opinions.table import opinions

Bench = Callable[..., Ran]
Columns = Mapping[str, Sequence[object]]
RANDOM = np.random.default_rng(5)
TRUE = RANDOM.normal(0, 2, 60)
# As a bounded scale squeezes them, so that mappings soon fit.
MOS = 1 + 4 / (1 + np.exp(-TRUE)) + RANDOM.normal(0, 0.02, 60)
RATINGS: Columns = {"std": [0.5 + i % 3 / 4 for i in range(60)], "n_raters": [12 + i % 5 for i in range(60)]}
GOOD = TRUE + RANDOM.normal(0, 0.1, 60)
POOR = TRUE + RANDOM.normal(0, 6, 60)

pytestmark = pytest.mark.usefixtures("short_fits")


def keep(
    methods: Columns,
    mos: Sequence[float] = MOS.tolist(),
    said: Columns = RATINGS,
    name: str = "photos",
    within: tuple[str, ...] = (),
    **about: Any,
) -> None:
    """Store scores of methods on a folder of photographs whose scores.csv says something of its ratings."""
    names = [f"{i}.png" for i in range(len(mos))]
    make_photo(Path(name, names[0]), 0, (4, 4))  # the others are not looked at
    columns = {"image": names, "score": mos, **said}
    pd.DataFrame({key: values[: len(mos)] for key, values in columns.items()}).to_csv(
        Path(name, "scores.csv"), index=False
    )
    dataset = replace(read_local(Path(name)), within=within)
    file = ScoreFile(
        Path("scores"), tuple(names), {key: np.array(values, dtype=float) for key, values in methods.items()}, None
    )
    about = {"family": Family.ZERO_SHOT, "opinion_aware": False, "higher_is_better": True, "trained_on": ()} | about
    infos = {method: imported_method(method, **about) for method in methods}
    import_scores(file, infos, dataset, Store(Path("results")), Protocol())


def shown(bench: Bench, *more: object) -> dict[str, dict[str, Any]]:
    done = bench("table", "--opinions", "--format", "json", *more)
    assert done.code == 0, done.err
    return {record["method"]: record for record in json.loads(done.out)}


def test_aucs_are_those_counted_by_hand(bench: Bench) -> None:
    # Errors of 0.1 each: MOS 0.28 apart differ. Similar: ab, cd, whose scores are 3 and 4 apart. Different: ac 1,
    # ad 5, bc 2, bd 2 apart: 2 of 8 comparisons are won. Better less worse: 1, 5, -2, 2, against its negative
    # 3 + 4 + 1.5 + 3.5 of 16; three of four signs are right.
    keep({"m": [0, 3, 1, 5]}, [1, 1.1, 3, 3.1], {"std": [0.2] * 4, "n_raters": [4] * 4})
    found = shown(bench)["m"]
    assert (found["pairs_different"], found["pairs_similar"], found["pairs_sampled"]) == (4, 2, False)
    assert (found["auc_ds"], found["auc_bw"], found["correct"]) == (2 / 8, 12 / 16, 3 / 4)
    assert found["auc_bw_error"] is None
    assert found["reasons"]["auc_bw"] == "4 images: a standard error needs 20"
    text = bench("table", "--opinions").out
    assert "0.250" in text
    assert "n = 4: too few images to draw conclusions." in text


def test_the_mos_itself_is_always_right_and_its_reverse_always_wrong(bench: Bench) -> None:
    keep({"same": MOS.tolist(), "reverse": (-MOS).tolist()})
    keep({"lower": (-MOS).tolist()}, higher_is_better=False)
    found = shown(bench)
    for method, right in (("same", 1), ("lower", 1), ("reverse", 0)):
        assert (found[method]["auc_bw"], found[method]["correct"], found[method]["auc_bw_error"]) == (right, right, 0)
        assert found[method]["auc_ds"] > 0.9
        assert found[method]["srcc_of_ceiling"] == pytest.approx((2 * right - 1) / found[method]["ceiling_srcc"])
    assert found["reverse"]["srcc_of_ceiling"] < 0


def test_the_ceiling_is_that_of_the_labels(bench: Bench) -> None:
    keep({"good": GOOD.tolist()})
    want = stats.noise_ceiling(MOS, RATINGS["std"], RATINGS["n_raters"])
    (found,) = shown(bench).values()
    assert (found["reliability"], found["ceiling_srcc"], found["ceiling_plcc"]) == (
        want.reliability,
        want.srcc,
        want.plcc,
    )
    lines = bench("table", "--opinions").out.splitlines()
    (row,) = (line for line in lines if line.startswith("| ceiling"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["ceiling", "", f"{want.srcc:.3f}", "1.000", f"{want.plcc:.3f}", "-", "-", "-"]
    assert any(f"reliability is {want.reliability:.3f}" in line for line in lines)


def test_noise_as_large_as_the_spread_leaves_no_ceiling_and_no_share(bench: Bench) -> None:
    keep({"good": GOOD.tolist()}, said={"std": [9] * 60, "n_raters": [4] * 60})
    (found,) = shown(bench).values()
    assert (found["ceiling_srcc"], found["srcc_of_ceiling"], found["auc_bw"]) == (None, None, None)
    assert found["reasons"]["ceiling"] == "the raters' noise is as large as the spread of the MOS"
    assert found["reasons"]["auc_bw"] == "0 different pairs"
    assert "No ceiling: the raters' noise is as large as the spread of the MOS." in bench("table", "--opinions").out


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, "the spread and the number of each image's ratings are not known"),
        ({"std": [1] * 60}, "the number of each image's ratings is not known"),
        ({"n_raters": [9] * 60}, "the spread of each image's ratings is not known"),
        ({"std": ["", *[1] * 59], "n_raters": [9] * 60}, "1 of 60 images lack the spread or the number of"),
        ({"std": [1] * 60, "n_raters": [1, *[9] * 59]}, "1 of 60 images have fewer than 2 ratings"),
    ],
)
def test_a_dataset_that_tells_nothing_is_named_with_the_reason(bench: Bench, said: Columns, reason: str) -> None:
    keep({"good": GOOD.tolist()}, said=said, name="silent")
    assert bench("table", "--opinions").out.startswith(f"**Not shown: silent ({reason}")
    (found,) = shown(bench).values()
    assert (found["auc_ds"], found["ceiling_srcc"], found["auc_ds_best"]) == (None, None, False)
    assert found["srcc"] > 0.9
    assert all(found["reasons"][name].startswith(reason) for name in ("ceiling", "auc_ds", "auc_bw", "correct"))
    keep({"good": GOOD.tolist()}, name="telling")
    assert f"**Elsewhere not shown: silent ({reason}" in bench("table", "--opinions").out
    assert r"\textbf{Elsewhere not shown: silent (" in bench("table", "--opinions", "--format", "latex").out


def test_spreads_of_other_labels_are_not_used(bench: Bench) -> None:
    # The folder tells spreads, but of its own MOS and not of those in the imported file.
    keep({"good": GOOD.tolist()})
    rows = [f"{i}.png,{score},{10 * mos}" for i, (score, mos) in enumerate(zip(GOOD, MOS, strict=True))]
    Path("own.csv").write_text("\n".join(["image,score,mos", *rows]))
    assert bench("import", "own.csv", "--method", "own", "--dataset", "photos").code == 0
    assert shown(bench)["own"]["reasons"]["ceiling"].startswith("its labels came with imported scores")


def test_labels_that_compare_only_inside_a_group_are_not_paired(bench: Bench) -> None:
    keep(
        {"good": GOOD.tolist()}, said={**RATINGS, "reference": [f"r{i // 5}" for i in range(60)]}, within=("reference",)
    )
    found = shown(bench)["good"]
    assert (found["auc_bw"], found["ceiling_srcc"]) == (None, None)
    assert found["reasons"]["ceiling"] == "labels compare only inside a group"


def test_an_older_result_is_judged_by_what_the_labels_tell_now(bench: Bench) -> None:
    keep({"old": GOOD.tolist()}, said={})
    assert shown(bench)["old"]["ceiling_srcc"] is None
    keep({"new": GOOD.tolist()})
    found = shown(bench)
    assert found["old"]["auc_ds"] == found["new"]["auc_ds"] > 0.5


def test_only_what_the_tests_tell_apart_is_marked(bench: Bench) -> None:
    keep({"good": GOOD.tolist(), "poor": POOR.tolist()})
    found = shown(bench)
    assert (found["good"]["auc_ds_best"], found["good"]["auc_bw_best"]) == (True, True)
    assert not found["poor"]["auc_bw_best"]
    assert found["good"]["auc_bw_p"] == found["poor"]["auc_bw_p"] < 0.001
    (line,) = (line for line in bench("table", "--opinions").out.splitlines() if line.startswith("| good"))
    assert line.count("**") == 4
    keep({"equal": GOOD.tolist()})
    found = shown(bench)
    assert [record["auc_bw_p"] for record in found.values()] == [1, 1, found["poor"]["auc_bw_p"]]
    assert not any(record["auc_ds_best"] or record["auc_bw_best"] for record in found.values())
    assert "**" not in bench("table", "--opinions").out
    assert r"\textbf" not in bench("table", "--opinions", "--format", "latex").out


def test_p_values_are_adjusted_over_both_aucs_and_all_datasets_of_the_table(bench: Bench) -> None:
    methods = {"good": GOOD.tolist(), "poor": POOR.tolist(), "middling": (GOOD + POOR).tolist()}
    keep(methods)
    keep(methods, MOS[::-1].tolist(), name="reversed")
    (table,) = arrange(evaluate(Store(Path("results")).entries()[0], draws=0))
    found = opinions(table)
    raw = []
    for mos in (MOS, MOS[::-1]):
        pairs = stats.krasula(np.stack([GOOD, GOOD + POOR, POOR]), mos, RATINGS["std"], RATINGS["n_raters"])
        raw += [test.p for aucs in (pairs.ds, pairs.bw) for test in stats.auc_tests(aucs)]
    assert len(raw) == 12
    got = [p for one in found for (_, a, b), p in one.tests.items() if a < b]
    # Pairs of files in another order are other pairs of numbers, rounded elsewhere.
    np.testing.assert_allclose(sorted(got), sorted(stats.adjust(raw)), rtol=1e-6)
    assert {record["tests"] for record in json.loads(bench("table", "--opinions", "--format", "json").out)} == {12}


def test_a_row_on_fewer_images_is_shown_and_neither_tested_nor_marked(bench: Bench) -> None:
    keep({"poor": POOR.tolist(), "gap": [*[None] * 10, *MOS[10:].tolist()]})
    found = shown(bench)
    assert (found["gap"]["n"], found["gap"]["auc_bw"], found["gap"]["auc_bw_best"]) == (50, 1, False)
    assert found["gap"]["reasons"]["auc_bw_p"] == "not eligible for best"
    assert found["poor"]["reasons"]["auc_bw_p"].startswith("not tested against every other eligible row")
    assert "not eligible for best: scored too few of the images (gap)" in bench("table", "--opinions").out


def test_rows_are_told_apart_on_the_images_that_all_scored(bench: Bench) -> None:
    keep({"good": [*GOOD[:-1].tolist(), None], "poor": POOR.tolist(), "other": [None, *POOR[1:].tolist()]})
    found = shown(bench)
    assert {record["n"] for record in found.values()} == {58}
    assert {record["tests"] for record in found.values()} == {6}
    assert found["good"]["auc_bw_best"]


def test_a_method_trained_on_the_dataset_is_not_in_the_running(bench: Bench) -> None:
    keep({"poor": POOR.tolist(), "middling": (MOS + POOR).tolist()})
    keep({"trained": MOS.tolist()}, trained_on=("photos",), opinion_aware=True)
    found = shown(bench)
    assert not found["trained"]["auc_bw_best"]
    assert found["trained"]["reasons"]["auc_bw_p"] == "not eligible for best"
    assert "not eligible for best: trained on this dataset (trained)" in bench("table", "--opinions").out


def test_standard_errors_are_over_references_where_images_have_one(bench: Bench) -> None:
    alone = {"good": GOOD.tolist(), "poor": POOR.tolist()}
    keep(alone)
    keep(alone, said={**RATINGS, "reference": [f"r{i // 3}" for i in range(60)]}, name="synthetic")
    keep(alone, said={**RATINGS, "reference": [f"r{i // 4}" for i in range(60)]}, name="few")
    records = json.loads(bench("table", "--opinions", "--format", "json", "--method", "poor").out)
    few, each, groups = records
    assert (each["error_units"], groups["error_units"], few["error_units"]) == ("image", "reference", "reference")
    want = stats.krasula(POOR, MOS, **RATINGS, clusters=[f"r{i // 3}" for i in range(60)]).bw.shared[0, 0] ** 0.5
    assert groups["auc_bw_error"] == pytest.approx(want)
    assert groups["auc_bw_error"] != pytest.approx(each["auc_bw_error"], rel=1e-3)
    assert MIN_UNITS == 20
    assert few["auc_bw_error"] is None
    assert few["reasons"]["auc_bw"] == "15 references: a standard error needs 20"
    assert "one standard error, over references." in bench("table", "--opinions").out


def test_names_of_others_open_no_markup(bench: Bench) -> None:
    keep({"good": GOOD.tolist()}, name="a|b*c_$")
    assert r"a\|b\*c\_$: 60 images" in bench("table", "--opinions").out
    assert r"a\textbar{}b*c\_\$: 60 images" in bench("table", "--opinions", "--format", "latex").out


def test_csv_and_json_hold_the_same_unrounded_numbers(bench: Bench) -> None:
    keep({"good": GOOD.tolist(), "poor": POOR.tolist()})
    keep({"good": GOOD.tolist()}, said={}, name="silent")
    records = json.loads(bench("table", "--opinions", "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(bench("table", "--opinions", "--format", "csv").out)))
    assert len(rows) == len(records) == 3
    for row, record in zip(rows, records, strict=True):
        assert list(row) == list(record)
        for name, value in record.items():
            if name != "reasons":
                assert row[name] == ("" if value is None else str(value))
    assert records[1]["correct"] == stats.krasula(POOR, MOS, **RATINGS).correct[0]
    assert rows[2]["reasons"].startswith("ceiling: the spread and the number")


def test_a_dataset_that_is_not_printed_keeps_its_place_among_the_records() -> None:
    keep({"good": GOOD.tolist()}, said={}, name="a_silent")
    keep({"good": GOOD.tolist()}, name="b_telling")
    found = show("opinions", Store(Path("results")).entries()[0], Request())
    assert list(found.to_frame()["dataset"]) == ["a_silent", "b_telling"]
    assert found.to_markdown().count("| method") == 1
    assert "a_silent: " not in found.to_markdown()


def test_it_is_a_view_of_its_own(bench: Bench) -> None:
    keep({"good": GOOD.tolist()})
    for other in (["--intervals"], ["--by", "type"]):
        done = bench("table", "--opinions", *other)
        assert done.code == 2
        assert "do not go together" in done.err


def test_records_of_the_table_tell_ceilings_and_the_cross_fitted_plcc(bench: Bench) -> None:
    references = [f"r{i // 3}" for i in range(60)]
    keep({"good": GOOD.tolist()}, said={**RATINGS, "reference": references})
    keep({"good": (-GOOD).tolist()}, said={}, name="alone", higher_is_better=False)
    keep({"good": [1] * 60}, said={"reference": references}, name="constant")
    alone, constant, found = json.loads(bench("table", "--format", "json").out)
    want = stats.noise_ceiling(MOS, RATINGS["std"], RATINGS["n_raters"])
    assert (found["ceiling_srcc"], found["ceiling_plcc"]) == pytest.approx((want.srcc, want.plcc))
    fitted = stats.cross_fit(GOOD, MOS, stats.content_folds(references))
    assert found["plcc_log4_crossfitted"] == pytest.approx(fitted.plcc_log4_cv) != found["plcc_log4"]
    assert "plcc_log4_crossfitted" not in found["reasons"]
    assert found["rmse_log4_p1401"] == pytest.approx(found["rmse_log4"] * np.sqrt(60 / 56))
    assert 0 <= found["rmse_star_log4"] < found["rmse_log4_p1401"]
    assert 0 <= found["outlier_ratio_log4"] < 1
    assert alone["rmse_log4_p1401"] is not None
    assert (alone["rmse_star_log4"], alone["reasons"]["rmse_star_log4"]) == (
        None,
        "the spread and the number of each image's ratings are not known",
    )
    single = stats.cross_fit(GOOD, MOS, stats.content_folds([f"{i}.png" for i in range(60)]))
    assert alone["plcc_log4_crossfitted"] == pytest.approx(single.plcc_log4_cv)
    reason = "the spread and the number of each image's ratings are not known"
    assert (alone["reasons"]["ceiling_srcc"], alone["reasons"]["ceiling_plcc"]) == (reason, reason)
    assert constant["plcc_log4_crossfitted"] is None
    assert constant["reasons"]["plcc_log4_crossfitted"] == "constant scores"
    rows = list(csv.DictReader(io.StringIO(bench("table", "--format", "csv").out)))
    assert float(rows[2]["ceiling_srcc"]) == found["ceiling_srcc"]


def test_folds_that_cannot_be_formed_are_a_reason(bench: Bench) -> None:
    # All of one reference; and KADID's own card, whose references the imported file does not tell.
    keep({"good": GOOD.tolist()}, said={"reference": ["r"] * 60})
    Path("kadid.csv").write_text("\n".join(["image,score,mos", *(f"{i}.png,{GOOD[i]},{MOS[i]}" for i in range(60))]))
    assert bench("import", "kadid.csv", "--method", "good", "--dataset", "kadid10k").code == 0
    kadid, one = json.loads(bench("table", "--format", "json").out)
    for record, reason in (
        (kadid, "the labels do not say the reference that folds keep together"),
        (one, "all images have the same reference: there is nothing else to fit on"),
    ):
        assert record["plcc_log4_crossfitted"] is None
        assert record["reasons"]["plcc_log4_crossfitted"] == reason


@pytest.mark.slow
def test_published_scores_on_koniqs_votes(bench: Bench, shared: Path) -> None:
    copy = Copy(Path("koniq10k").absolute(), shared)
    votes = pd.read_csv(copy.put("koniq10k_distributions_sets.csv", "koniq10k/koniq10k_distributions_sets.csv"))
    votes = votes[votes["set"] == "test"].set_index("image_name")
    copy.add_images(f"1024x768/{name}" for name in votes.index[:3])
    scores = pd.read_csv(shared / "published_scores" / "qbench_koniq.csv").set_index("image").loc[votes.index]
    scores = scores[["internlm_xcomposer_vl", "kosmos_2"]]
    scores.to_csv("scores.csv", index_label="image")
    for dataset in ("koniq-mos5", "koniq"):
        given = ("--dataset", dataset, "--root", f"{dataset}={copy.root}", "--split", "test")
        done = bench("import", "scores.csv", "--wide", *given)
        assert done.code == 0, done.err
    koniq, _, best, other = json.loads(bench("table", "--opinions", "--format", "json").out)
    assert koniq["reasons"]["ceiling"] == "the spread of each image's ratings is not known"
    mean_vote = votes[["c1", "c2", "c3", "c4", "c5"]].to_numpy() @ np.arange(1, 6)
    error = (votes["SD"] ** 2 / votes["c_total"]).to_numpy()
    assert best["reliability"] == pytest.approx(1 - error.mean() / mean_vote.var(ddof=1))
    assert 0.98 < best["ceiling_srcc"] < best["ceiling_plcc"] == best["reliability"] ** 0.5
    gap = mean_vote[:, None] - mean_vote
    different = gap > norm.ppf(0.975) * np.sqrt(error[:, None] + error)
    for record, name in ((best, "internlm_xcomposer_vl"), (other, "kosmos_2")):
        score = scores[name].to_numpy()
        right = (np.sign(score[:, None] - score) + 1)[different].mean() / 2
        # Half a million of all 2,029,105 pairs: four binomial standard errors are 0.003.
        assert record["correct"] == pytest.approx(right, abs=0.003)
    assert best["auc_ds_best"]
    assert best["auc_bw_best"]
