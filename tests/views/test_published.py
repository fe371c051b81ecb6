"""`bench table --published`: published correlations beside ours, and what their protocols differ in."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Ran
from scipy.stats import pearsonr, spearmanr

from bench.api import Family
from bench.datasets import catalogue
from bench.datasets.dataset import Dataset, Sample
from bench.datasets.protocol import Protocol
from bench.errors import UsageError
from bench.runs import importing
from bench.runs.store import Store
from bench.stats import mapping as _mapping
from bench.views import show
from bench.views.arranging import Request
from bench.views.published import numbers

Bench = Callable[..., Ran]
ROOT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(5)
MOS = RANDOM.normal(size=80)
SCORES = MOS + RANDOM.normal(0, 0.5, 80)
SRCC = float(spearmanr(SCORES, MOS)[0])
EVALUATIONS = _mapping.MAX_EVALUATIONS
PLCC = float(pearsonr(SCORES, MOS)[0])
ROW = {
    "method": "mine",
    "dataset": "toy",
    "resolution": "full",
    "split": "all",
    "trained_on": "",
    "plcc_mapping": "raw",
    "srcc": f"{SRCC:.3f}",
    "plcc": f"{PLCC:.3f}",
    "source": "their paper",
    "verified": "yes",
}

pytestmark = pytest.mark.usefixtures("toy_cards", "short_fits")


@pytest.fixture
def toy_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set of 80 images at 1024x768 whose official test part has 80 too, and the same at 512x384."""
    known = dict(catalogue.shipped_cards())
    about = {"id": "toy", "aliases": ("toys",), "n": 80, "splits": {"test": 80}, "size": (1024, 768)}
    toy = replace(known["koniq"], **about)  # type: ignore[arg-type]
    small = replace(toy, id="toy-512", aliases=(), extends="toy", size=(512, 384))
    known |= {"toy": toy, "toy-512": small, "toy-votes": replace(toy, id="toy-votes", aliases=(), extends="toy")}
    monkeypatch.setattr(catalogue, "shipped_cards", lambda: known)


def keep(
    store: Store,
    name: str = "mine",
    dataset: str = "toy",
    n: int = 80,
    trained_on: tuple[str, ...] = (),
    opinion_aware: bool | None = False,
    **protocol: Any,
) -> None:
    """Store the scores of a method on the first n images of a set."""
    images = tuple(f"{i}.png" for i in range(n))
    file = importing.ScoreFile(Path("scores.csv"), images, {"score": np.array(SCORES[:n])}, None)
    samples = tuple(Sample(image, None, mos) for image, mos in zip(images, MOS, strict=False))
    about = Dataset(id=dataset, title=dataset, kind="authentic", direction="higher", samples=samples)
    info = importing.imported_method(name, Family.HAND_CRAFTED, opinion_aware, True, trained_on)
    importing.import_scores(file, {"score": info}, about, store, Protocol(**protocol))


def write(*rows: dict[str, str]) -> Path:
    path = Path("theirs.csv")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(ROW))
        writer.writeheader()
        writer.writerows([{**ROW, **row} for row in rows])
    return path


def records(bench: Bench, *rows: dict[str, str]) -> list[dict[str, Any]]:
    done = bench("table", "--published-file", write(*rows), "--format", "json")
    assert done.code == 0, done.err
    return list(json.loads(done.out))


def the_record(bench: Bench, **changes: str) -> dict[str, Any]:
    (record,) = records(bench, changes)
    return record


def test_under_the_same_protocol_the_difference_is_ours_minus_theirs(store: Store, bench: Bench) -> None:
    keep(store)
    record = the_record(bench)
    assert record["state"] == "same protocol"
    assert record["srcc_ours"] == pytest.approx(SRCC, abs=1e-12)
    assert record["srcc_difference"] == pytest.approx(SRCC - round(SRCC, 3), abs=1e-12)
    assert record["srcc_low"] < SRCC < record["srcc_high"]
    assert record["srcc_deviates"] is False
    assert record["plcc_ours"] == pytest.approx(PLCC, abs=1e-12)
    assert record["plcc_deviates"] is False
    shown = bench("table", "--published-file", "theirs.csv").out
    assert "Published rows: 1, with a result of ours: 1." in shown
    assert "Comparisons under the same protocol: 1; numbers that agree: 2, that deviate: 0." in shown
    assert "both: all images, full size" in shown


