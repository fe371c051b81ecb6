"""Styles: a figure fits a column of a paper, or lies on any page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran
from matplotlib.figure import Figure
from PIL import Image
from test_plots import write_log

from bench.errors import UsageError
from bench.figures.style import caption, new_figure, new_grid, save_figure, styled

Bench = Callable[..., Ran]


def drawn(width: float = 5, height: float = 4) -> Figure:
    figure = new_figure(width, height)
    figure.subplots().set_xlabel("words", fontsize="x-small")
    caption(figure, "what is drawn\nand why.\nThen more")
    return figure


@pytest.mark.parametrize(("width", "fitted"), [(2, 3.5), (4.5, 3.5), (5, 7.16), (12, 7.16)])
def test_a_figure_for_a_paper_is_as_wide_as_one_column_or_two(width: float, fitted: float) -> None:
    with styled("paper"):
        figure = drawn(width, width / 2)
    assert figure.get_figwidth() == fitted
    assert figure.get_figheight() <= width / 2
    assert 6 <= figure.axes[0].xaxis.label.get_fontsize() < 7
    assert drawn(width).get_figwidth() > width
    assert drawn(width).axes[0].xaxis.label.get_fontsize() > 7


def test_as_many_panels_as_can_be_read_stand_beside_each_other_on_paper() -> None:
    with styled("paper"):
        _, grid = new_grid(6, 3, 2, columns=4)
    assert [axes.get_subplotspec().colspan.start for axes in grid] == [0, 1, 2] * 2
    _, grid = new_grid(6, 3, 2, columns=4)
    assert [axes.get_subplotspec().colspan.start for axes in grid] == [0, 1, 2, 3, 0, 1]


def test_a_caption_is_said_and_not_drawn_on_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with styled("paper"):
        save_figure(drawn(), tmp_path / "a.svg")
    assert "note: to say in the caption: what is drawn; and why. Then more" in capsys.readouterr().err
    assert "what is drawn" not in (tmp_path / "a.svg").read_text()
    save_figure(drawn(), tmp_path / "b.svg")
    assert "what is drawn" in (tmp_path / "b.svg").read_text()
    assert not capsys.readouterr().err


def _relative_luminance(grey: float) -> float:
    return ((grey / 255 + 0.055) / 1.055) ** 2.4


def test_text_without_a_background_is_read_on_white_and_on_black(bench: Bench, tmp_path: Path) -> None:
    write_log(tmp_path / "run", 3)
    for style, darkest in (("screen", 0x78), ("paper", 0x26)):
        done = bench("plot", "training", "run", "--output", "a.png", "--style", style, "--transparent")
        assert done.code == 0, done.err
        with Image.open("a.png") as image:
            pixels = np.asarray(image.convert("RGBA"))
        assert pixels[0, 0, 3] == 0
        opaque = pixels[pixels[..., 3] == 255][:, :3]
        assert opaque[np.ptp(opaque, axis=1) == 0].min() == darkest
    text = _relative_luminance(0x78)
    assert min(1.05 / (text + 0.05), (text + 0.05) / 0.05) > 4, "contrast with white and with black"


def test_an_unknown_style_is_told() -> None:
    with pytest.raises(UsageError, match=r"^--style got 'poster': use screen or paper"), styled("poster"):
        pass
