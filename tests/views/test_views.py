"""The model of a table: six writers of one view, the views that `bench table` offers, and the numbers it shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran
from stored import MIXED, RISING, fixed, run

from bench import views
from bench.errors import UsageError
from bench.runs.store import Store
from bench.views import VIEWS, ViewOption
from bench.views.arranging import Request
from bench.views.model import Code, Remark, Value, View
from bench.views.shown import FORMS, Views

Bench = Callable[..., Ran]
HOSTILE = "<b>|*50%_&$"


@pytest.fixture
def shown() -> Views:
    line = [Value(HOSTILE, notes=(HOSTILE,)), Value("0.900", " [0.8, 0.95]", "best", ("one", "two"))]
    other = [Value("b"), Value("0.800", standing="second", notes=("two",))]
    head = [Value("method"), Value("set", notes=("about",), after=" SRCC")]
    view = View(
        head, [("group", [line, other])], [("See ", Code("bench list --x"), ".")], [{"method": HOSTILE, "srcc": 0.9}]
    )
    return Views((view, Remark("Beware."), View([], [], (), [{"method": "b", "srcc": None}])))


def test_markdown_numbers_footnotes_as_they_come(shown: Views) -> None:
    lines = shown.to_markdown().splitlines()
    assert lines[0].split() == ["|", "method", "|", "set¹", "SRCC", "|"]
    assert "**0.900** [0.8, 0.95]³˒⁴" in lines[3]
    assert "<ins>0.800</ins>⁴" in lines[4]
    assert "See `bench list --x`." in lines
    assert [line[0] for line in lines if line and line[0] in "¹²³⁴"] == list("¹²³⁴")
    assert str(shown).endswith("**Beware.**")


def test_html_and_latex_take_nothing_of_others_for_markup(shown: Views) -> None:
    html, latex = shown.to_html(), shown.to_latex()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "<strong>0.900</strong> [0.8, 0.95]<sup>3, 4</sup>" in html
    assert "<code>bench list --x</code>" in html
    assert r"\textless{}b\textgreater{}\textbar{}*50\%\_\&\$" in latex


def test_records_are_unrounded_in_every_form(shown: Views) -> None:
    assert json.loads(shown.to_json()) == [{"method": HOSTILE, "srcc": 0.9}, {"method": "b", "srcc": None}]
    assert shown.to_csv() == f"method,srcc\n{HOSTILE},0.9\nb,\n"
    frame = shown.to_frame()
    assert list(frame.columns) == ["method", "srcc"]
    assert frame["srcc"].tolist()[0] == 0.9
    assert {form: shown.written(form) for form in FORMS}["html"] == shown.to_html()


def test_a_view_is_a_module_and_a_line(photos: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run(Store(Path("results")), photos, fixed("rising", RISING))
    monkeypatch.setitem(VIEWS, "paper", ViewOption(f"{__name__}:show_count"))
    assert bench("table").out == "| results |\n|---------|\n| 1       |\n"


def show_count(entries: list[object], request: Request) -> Views:
    return Views((View([Value("results")], [("", [[Value(str(len(entries)))]])]),))


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_found(name: str) -> None:
    module, _, function = VIEWS[name].show.partition(":")
    import importlib

    assert callable(getattr(importlib.import_module(module), function))
    assert views.__doc__ is not None


def test_values_choose_the_numbers_of_a_table(photos: Path, bench: Bench) -> None:
    run(Store(Path("results")), photos, fixed("rising", RISING), fixed("mixed", MIXED))
    text = bench("table", "--values", "srcc,krcc,rmse_log4").out
    head = [cell.strip() for cell in text.splitlines()[0].strip("|").split("|")]
    assert head[0] == "method"
    assert head[1].endswith(" SRCC")
    assert head[2:] == ["KRCC", "RMSE"]
    (rising,) = (line for line in text.splitlines() if "rising" in line)
    assert [cell.strip().rstrip("¹²³⁴⁵⁶") for cell in rising.strip("| ").split("|")][1:3] == ["1.000", "1.000"]
    assert (
        "SRCC, KRCC (Kendall's tau-b), and RMSE after a 4-parameter logistic mapping, in units of the labels." in text
    )
    alone = bench("table", "--values", "krcc").out
    assert "KRCC (Kendall's tau-b)." in alone
    assert "Bold" not in alone
    assert bench("table", "--values", "srcc, krcc").out == bench("table", "--values", "srcc,krcc").out


@pytest.mark.parametrize("values", ["srcc,nonsense", "", "srcc,srcc"])
def test_an_unknown_value_is_one_sentence(values: str, photos: Path, bench: Bench) -> None:
    run(Store(Path("results")), photos, fixed("rising", RISING))
    done = bench("table", "--values", values)
    assert done.code == 2
    assert f"--values got {values!r}: choose some of srcc, krcc, plcc_raw" in done.err
    with pytest.raises(UsageError, match=r"^--values got"):
        Request(values=tuple(values.split(",")))