@pytest.mark.parametrize("side", [-1, 1])
def test_a_deviation_beyond_rounding_and_tolerance_is_flagged(side: int, store: Store, bench: Bench) -> None:
    keep(store)
    near, far = (f"{SRCC + side * difference:.3f}" for difference in (0.005, 0.0065))
    assert the_record(bench, srcc=near)["srcc_deviates"] is False
    record = the_record(bench, srcc=far)
    # Far inside our interval, which tells of other images and not of the published number.
    assert record["srcc_low"] < float(far) < record["srcc_high"]
    assert record["srcc_deviates"] is True
    shown = bench("table", "--published-file", "theirs.csv").out
    assert f"**{SRCC - float(far):+.3f}**" in shown
    assert "numbers that agree: 1, that deviate: 1." in shown
    latex = bench("table", "--published-file", "theirs.csv", "--format", "latex").out
    assert rf"\textbf{{{SRCC - float(far):+.3f}}}" in latex


def test_what_their_rounding_hides_is_no_deviation(store: Store, bench: Bench) -> None:
    keep(store)
    hundredths = f"{SRCC - 0.005:.2f}"
    assert 0.006 < abs(SRCC - float(hundredths)) < 0.0095, "the planted scores no longer tell the two apart"
    assert the_record(bench, srcc=hundredths)["srcc_deviates"] is False
    assert the_record(bench, srcc=hundredths + "0")["srcc_deviates"] is True


@pytest.mark.parametrize(("difference", "deviates"), [(0.004, False), (0.02, True)])
def test_a_plcc_after_the_same_mapping_is_judged_too(
    difference: float, deviates: bool, store: Store, bench: Bench
) -> None:
    keep(store)
    assert the_record(bench, plcc=f"{PLCC - difference:.4f}")["plcc_deviates"] is deviates


@pytest.mark.parametrize(
    ("stored", "row", "state", "piece"),
    [
        ({"split": "test"}, {}, "another protocol", "split: theirs all, ours test"),
        ({}, {"split": "random 10 splits"}, "another protocol", "split: theirs random 10 splits, ours all"),
        ({"split": "test"}, {"split": "official test"}, "same protocol", ""),
        ({}, {"split": "unknown"}, "protocol not told in full", "split: theirs not told, ours all"),
        ({}, {"resolution": "512x384"}, "another protocol", "resolution: theirs 512x384, ours 1024x768"),
        ({"resize": "512x384"}, {"resolution": "512x384"}, "same protocol", ""),
        ({"resize": "short:448"}, {"resolution": "short side 448"}, "same protocol", ""),
        (
            {"resize": "short:512"},
            {"resolution": "short side 448"},
            "another protocol",
            "theirs short:448, ours short:512",
        ),
        ({}, {"resolution": "unknown"}, "protocol not told in full", "resolution: theirs not told, ours 1024x768"),
        ({}, {"resolution": "1024x768"}, "same protocol", ""),
        ({"dataset": "toy-512"}, {"resolution": "512x384"}, "same protocol", ""),
        ({"dataset": "toy-512"}, {}, "another protocol", "resolution: theirs 1024x768, ours 512x384"),
        ({"dataset": "toy-votes"}, {}, "not run", ""),
        ({}, {"dataset": "toys"}, "same protocol", ""),
        ({"n": 70}, {}, "another protocol", "images: theirs all 80, ours 70"),
        ({"mos": "imported"}, {}, "another protocol", "labels: theirs the dataset's, ours MOS of the imported file"),
        ({"mos": "imported"}, {"resolution": "1024x768"}, "another protocol", "theirs 1024x768, ours not declared"),
        ({}, {"trained_on": "koniq"}, "another protocol", "training MOS: theirs koniq, ours none"),
        (
            {"opinion_aware": True, "trained_on": ("koniq10k", "kadis700k")},
            {"trained_on": "koniq"},
            "same protocol",
            "",
        ),
        (
            {"opinion_aware": True, "trained_on": ("clive",)},
            {},
            "protocol not told in full",
            "training MOS: theirs not told, ours clive",
        ),
        (
            {"opinion_aware": None},
            {"trained_on": "clive"},
            "protocol not told in full",
            "training MOS: theirs clive, ours not declared",
        ),
    ],
)
def test_protocols_are_compared_piece_by_piece(
    stored: dict[str, Any], row: dict[str, str], state: str, piece: str, store: Store, bench: Bench
) -> None:
    keep(store, **stored)
    record = the_record(bench, **row)
    assert record["state"] == state
    told = "; ".join(record["differs"] + record["not_told"])
    assert piece in told
    assert bool(told) == bool(piece)
    # Something far off is judged under one protocol alone.
    assert (the_record(bench, **row, srcc="-0.9")["srcc_deviates"] is True) == (state == "same protocol")


