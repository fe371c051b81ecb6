"""Figures of scores against labels with the fitted mapping, and of its residuals (``bench plot scatter``)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bench.api import FloatArray
from bench.defaults import CONFIDENCE
from bench.figures.style import SEQUENTIAL, caption, ground, ink, new_grid, plain
from bench.tables.points import FittedPoints, running_median
from bench.views.words import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PANELS = 16
"""Panels of one figure: more cannot be read."""
CROWDED = 1500
"""Points above which a panel shows how many lie where instead of each."""
_LINE = "#d55e00"
_PANEL = (2.9, 2.6)
_ACROSS = 46  # letters of a title


def scatter(shown: Sequence[FittedPoints], draws: int) -> Figure:
    """Draw scores against labels, the 4-parameter mapping and the interval of its predictions over draws of images."""
    figure, grid = new_grid(len(shown), *_PANEL, columns=4)
    for axes, each in zip(grid, shown, strict=True):
        _points(axes, each.scores, each.labels)
        higher = each.cell.method.higher_is_better
        axes.set_xlabel(f"score ({'higher' if higher else 'lower'} is better)", fontsize="x-small")
        axes.set_ylabel(_label_name(each), fontsize="x-small")
        c = each.cell.correlations
        srcc = f"no SRCC: {c.reasons['srcc']}" if c.srcc is None else f"SRCC {number(c.srcc)}"
        _title(axes, each, f"{srcc}; {_draw_mapping(axes, each, draws)}")
    caption(
        figure,
        f"line: 4-parameter logistic mapping; around it the {CONFIDENCE:.0%} interval of its prediction over {draws} "
        f"draws of the images, or of their references",
    )
    return figure


def _draw_mapping(axes: Any, each: FittedPoints, draws: int) -> str:
    """Draw the mapping and its band, and return what is to say of them."""
    if each.mapping is None:
        return f"no mapping: {each.reason}"
    steps, band = each.steps(), each.band(draws)
    _draw_line(axes, steps, each.mapping.predict(steps))
    plcc = each.cell.correlations.plcc_log4
    says = "the mapping is flat" if plcc is None else f"PLCC {number(plcc)}"
    if band is None:
        return f"{says}; no interval: most fits do not converge"
    # Labels set the scale: where images are few, the band may lead anywhere.
    axes.set_ylim(*axes.get_ylim())
    axes.fill_between(steps, band.low, band.high, color=_LINE, alpha=0.2, linewidth=0, zorder=1)
    for edge in (band.low, band.high):  # on top as thin lines: the points are not hidden, nor is the band by them
        axes.plot(steps, edge, color=_LINE, linewidth=0.7, zorder=3)
    return says + (f"; {band.dropped} of {draws} fits do not converge" if band.dropped else "")


def _draw_line(axes: Any, x: FloatArray, y: FloatArray) -> None:
    axes.plot(x, y, color=ground(), linewidth=2.6, zorder=3)
    axes.plot(x, y, color=_LINE, linewidth=1.4, zorder=4)


def residuals(shown: Sequence[FittedPoints], against: Literal["predicted", "label"]) -> Figure:
    """Draw label less mapped score against the mapped score or the label, with a running median."""
    figure, grid = new_grid(len(shown), *_PANEL, columns=4)
    for axes, each in zip(grid, shown, strict=True):
        axes.set_ylabel(f"{_label_name(each)} less mapped score", fontsize="x-small")
        axes.set_xlabel("mapped score" if against == "predicted" else _label_name(each), fontsize="x-small")
        if each.mapping is None:
            _title(axes, each, f"no mapping: {each.reason}")
            continue
        predicted = each.mapping.predict(each.scores)
        x, left = predicted if against == "predicted" else each.labels, each.labels - predicted
        _points(axes, x, left)
        axes.axhline(0, color=ink(), linewidth=0.8, linestyle="--", zorder=3)
        _draw_line(axes, *running_median(x, left))
        rmse = each.cell.correlations.rmse_log4
        _title(axes, each, "the mapping is flat" if rmse is None else f"RMSE {rmse:.3g}")
    caption(figure, "line: median of the residual in windows of a tenth of the images")
    return figure


def _label_name(each: FittedPoints) -> str:
    if each.cell.dataset.kind == "synthetic-order":
        return "level (synthetic order)"
    return "MOS" if each.cell.dataset.direction == "higher" else "DMOS (lower is better)"


def _title(axes: Any, each: FittedPoints, says: str) -> None:
    column = f"{each.method} on {each.cell.dataset.id} (n = {each.scores.size:,})"
    lines = (textwrap.fill(text, _ACROSS) for text in (column, says))
    axes.set_title(plain("\n".join(lines)), fontsize="x-small")
    axes.tick_params(labelsize="x-small")


def _points(axes: Any, x: FloatArray, y: FloatArray) -> None:
    if x.size > CROWDED:
        cells = axes.hexbin(x, y, gridsize=40, bins="log", cmap=SEQUENTIAL, mincnt=1, linewidths=0.1, zorder=2)
        bar = axes.figure.colorbar(cells, ax=axes, pad=0.02, aspect=30)
        bar.set_label("images in a cell", fontsize="x-small")
        bar.ax.yaxis.set_major_formatter("{x:g}")
        bar.ax.tick_params(labelsize="x-small")
    else:
        alpha = float(np.clip(60 / math.sqrt(x.size) / 5, 0.25, 0.9))
        axes.plot(x, y, "o", markersize=3, color="C0", alpha=alpha, markeredgewidth=0, zorder=2)
