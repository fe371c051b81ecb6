"""Rankings and matrices: what is drawn is what the tests found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Ran
from PIL import Image
from stored import MIXED, SWAPPED, fixed, run

from bench.figures.significance import indistinguishable_runs, matrices, panels, rankings
from bench.figures.style import new_figure, plain
from bench.runs.store import Store
from bench.tables.evaluation import evaluate
from bench.tables.resolution import column_resolution
from bench.tables.significance import compare_columns
from bench.tables.table import Table, arrange

Bench = Callable[..., Ran]
SEEN = {"opinion_aware": True, "trained_on": ("photos",)}


@dataclass(frozen=True)
class Told:
    a: str
    b: str
    better: str | None


@pytest.fixture
def filled(store: Store, bench: Bench, tmp_path: Path) -> Store:
    for seed, name in enumerate(("one", "two")):
        random = np.random.default_rng(seed)
        mos = random.normal(size=300)
        columns = [mos + noise * random.normal(size=300) for noise in (0.5, 2.0, 2.0)]
        lines = [",".join(map(str, row)) for row in zip(range(300), mos, *columns, strict=True)]
        (tmp_path / "s.csv").write_text("\n".join(["image,mos,good,fair,twin", *lines]))
        assert bench("import", f"{tmp_path / 's.csv'}", "--wide", "--dataset", name).code == 0
    return store


def arranged(store: Store) -> Table:
    (table,) = arrange(evaluate(store.entries()[0], values=("srcc",)))
    return table


def draw(figure: Callable[..., Any], table: Table) -> Any:
    return figure(table, panels(table, compare_columns(table)))


def test_runs_hold_no_pair_that_a_test_tells_apart() -> None:
    apart = [Told("a", "c", "a"), Told("a", "d", "a"), Told("b", "d", "b"), Told("c", "d", None)]
    assert indistinguishable_runs(list("abcd"), apart) == [(0, 1), (1, 2), (2, 3)]
    assert indistinguishable_runs(list("abcd"), []) == [(0, 3)]
    assert indistinguishable_runs(list("ab"), [Told("b", "a", "b")]) == []


def test_panels_are_the_datasets_and_their_average_best_first(filled: Store) -> None:
    table = arranged(filled)
    found = panels(table, compare_columns(table))
    assert [panel.title for panel in found] == ["one (n = 300)", "two (n = 300)", "average of 2 datasets"]
    for panel in found:
        assert panel.rows[0].label == "good"
        assert [panel.srcc[row] for row in panel.rows] == sorted(panel.srcc.values(), reverse=True)
        assert indistinguishable_runs(panel.rows, panel.comparisons) == [(1, 2)]


def test_a_ranking_shows_each_srcc_and_a_bar_over_the_twins(filled: Store) -> None:
    table = arranged(filled)
    axes = draw(rankings, table).axes[0]
    panel = panels(table, compare_columns(table))[0]
    dots = next(line for line in axes.lines if line.get_label() == "undeclared")
    np.testing.assert_allclose(dots.get_xdata(), [panel.srcc[row] for row in panel.rows])
    bars = [line.get_ydata().tolist() for line in axes.lines if line.get_xdata()[0] > 1]
    assert bars == [[0.7, 2.3]]
    assert next(text.get_text() for text in axes.get_yticklabels()) == "good"


def test_a_family_without_a_point_is_not_in_the_legend(store: Store, photos: Path) -> None:
    run(store, photos, fixed("m", MIXED), fixed("n", SWAPPED), fixed("seen", MIXED, family="zero-shot", **SEEN))
    figure = draw(rankings, arranged(store))
    assert not figure.legends
    assert "without seen" in figure.axes[0].get_xlabel()


def test_the_scale_bar_is_as_long_as_what_the_dataset_resolves(filled: Store) -> None:
    table = arranged(filled)
    figure = draw(rankings, table)
    for axes, panel in zip(figure.axes, panels(table, compare_columns(table)), strict=True):
        assert panel.resolves is not None
        (bar,) = (line for line in axes.lines if line.get_marker() == "|")
        left, right = bar.get_xdata()
        assert right - left == pytest.approx(panel.resolves)
        assert max(bar.get_ydata()) < -0.5, "above the rows"
        assert [text.get_text() for text in axes.texts] == [f"{panel.resolves:.3f}"]
    assert panels(table, compare_columns(table))[0].resolves == column_resolution(table, table.columns[0]).median
    assert "scale bar" in figure.get_supxlabel()


def test_a_ranking_says_which_methods_a_panel_lacks_and_colours_families(
    filled: Store, bench: Bench, tmp_path: Path
) -> None:
    mos = np.random.default_rng(0).normal(size=300)  # the labels of the dataset "one"
    lines = [f"{i},{label},{i % 7}" for i, label in enumerate(mos)]
    (tmp_path / "more.csv").write_text("\n".join(["image,mos,score", *lines]))
    given = ("--method", "more", "--dataset", "one", "--family", "zero-shot", "--opinion-unaware")
    imported = bench("import", f"{tmp_path / 'more.csv'}", *given)
    assert imported.code == 0, imported.err
    table = arranged(filled)
    assert [
        {why: [row.label for row in rows] for why, rows in panel.lacking.items()}
        for panel in panels(table, compare_columns(table))
    ] == [
        {},
        {"not run": ["more"]},
    ]
    figure = draw(rankings, table)
    assert [axes.get_xlabel() for axes in figure.axes] == ["SRCC", "SRCC\nwithout more: not run"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["zero-shot", "undeclared"]
    colours = {line.get_label(): line.get_color() for line in figure.axes[0].lines}
    assert colours["zero-shot"] != colours["undeclared"]


def test_a_matrix_shows_signs_only_where_a_test_tells(filled: Store) -> None:
    axes = draw(matrices, arranged(filled)).axes[0]
    signs = {text.get_position(): text.get_text() for text in axes.texts}
    assert [signs[(x, 0)] for x in range(3)] == ["", "+", "+"]
    assert [signs[(0, y)] for y in range(3)] == ["", "\N{MINUS SIGN}", "\N{MINUS SIGN}"]
    assert signs[(2, 1)] == signs[(1, 2)] == ""
    (image,) = axes.images
    assert image.get_alpha()[0, 1] == 1.0
    assert image.get_alpha()[1, 2] < 1.0, "a difference that no test tells is pale"
    assert image.get_array()[1, 2] != 0


@pytest.mark.parametrize("kind", ["ranking", "significance"])
@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_commands_write_a_picture_that_repeats(filled: Store, bench: Bench, kind: str, suffix: str) -> None:
    written = []
    for name in ("a", "b"):
        done = bench("plot", kind, "--output", f"{name}.{suffix}", "--draws", "200", "--dataset", "one")
        assert done.code == 0, done.err
        written.append(Path(f"{name}.{suffix}").read_bytes())
    assert written[0] == written[1]
    if suffix == "png":
        with Image.open("a.png") as image:
            assert min(image.size) > 200
            assert len(np.unique(np.asarray(image.convert("L")))) > 20
    if suffix == "svg":
        assert ">good" in written[0].decode(), "text stays text"


def test_names_of_others_are_no_mathematics() -> None:
    figure = new_figure(2, 2)
    text = figure.text(0, 0, plain("cost_$x^2$"))
    figure.canvas.draw()
    assert text.get_text() == r"cost_\$x^2\$"
    with_mathematics = new_figure(2, 2)
    drawn = [
        f.text(0.5, 0.5, t).get_window_extent().width for f, t in ((figure, plain("$a$")), (with_mathematics, "$a$"))
    ]
    assert drawn[0] > 1.5 * drawn[1], "the dollars are drawn"


def test_mistakes_get_a_sentence(filled: Store, bench: Bench) -> None:
    wrong = bench("plot", "ranking", "--output", "a.gif")
    assert (wrong.code, "must end in .svg, .png, .pdf" in wrong.err) == (2, True)
    alone = bench("plot", "ranking", "--output", "a.svg", "--method", "good")
    assert (alone.code, "no dataset has results of two methods" in alone.err) == (2, True)
