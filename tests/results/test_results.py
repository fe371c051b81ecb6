"""What `Results` shows equals what the command line prints of the same store; mistakes are told in Python's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakes
import matplotlib as mpl
import pandas as pd
import pytest
from conftest import Ran

import bench as api
from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.figures.plots import PLOTS
from bench.figures.style import own_style, save_figure
from bench.results.wording import python_words

Bench = Callable[..., Ran]


def test_a_run_stores_what_the_command_line_stores(photos: Path, bench: Bench, tmp_path: Path) -> None:
    results = api.run(["pyiqa:piqe", "bytes-per-pixel"], photos, split="test", results=tmp_path / "python")
    options = ["--method", "pyiqa:piqe", "--method", "bytes-per-pixel", "--split", "test"]
    assert bench("run", "--dataset", photos, *options, "--results", tmp_path / "cli").code == 0
    stored = api.load_results(tmp_path / "cli")
    assert {entry.key for entry in stored.entries} == {entry.key for entry in results.entries}
    by_key = [each.scores().sort_values(["key", "image"], ignore_index=True) for each in (stored, results)]
    pd.testing.assert_frame_equal(*by_key)


def test_what_is_stored_is_not_scored_again(photos: Path) -> None:
    api.run("bytes-per-pixel", photos)
    again = api.run("bytes-per-pixel", photos)
    assert len(again.entries[0].sessions) == 1


def test_several_methods_datasets_and_kinds_of_each(photos: Path, tmp_path: Path) -> None:
    function = api.method(lambda image: image.width, name="width", higher_is_better=True)
    dataset = api.load_dataset(photos, split="training")
    results = api.run(["bytes-per-pixel", fakes.Brightness, function], [photos / "scores.csv", dataset])
    assert str(results) == "3 methods on 2 datasets, 36 scores, no failures"
    assert repr(results) == f"<bench results: {results}>"
    assert len(results.only(methods=["width", "brightness"], datasets="scores")) == 2
    assert {entry.method.name for entry in results.only(families="undeclared").entries} == {"width"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda photos: api.run("niqq", photos), "^methods got 'niqq', which is not a known method. Did you mean"),
        (lambda photos: api.run("niqe", "smaple"), "^datasets got 'smaple', which is neither a known id nor a path"),
        (lambda photos: api.run([], photos), "^methods got nothing"),
        (lambda photos: api.run("niqe", []), "^datasets got nothing"),
        (lambda photos: api.run(3, photos), "^methods got 3: give a text, a subclass"),
        (lambda photos: api.run("niqe", 3), "^datasets got 3: give a text, a path, a Dataset"),
        (lambda photos: api.run("niqe", photos, split="no"), "^split got 'no' for dataset 'photos'"),
        (lambda photos: api.run("niqe", photos, resize="big"), "^resize: 'big' is not a resize policy"),
        (lambda photos: api.run("niqe", photos, device="tpu"), "^device got 'tpu': give auto, cpu, cuda, mps"),
        (lambda photos: api.run("niqe", photos, batch_size=0), "^batch_size got 0: give a whole number from 1 to"),
        (lambda photos: api.run("niqe", photos, workers=0), "^workers got 0"),
        (lambda photos: api.run("niqe", photos, seed=-1), "^seed got -1"),
        (lambda photos: api.run("niqe", photos, options={"niqe.mdel": 1}), "^options: method 'niqe' has no option"),
        (lambda photos: api.run("niqe", photos, options={"piqe.x": 1}), "^options got an option of 'piqe', which"),
        (lambda photos: api.run("niqe", photos, roots={"x": "y"}), "^roots got 'x', which is not a known dataset"),
        (lambda photos: api.run("niqe", photos, name="x"), "^name, higher_is_better and batch describe one function"),
        (lambda photos: api.load_dataset("nowhere"), "^dataset got 'nowhere'"),
        (
            lambda photos: api.load_results(),
            "^no results in results: run `bench run --method NAME --dataset ID` first, or",
        ),
    ],
)
def test_mistakes_are_told_in_pythons_words(call: Callable[[Path], Any], message: str, photos: Path) -> None:
    with pytest.raises(UsageError, match=message):
        call(photos)


def test_a_dataset_that_is_not_here_is_a_missing_requirement() -> None:
    with pytest.raises(MissingRequirementError, match=r'then give roots={"koniq": "FOLDER"}'):
        api.load_dataset("koniq")


def test_images_that_fail_are_in_the_scores_and_strict_raises(photos: Path) -> None:
    frame = api.run(fakes.Picky, photos).scores()
    assert frame[frame["error"].notna()]["image"].tolist() == ["images/3.png"]
    with pytest.raises(BenchError, match=r"^strict: picky failed on 1 images"):
        api.run(fakes.Picky, photos, strict=True)
    with pytest.raises(BenchError, match=r"picky.* scored no image of photos; the first failed so: I do not like it"):
        api.run(fakes.Picky, photos, options={"picky.fail": "images"})


def test_only_says_what_there_is_not(sample_store: Path) -> None:
    results = api.load_results()
    with pytest.raises(UsageError, match=r"^methods got 'niqq', which has no stored result. Did you mean 'niqe'"):
        results.only(methods="niqq")
    with pytest.raises(UsageError, match=r"^families got 'hand': use one of opinion-unaware"):
        results.only(families="hand")
    with pytest.raises(UsageError, match=r"^families got MOS-trained, but no method of this kind"):
        api.load_results(families=["MOS-trained"])


def test_scores_have_labels_and_attributes(sample_store: Path) -> None:
    frame = api.load_results(methods="niqe").scores()
    assert len(frame) == 210
    assert {"type", "level", "reference"} <= set(frame)
    assert list(frame)[-2:] == ["protocol", "key"]
    assert set(frame["method"]) == {"niqe"}
    entry = api.load_results(methods="niqe").entries[0]
    assert frame["score"].tolist() == entry.scores()["score"].tolist()


@pytest.mark.parametrize(
    ("options", "call"),
    [
        (["--values", "srcc,krcc,rmse_log4"], lambda results: results.table(["srcc", "krcc", "rmse_log4"])),
        (["--by", "type"], lambda results: results.table(by="type")),
        (["--compare", "niqe", "bytes-per-pixel"], lambda results: results.compare("niqe", "bytes-per-pixel")),
        (["--significance"], lambda results: results.significance()),
        ([], lambda results: results.table(intervals=True)),
    ],
)
def test_tables_equal_those_of_the_command_line(
    options: list[str], call: Callable[[api.Results], Any], sample_store: Path, bench: Bench
) -> None:
    view = call(api.load_results())
    assert view.to_json().rstrip() == bench("table", *options, "--format", "json").out.rstrip()
    shown = options or ["--intervals"]
    assert str(view) == bench("table", *shown).out.rstrip()
    assert view._repr_markdown_().rstrip() == str(view)
    assert len(view.to_frame()) == len(json.loads(view.to_json()))


def test_values_and_parts_go_together(sample_store: Path) -> None:
    table = api.load_results().only(methods="niqe").table(values=["srcc", "krcc"], by="type")
    frame = table.to_frame().set_index("type")
    assert len(frame) == 6
    head, _, line = table.to_markdown().splitlines()[:3]
    assert [cell.strip() for cell in head.split("|")[2:5]] == [
        "darken (n = 35) SRCC",
        "KRCC",
        "gaussian-blur (n = 35) SRCC",
    ]
    shown = [cell.strip() for cell in line.split("|")[2:4]]
    assert shown == [f"{frame.loc['darken', name]:.3f}" for name in ("srcc", "krcc")]


def test_tables_are_refused_in_pythons_words(sample_store: Path) -> None:
    results = api.load_results()
    with pytest.raises(UsageError, match=r"^values got 'srocc': choose some of srcc"):
        results.table("srocc")
    with pytest.raises(UsageError, match=r"^draws got 5: give 0 for no bootstrap, or at least 100"):
        results.table(draws=5)
    with pytest.raises(UsageError, match=r"^B got 'niqq'"):
        results.compare("niqe", "niqq")


@pytest.mark.parametrize("kind", [*PLOTS])
def test_figures_equal_those_of_the_command_line(kind: str, sample_store: Path, bench: Bench) -> None:
    options = {"draws": 100} if kind in ("ranking", "significance", "scatter", "speed") else {}
    said = bench("plot", kind, "--output", "cli.png", *(["--draws", "100"] if options else []))
    assert said.code == 0
    before = dict(mpl.rcParams)
    figure = api.load_results().plot(kind, **options)
    assert dict(mpl.rcParams) == before
    with own_style():
        save_figure(figure, Path("python.png"))
    assert Path("python.png").read_bytes() == Path("cli.png").read_bytes()
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_figure_is_written_as_text_whatever_the_callers_settings(sample_store: Path, tmp_path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "path"}):
        api.load_results().plot("ranking", draws=100).savefig(tmp_path / "ranking.svg")
    assert ">niqe<" in (tmp_path / "ranking.svg").read_text()


def test_a_figure_that_cannot_be_drawn_is_told(sample_store: Path) -> None:
    results = api.load_results()
    with pytest.raises(UsageError, match=r"^kind got 'rankings': give 'ranking'"):
        results.plot("rankings")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"^kind 'correlation' has no option 'draws': it has none"):
        results.plot("correlation", draws=5)
    with pytest.raises(UsageError, match=r"^no dataset has results of two methods"):
        results.only(methods="niqe").plot("ranking")


def test_the_report_is_that_of_the_command_line(sample_store: Path, bench: Bench) -> None:
    assert bench("report", "--output", "cli.html", "--draws", "100").code == 0
    assert api.load_results().report("python.html", draws=100) == Path("python.html")
    assert Path("python.html").read_bytes() == Path("cli.html").read_bytes()
    with pytest.raises(UsageError, match=r"^output got report.txt: its name must end in \.html"):
        api.load_results().report("report.txt")


@pytest.mark.parametrize(
    ("message", "python"),
    [
        ("--batch-size got 0", "batch_size got 0"),
        ("give --root koniq=FOLDER.", 'give roots={"koniq": "FOLDER"}.'),
        ("see `bench list --root ID=PATH`, or --method", "see `bench list --root ID=PATH`, or methods"),
        ("a half-finished --run", "a half-finished run"),
        ("a -- b --9", "a -- b --9"),
    ],
)
def test_messages_name_parameters(message: str, python: str) -> None:
    assert python_words(message) == python


def test_lists_say_what_the_command_line_says(bench: Bench) -> None:
    told = json.loads(bench("list", "methods", "--format", "json").out)
    assert api.list_methods()["name"].tolist() == [each["name"] for each in told]
    assert api.list_datasets()["id"].tolist() == [
        each["id"] for each in json.loads(bench("list", "datasets", "--format", "json").out)
    ]
