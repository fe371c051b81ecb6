"""Figure of scores by level of distortion (``bench robustness --output``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.figures.style import caption, looks, new_figure, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bench.api import FloatArray
    from bench.distortions import Distortion
    from bench.robustness.levels import Levels

_BAND = ("pi", 50)
_NO_ORDER = "level is no order"
_ACROSS = 6  # panels


def curves(
    methods: Sequence[Levels], types: Sequence[Distortion], dataset: str, summaries: Sequence[str] = ()
) -> Figure:
    """Draw mean scores by level, one panel for each type, those of a group side by side; up is better.

    Scores are in each method's own standard deviations, from its mean on the photographs themselves; a band holds the
    middle half of the photographs. Panels of types whose level is no order of severity are grey and say so.
    ``summaries``, a sentence a method, stand below.
    """
    order = [place for places in _grouped(types).values() for place in places]
    across = min(_ACROSS, len(order))
    down = math.ceil(len(order) / across)
    figure = new_figure(1.9 * across + 0.8, 1.65 * down + 1.1)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    styles = looks([method.label for method in methods])
    scores = {method.label: method.standardised for method in methods}
    for axes, place in zip(grid.flat, order, strict=False):
        for label, values in scores.items():
            _draw(axes, values[:, place], label, styles[label])
        _head(axes, types[place])
    for axes in grid.flat[len(order) :]:
        axes.remove()
    title = f"{dataset}; score in the method's own standard deviations, up is better"
    _finish(figure, grid, [*summaries, title])
    return figure


def raw_curves(
    methods: Sequence[Levels], types: Sequence[Distortion], dataset: str, summaries: Sequence[str] = ()
) -> Figure:
    """Draw raw mean scores by level, one row for each method, one panel for each group and one line for each type."""
    groups = _grouped(types)
    figure = new_figure(2.1 * len(groups) + 0.6, 2.3 * len(methods) + 1.0)
    grid = figure.subplots(len(methods), len(groups), squeeze=False, sharex=True, sharey="row")
    for line, method in zip(grid, methods, strict=True):
        for axes, (group, places) in zip(line, groups.items(), strict=True):
            styles = looks([_named(types[place]) for place in places])
            for place in places:
                _draw(axes, method.scores[:, place], _named(types[place]), styles[_named(types[place])])
            axes.set_title(group, fontsize="small", fontweight="bold")
        better = "higher" if method.higher_is_better else "lower"
        line[0].set_ylabel(f"{plain(method.label)}\n{better} is better", fontsize="small")
    for axes in grid[-1]:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize="xx-small", frameon=False)
    _finish(figure, grid, [*summaries, f"{dataset}; raw scores"], legend=False)
    return figure


def _grouped(types: Sequence[Distortion]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, each in enumerate(types):
        found.setdefault(each.group, []).append(place)
    return found


def _named(each: Distortion) -> str:
    return each.name if each.monotone else f"{each.name} ({_NO_ORDER})"


def _draw(axes: Any, scores: FloatArray, label: str, look: dict[str, Any]) -> None:
    """Draw mean and middle half of (photographs, levels)."""
    import seaborn as sns

    table = _long(scores)
    if table.empty:
        axes.text(0.5, 0.5, "no scores", ha="center", fontsize="x-small", transform=axes.transAxes)
        axes.plot([], [], label=plain(label), **look)
        return
    sns.lineplot(
        table, x="level", y="score", ax=axes, errorbar=_BAND, label=plain(label), legend=False, markersize=4, **look
    )


def _long(scores: FloatArray) -> pd.DataFrame:
    import pandas as pd

    levels = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    return pd.DataFrame({"level": levels.ravel(), "score": scores.ravel()}).dropna()


def _head(axes: Any, each: Distortion) -> None:
    axes.set_title(f"{each.group}: {each.name}" + ("" if each.monotone else f"\n({_NO_ORDER})"), fontsize="x-small")
    if not each.monotone:
        axes.set_facecolor("0.92")


def _finish(figure: Figure, grid: Any, lines: Sequence[str], *, legend: bool = True) -> None:
    for axes in (axes for axes in np.ravel(grid) if axes.figure is not None):
        axes.set_xlabel("")
        axes.tick_params(labelsize="x-small")
        axes.set_xticks(range(6))
        axes.label_outer()
    caption(
        figure,
        "\n".join(map(plain, lines)) + "\nsynthetic order, no human opinion\n"
        "level; 0 is the photograph itself. Bands: the middle half of the photographs",
    )
    if legend:
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", fontsize="x-small", frameon=False, ncols=2)