def test_a_difference_between_protocols_is_shown_in_parentheses(store: Store, bench: Bench) -> None:
    keep(store, split="test")
    shown = bench("table", "--published-file", write({"srcc": "0.1"})).out
    assert "_another protocol: does not compare_" in shown
    assert f"({SRCC - 0.1:+.3f})" in shown
    assert "split: theirs all, ours test" in shown
    assert "Comparisons under the same protocol: 0." in shown


def test_of_several_protocols_the_nearest_is_taken(store: Store, bench: Bench) -> None:
    for stored in ({}, {"split": "test"}, {"dataset": "toy-512"}, {"dataset": "toy-512", "split": "test"}):
        keep(store, **stored)  # type: ignore[arg-type]
    record = the_record(bench, resolution="512x384", split="official test")
    assert (record["state"], record["our_dataset"]) == ("same protocol", "toy-512")
    assert the_record(bench, resolution="unknown")["our_dataset"] == "toy"


def test_a_method_and_pyiqas_of_that_name_are_rows_of_their_own(store: Store, bench: Bench) -> None:
    for name in ("mine", "pyiqa:mine", "mine-too"):
        keep(store, name)
    assert [record["our_method"] for record in records(bench, {})] == ["mine", "pyiqa:mine"]
    assert [record["our_method"] for record in records(bench, {"method": "pyiqa:mine"})] == ["pyiqa:mine"]


@pytest.mark.parametrize(("mapping", "name"), [("raw", "plcc_raw"), ("log4", "plcc_log4"), ("log5", "plcc_log5")])
def test_a_plcc_is_compared_after_the_publishers_mapping(
    mapping: str, name: str, store: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_mapping, "MAX_EVALUATIONS", EVALUATIONS)  # these fits may end
    keep(store)
    ours = json.loads(bench("table", "--format", "json").out)[0]
    record = the_record(bench, plcc_mapping=mapping, plcc="0.5")
    assert record["plcc_ours"] == ours[name]
    assert record["plcc_difference"] == pytest.approx(ours[name] - 0.5)


def test_a_plcc_without_its_mapping_is_not_compared(store: Store, bench: Bench) -> None:
    keep(store)
    record = the_record(bench, plcc_mapping="unknown")
    assert (record["plcc_ours"], record["plcc_difference"]) == (None, None)
    assert record["state"] == "same protocol"
    assert "the publisher does not tell the mapping" in record["plcc_reason"]
    assert "the publisher does not tell the mapping" in bench("table", "--published-file", "theirs.csv").out


def test_it_takes_no_interval_to_judge(store: Store, bench: Bench) -> None:
    keep(store)
    command = ["table", "--published-file", write({"srcc": "-0.9"}), "--draws", "0"]
    (record,) = json.loads(bench(*command, "--format", "json").out)
    assert record["srcc_deviates"] is True
    assert record["srcc_low"] is None


