"""Figure of scores by level of distortion (``bench robustness --output``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.figures.style import caption, looks, most_across, new_figure, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bench.api import FloatArray
    from bench.distortions import Distortion
    from bench.robustness.levels import Levels
    from bench.robustness.run import Robustness

_BAND = ("pi", 50)
_NO_ORDER = "level is no order"
_ACROSS, _WIDTH = 6, 1.9  # panels beside each other, and inches of one


def draw(found: Robustness, *, raw: bool) -> Figure:
    """Draw what was measured: raw scores, or scores in each method's own standard deviations."""
    drawn = raw_curves if raw else curves
    return drawn(found.levels, found.types, found.report.dataset, found.report.summaries)


def curves(
    methods: Sequence[Levels], types: Sequence[Distortion], dataset: str, summaries: Sequence[str] = ()
) -> Figure:
    """Draw mean scores by level, one panel for each type, those of a group side by side; up is better.

    Scores are in each method's own standard deviations, from its mean on the photographs themselves; a band holds the
    middle half of the photographs. Panels of types whose level is no order of severity are grey and say so.
    ``summaries``, a sentence a method, stand below.
    """
    order = [place for places in _grouped(types).values() for place in places]
    down = math.ceil(len(order) / min(_ACROSS, most_across(_WIDTH)))
    across = math.ceil(len(order) / down)
    figure = new_figure(_WIDTH * across + 0.8, 1.65 * down + 1.1)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    styles = looks([method.label for method in methods])
    scores = {method.label: method.standardised for method in methods}
    for axes, place in zip(grid.flat, order, strict=False):
        for label, values in scores.items():
            _draw(axes, values[:, place], label, styles[label])
        _head(axes, types[place])
    for axes in grid.flat[len(order) :]:
        axes.remove()
    for axes in grid[:, 0]:
        axes.set_ylabel("score (SD)", fontsize="small")
    title = f"{dataset}; score in the method's own standard deviations, up is better"
    _finish(figure, grid, [*summaries, title])
    return figure


def raw_curves(
    methods: Sequence[Levels], types: Sequence[Distortion], dataset: str, summaries: Sequence[str] = ()
) -> Figure:
    """Draw raw mean scores by level, one column for each method, one row for each group and one line for each type."""
    groups = _grouped(types)
    figure = new_figure(2.3 * len(methods) + 2.0, 1.5 * len(groups) + 1.2)
    grid = figure.subplots(len(groups), len(methods), squeeze=False, sharex=True, sharey="col")
    for line, (group, places) in zip(grid, groups.items(), strict=True):
        styles = looks([_named(types[place]) for place in places])
        for axes, method in zip(line, methods, strict=True):
            for place in places:
                _draw(axes, method.scores[:, place], _named(types[place]), styles[_named(types[place])])
        line[0].set_ylabel(group, fontsize="small", fontweight="bold")
        line[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize="x-small", frameon=False)
    for axes, method in zip(grid[0], methods, strict=True):
        better = "higher" if method.higher_is_better else "lower"
        axes.set_title(f"{plain(method.label)}\n{better} is better", fontsize="small")
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
        axes.set_facecolor("#8080802a")


def _finish(figure: Figure, grid: Any, lines: Sequence[str], *, legend: bool = True) -> None:
    for (row, column), axes in np.ndenumerate(grid):
        if axes.figure is None:
            continue
        lowest = row + 1 == len(grid) or grid[row + 1, column].figure is None
        axes.set_xlabel("level" if lowest else "", fontsize="x-small")
        axes.xaxis.label.set_visible(lowest)  # shared axes hide that of a panel above a missing one
        axes.set_ylabel(axes.get_ylabel() if column == 0 else "")
        axes.set_xticks(range(6))
        axes.tick_params(labelsize="x-small", labelbottom=lowest, labelleft=column == 0 or not legend)
    caption(
        figure,
        "\n".join(map(plain, lines)) + "\nsynthetic order, no human opinion\n"
        "level 0 is the photograph itself; bands: the middle half of the photographs",
    )
    if legend:
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper left", fontsize="x-small", frameon=False, ncols=min(4, len(labels))
        )
