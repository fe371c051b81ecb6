"""Curves of degraded photographs: every type has its panel, and what is drawn is what was scored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran, make_photo
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bench.distortions import DISTORTIONS, PRESETS
from bench.robustness.figure import curves, raw_curves
from bench.robustness.levels import Levels

Bench = Callable[..., Ran]
TYPES = [DISTORTIONS[name] for name in PRESETS["kadid"]]


def levels(label: str, higher_is_better: bool, seed: int, scale: float = 1.0) -> Levels:
    scores = scale * np.random.default_rng(seed).normal(size=(7, len(TYPES), 6))
    scores[:, :, 0] = scores[:, :1, 0]
    return Levels(label, higher_is_better, scores, np.zeros(scores.shape, dtype=bool))


METHODS = [levels("up$^2$", True, 1), levels("down", False, 2, scale=100.0)]


@pytest.fixture(scope="module")
def figure() -> Figure:
    return curves(METHODS, TYPES, "mine", [f"{method.label}: a sentence." for method in METHODS])


def test_every_type_has_a_panel_and_the_panels_fill_the_page(figure: Figure) -> None:
    titles = [axes.get_title().split("\n")[0] for axes in figure.axes]
    assert titles == [f"{each.group}: {each.name}" for each in TYPES]
    places = {axes.get_subplotspec().rowspan.start for axes in figure.axes}
    assert len(figure.axes) == 24
    assert places == {0, 1, 2, 3}
    for axes, each in zip(figure.axes, TYPES, strict=True):
        assert ("level is no order" in axes.get_title()) == (not each.monotone)
        assert (to_hex(axes.get_facecolor()) == "#ffffff") == each.monotone
    assert "synthetic order, no human opinion" in figure.get_supxlabel()
    assert "up\\$^2\\$: a sentence.\ndown: a sentence." in figure.get_supxlabel()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [r"up\$^2\$", "down"]


def test_curves_are_means_in_deviations_with_up_better(figure: Figure) -> None:
    for line, method, sign in zip(figure.axes[3].lines, METHODS, (1, -1), strict=True):
        undistorted, others = method.scores[:, 0, 0], method.scores[:, :, 1:].ravel()
        spread = np.std([*undistorted, *others])
        expected = sign * (method.scores[:, 3].mean(axis=0) - undistorted.mean()) / spread
        np.testing.assert_allclose(line.get_ydata(), expected, atol=1e-9)
    band = figure.axes[3].collections[0].get_paths()[0].vertices[:, 1]
    middle = np.percentile(METHODS[0].standardised[:, 3], [25, 75], axis=0)
    assert band.min() == pytest.approx(middle.min())
    assert band.max() == pytest.approx(middle.max())


@pytest.mark.slow
def test_raw_scores_have_a_column_a_method_and_a_line_a_type() -> None:
    figure = raw_curves(METHODS, TYPES, "mine")
    groups = list(dict.fromkeys(each.group for each in TYPES))
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] == groups
    assert [axes.get_title() for axes in figure.axes if axes.get_title()] == [
        "up\\$^2\\$\nhigher is better",
        "down\nlower is better",
    ]
    blur = figure.axes[1].lines
    assert len(blur) == 3
    np.testing.assert_allclose(blur[1].get_ydata(), METHODS[1].scores[:, 1].mean(axis=0))
    named = {text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()}
    assert {name.removesuffix(" (level is no order)") for name in named} == {each.name for each in TYPES}
    assert "colour-shift (level is no order)" in named


def test_one_score_for_all_lies_at_zero_and_none_says_so() -> None:
    flat = Levels("flat", True, np.full((7, 24, 6), 3.0), np.zeros((7, 24, 6), dtype=bool))
    assert not flat.standardised.any()
    failed = METHODS[0].scores.copy()
    failed[:, 0, 1:] = np.nan
    failed[:, :, 0] = np.nan
    gap = Levels("gap", True, failed, flat.repeated)
    assert np.isnan(gap.standardised).all(), "without the photographs themselves there is no zero"
    figure = raw_curves([gap], TYPES[:4], "mine")
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [["no scores"], []]
    figure = curves([gap, METHODS[1]], TYPES[:2], "mine")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["gap", "down"]


@pytest.mark.parametrize("suffix", ["svg", pytest.param("png", marks=pytest.mark.slow)])
@pytest.mark.parametrize("raw", [[], pytest.param(["--raw"], marks=pytest.mark.slow)])
def test_the_command_writes_a_picture_that_repeats(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, raw: list[str]
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    for i in range(2):
        make_photo(tmp_path / "mine" / f"{i}.png", i)
    written = []
    for name in ("a", "b"):
        output = Path(f"{name}.{suffix}")
        given = ("--method", "bytes-per-pixel", "--dataset", "mine", "--size", "32", "--types", "jpeg,mean-shift")
        done = bench("robustness", *given, "--output", output, *raw)
        assert done.code == 0, done.err
        written.append(output.read_bytes())
    assert written[0] == written[1]
    assert len(written[0]) < 400_000
    if suffix == "svg":
        assert "synthetic order, no human opinion" in written[0].decode()