def test_what_was_not_run_is_summed_up_and_json_has_all(store: Store, bench: Bench) -> None:
    keep(store)
    rows = ({}, {"dataset": "clive"}, {"dataset": "spaq"}, {"method": "theirs"})
    found = records(bench, *rows)
    assert [record["state"] for record in found] == ["same protocol", "not run", "not run", "not run"]
    assert found[1]["srcc_theirs"] == float(ROW["srcc"])
    assert found[1]["srcc_ours"] is None
    assert found[1]["srcc_reason"] == "not run"
    shown = bench("table", "--published-file", "theirs.csv").out
    assert "Not run, 3 published rows: mine on clive, spaq; theirs on toy." in shown
    assert shown.count("| mine") == 1
    lines = list(csv.DictReader(io.StringIO(bench("table", "--published-file", "theirs.csv", "--format", "csv").out)))
    assert [line["state"] for line in lines] == [record["state"] for record in found]


def test_method_and_dataset_choose_published_rows_too(store: Store, bench: Bench) -> None:
    keep(store)
    keep(store, "other")
    keep(store, dataset="clive")
    write({}, {"method": "other"}, {"dataset": "clive"}, {"dataset": "spaq"}, {"method": "nobody"})

    def shown(*choice: str) -> list[tuple[str, str]]:
        done = bench("table", "--published-file", "theirs.csv", "--format", "json", *choice)
        return [(record["method"], record["dataset"]) for record in json.loads(done.out)]

    assert shown("--method", "mine") == [("mine", "toy"), ("mine", "clive"), ("mine", "spaq")]
    assert shown("--dataset", "toys") == [("mine", "toy"), ("other", "toy"), ("nobody", "toy")]
    assert shown("--method", "other", "--dataset", "toy") == [("other", "toy")]


def test_what_is_second_hand_is_marked(store: Store, bench: Bench) -> None:
    keep(store)
    write({"verified": "no"})
    shown = bench("table", "--published-file", "theirs.csv").out
    assert f"| {SRCC:.3f}?" in shown
    assert f"| {PLCC:.3f}?" in shown
    assert "their paper; second hand, not verified" in shown
    write({})
    shown = bench("table", "--published-file", "theirs.csv").out
    assert f"{SRCC:.3f}?" not in shown
    assert "their paper; second hand" not in shown


def test_texts_of_others_are_escaped(store: Store, bench: Bench) -> None:
    keep(store, "mine_")
    write({"method": "mine_", "source": r"a|b \input{x} & [c](d)"}, {"method": r"|evil_$x$\n", "dataset": "clive"})
    markdown = bench("table", "--published-file", "theirs.csv").out
    assert r"| mine\_" in markdown
    assert r"a\|b \\input{x} & \[c\](d)" in markdown
    assert r"\|evil\_$x$\\n on clive" in markdown
    latex = bench("table", "--published-file", "theirs.csv", "--format", "latex").out
    assert r"mine\_$^{1}$ &" in latex
    assert r"a\textbar{}b \textbackslash{}input\{x\} \& {[}c{]}(d)" in latex
    assert r"\textbar{}evil\_\$x\$\textbackslash{}n on clive" in latex


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"srcc": "1.2"}, "row 1: srcc is '1.2', not a number from -1 to 1"),
        ({"srcc": "nan"}, "row 1: srcc is 'nan', not a number from -1 to 1"),
        ({"plcc": "0,500"}, "row 1: plcc is '0,500', not a number from -1 to 1 in plain decimals"),
        ({"plcc": "1e-999999"}, "row 1: plcc is '1e-999999', not a number"),
        ({"srcc": "", "plcc": ""}, "row 1: srcc and plcc are both empty"),
        ({"dataset": "konik"}, "row 1: dataset is 'konik', which no card has as id or alias. Did you mean 'koniq'"),
        ({"resolution": "448"}, "row 1: resolution is '448', write full, WxH, short side N or unknown"),
        ({"plcc_mapping": "logistic"}, "row 1: plcc_mapping is 'logistic', write raw, log4, log5 or unknown"),
        ({"verified": "maybe"}, "row 1: verified is 'maybe', write yes or no"),
        ({"source": ""}, "row 1: source is empty, and must be given"),
        ({"method": "\x1b[31mred"}, "row 1: method has control characters or more than 200 characters"),
        ({"method": "m" * 201}, "row 1: method has control characters or more than 200 characters"),
    ],
)
def test_a_wrong_row_is_told_in_one_sentence(row: dict[str, str], message: str, store: Store, bench: Bench) -> None:
    keep(store)
    done = bench("table", "--published-file", write(row))
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"method,dataset\nmine,toy\n", "has no column 'resolution' and 'split'"),
        (",".join(ROW).encode() + b"\n", "has no rows"),
        (b"x" * (2**20 + 1), "is larger than 1 MiB"),
        (b"\0\1\2", "is a binary file"),
        (b"<!DOCTYPE html>", "is a web page"),
        (None, "no such file"),
        (
            (",".join(ROW) + "\n" + 2 * (",".join(ROW.values()) + "\n")).encode(),
            "mine on toy twice, every column alike",
        ),
    ],
)
def test_a_file_that_is_no_such_list_is_refused(
    content: bytes | None, message: str, store: Store, bench: Bench
) -> None:
    keep(store)
    if content is not None:
        Path("theirs.csv").write_bytes(content)
    done = bench("table", "--published-file", "theirs.csv")
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_the_list_may_be_a_path_or_its_text_and_nothing_else(store: Store) -> None:
    keep(store)
    entries, path = store.entries()[0], write({})
    (one,) = show("published", entries, Request(draws=0, argument=path)).records
    assert one["srcc_theirs"] == float(ROW["srcc"])
    assert show("published", entries, Request(draws=0, argument=str(path))).records == [one]
    with pytest.raises(UsageError, match="published got 3: give the path of a CSV"):
        show("published", entries, Request(argument=3))


def test_two_kinds_of_table_at_once_are_refused(store: Store, bench: Bench) -> None:
    keep(store)
    done = bench("table", "--published", "--by", "type")
    assert (done.code, "--by and --published do not go together" in done.err) == (2, True)


def test_every_row_that_is_shipped_has_a_card_and_a_source(store: Store, bench: Bench) -> None:
    rows = numbers.read_published()
    assert len(rows) == 128
    assert all(row.dataset in catalogue.shipped_cards() and row.source for row in rows)
    # What is second hand says so itself, stands on a site that collects numbers, or in a paper about another method.
    assert {row.source.split(" ")[0] for row in rows if not row.verified} == {"second", "paperswithcode", "Ni"}
    keep(store, "niqe", "clive")
    assert "Published rows: 128, with a result of ours: 2." in bench("table", "--published").out


def test_the_wheel_brings_the_list() -> None:
    # .ci/run reads it from an installed wheel; here, that what builds the wheel names it and git keeps it.
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "bench._results" in tool["packages"]
    assert tool["package-dir"]["bench._results"] == "results"
    assert any(fnmatch("published.csv", pattern) for pattern in tool["package-data"]["bench._results"])
    assert not any(fnmatch("runs/a/scores.parquet", pattern) for pattern in tool["package-data"]["bench._results"])


def test_published_correlations_come_out_of_their_published_scores(bench: Bench, shared: Path) -> None:
    for name, dataset in (("livec", "clive"), ("agi", "agiqa3k")):
        path = shared / "published_scores" / f"qbench_{name}.csv"
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        Path("one.csv").write_text(
            "image,mos,score\n" + "".join(f"{r['image']},{r['mos']},{r['clip_vit_l14']}\n" for r in rows)
        )
        assert bench("import", "one.csv", "--method", "clip_vit_l14", "--dataset", dataset).code == 0
    found = json.loads(bench("table", "--published", "--method", "clip_vit_l14", "--format", "json").out)
    ran = {record["dataset"]: record for record in found if record["our_key"]}
    assert set(ran) == {"clive", "agiqa3k"}
    for record in ran.values():
        assert round(record["srcc_ours"], 3) == record["srcc_theirs"]
        assert record["state"] == "another protocol"
        assert "labels: theirs the dataset's, ours MOS of the imported file" in record["differs"]
        assert record["srcc_deviates"] is None
    assert "images: theirs all 1162, ours 1169" in ran["clive"]["differs"]
