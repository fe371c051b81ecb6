"""Figures of significance tests: matrices, and rankings with bars over methods that do not differ significantly."""

from __future__ import annotations

import dataclasses
import math
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.api import Family
from bench.defaults import ALPHA, CONFIDENCE, POWER
from bench.figures.style import DIVERGING, caption, ink, looks, new_grid, plain
from bench.stats import Interval, resolution
from bench.tables.averages import average, why_not
from bench.tables.cell import MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.resolution import column_resolution
from bench.tables.significance import Comparison, Significance, compare_averages
from bench.tables.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMED, _ACROSS = 5, 60  # methods that a panel lacks, by name; letters of a line below it
_PALE = 0.35  # of a difference that is not significant
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class ComparisonPanel:
    """Rows compared in one place.

    Attributes:
        title: dataset and n, or the average's.
        rows: best first.
        srcc: row → SRCC.
        intervals: row → its interval.
        comparisons: of these rows.
        resolves: smallest difference of SRCC that a paired test finds here, of the median pair; None if unknown.
        lacking: why → the table's rows that are not compared here.
    """

    title: str
    rows: list[MethodKey]
    srcc: Mapping[MethodKey, float]
    intervals: Mapping[MethodKey, Interval]
    comparisons: Sequence[Comparison]
    resolves: float | None
    lacking: Mapping[str, list[MethodKey]] = field(default_factory=dict)


def panels(table: Table, tests: Significance) -> list[ComparisonPanel]:
    """Return a panel for each column of a table with rows to compare, and one for the average where there is one.

    Args:
        table: of cells that were evaluated with draws.
        tests: of its columns.
    """
    found = []
    for column in (each for each in table.columns if each not in tests.copies):
        cells = {row: table.cells[row, column] for row in table.eligible[column]}
        srcc = {row: value for row, cell in cells.items() if (value := cell.correlations.srcc) is not None}
        intervals = {row: cells[row].interval for row in srcc}
        n = max((cell.correlations.n for cell in cells.values()), default=0)
        resolves = column_resolution(table, column).median
        panel = _panel(f"{column.dataset} (n = {n:,})", srcc, intervals, tests.at(column), resolves)
        found.append(dataclasses.replace(panel, lacking=_lacking(table, column)))
    over = average(table)
    if over.bootstrap is not None:
        srcc = {row: mean.value for row, mean in over.srcc.items() if mean.value is not None}
        intervals = {row: over.bootstrap.intervals[table.rows.index(row)] for row in srcc}
        title = f"average of {len(over.over)} datasets"
        tested = compare_averages(table, over).at(None)
        found.append(_panel(title, srcc, intervals, tested, resolution(over.bootstrap).median))
    return [panel for panel in found if len(panel.rows) > 1]


def _lacking(table: Table, column: DatasetKey) -> dict[str, list[MethodKey]]:
    found: dict[str, list[MethodKey]] = defaultdict(list)
    for row in table.rows:
        if why := why_not(table, row, column):
            found[why].append(row)
    return dict(found)


def _panel(
    title: str,
    srcc: dict[MethodKey, float],
    intervals: dict[MethodKey, Interval],
    comparisons: Sequence[Comparison],
    resolves: float | None,
) -> ComparisonPanel:
    return ComparisonPanel(title, sorted(srcc, key=lambda row: -srcc[row]), srcc, intervals, comparisons, resolves)


def indistinguishable_runs(rows: Sequence[MethodKey], comparisons: Sequence[Comparison]) -> list[tuple[int, int]]:
    """Return the longest runs of rows, as (first, last), in which no test finds one better than another.

    Args:
        rows: best first.
        comparisons: of any rows; a pair without one is not told apart.
    """
    apart = {frozenset((each.a, each.b)) for each in comparisons if each.better}
    runs: list[tuple[int, int]] = []
    for first in range(len(rows)):
        last = first
        while last + 1 < len(rows) and all(
            frozenset(pair) not in apart for pair in combinations(rows[first : last + 2], 2)
        ):
            last += 1
        if last > first and not (runs and runs[-1][1] >= last):
            runs.append((first, last))
    return runs


def rankings(table: Table, shown: Sequence[ComparisonPanel]) -> Figure:
    """Draw each panel's rows by SRCC with intervals; a bar spans rows that no test tells apart.

    Each family has a colour and a marker, and below a panel stands which methods it lacks and why.
    Like a critical-difference diagram, but the tests are the table's own: paired, on the images, adjusted by Holm.
    """
    most = max((len(panel.rows) for panel in shown), default=1)
    figure, grid = new_grid(len(shown), width=3.6, height=0.8 + 0.21 * most)
    families = {row: cell.family for (row, _), cell in table.cells.items()}
    there = {families[row] for panel in shown for row in panel.rows}
    look = {family: each for family, each in looks(list(Family)).items() if family in there}
    for axes, panel in zip(grid, shown, strict=True):
        _draw_ranking(axes, panel, table.labels)
        for family, each in look.items():
            places = [place for place, row in enumerate(panel.rows) if families[row] == family]
            values = [panel.srcc[panel.rows[place]] for place in places]
            axes.plot(values, places, **{**each, "linestyle": ""}, markersize=4, zorder=3, label=str(family))
    if len(look) > 1:
        handles, names = grid[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=len(look), fontsize="x-small", frameon=False)
    caption(
        figure,
        f"SRCC with its {CONFIDENCE:.0%} interval; a bar at the right joins methods without a significant difference "
        f"({ALPHA:.0%})\nthe scale bar at the top is the smallest difference of SRCC that a test of two methods finds "
        f"with a probability of {POWER:.0%}",
    )
    return figure


def _draw_ranking(axes: Any, panel: ComparisonPanel, labels: Mapping[MethodKey, str]) -> None:
    places = np.arange(len(panel.rows))
    for place, row in zip(places, panel.rows, strict=True):
        interval = panel.intervals[row]
        if interval.low is not None and interval.high is not None:
            axes.plot([interval.low, interval.high], [place, place], color="0.45", linewidth=1.2, zorder=2)
    axes.set_yticks(places, [plain(labels[row]) for row in panel.rows], fontsize="x-small")
    axes.set_ylim(len(panel.rows) - 0.5, -0.5)
    if panel.resolves is not None:
        _draw_scale_bar(axes, panel.resolves)
    axes.set_xlabel("\n".join(filter(None, ("SRCC", _missing(panel, labels)))), fontsize="x-small")
    axes.set_title(plain(panel.title), fontsize="small")
    axes.tick_params(axis="x", labelsize="x-small")
    ends: list[int] = []  # of the last bar in each lane
    for first, last in indistinguishable_runs(panel.rows, panel.comparisons):
        lane = next((lane for lane, end in enumerate(ends) if end < first), len(ends))
        ends[lane:] = [last, *ends[lane + 1 :]]
        at = 1.03 + 0.035 * lane
        span = {"transform": axes.get_yaxis_transform(), "clip_on": False, "solid_capstyle": "butt"}
        axes.plot([at, at], [first - 0.3, last + 0.3], color=ink(), linewidth=2, **span)


def _missing(panel: ComparisonPanel, labels: Mapping[MethodKey, str]) -> str:
    """Return which methods a panel lacks and why, in lines as long as it is wide; of many the first ones."""
    lines = []
    for why, rows in panel.lacking.items():
        more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
        names = ", ".join(plain(labels[row]) for row in rows[:_NAMED])
        lines.append(textwrap.fill(f"without {names}{more}: {plain(why)}", _ACROSS))
    return "\n".join(lines)


def _draw_scale_bar(axes: Any, length: float) -> None:
    """Draw a length of SRCC with its number, in a lane of its own above the rows."""
    left = axes.dataLim.x0
    axes.plot([left, left + length], [-1, -1], color=ink(), marker="|", markersize=6, linewidth=1.2)
    axes.annotate(
        f"{length:.3f}", (left + length, -1), (4, 0), textcoords="offset points", va="center", fontsize="x-small"
    )
    axes.set_ylim(axes.get_ylim()[0], -1.7)


def matrices(table: Table, shown: Sequence[ComparisonPanel]) -> Figure:
    """Draw for each panel whether the row is better (+) or worse (-) than the column, and by how much SRCC."""
    most = max((len(panel.rows) for panel in shown), default=1)
    side = max(2.2, 0.7 + 0.16 * most)
    longest = max((len(table.labels[row]) for panel in shown for row in panel.rows), default=0)
    figure, grid = new_grid(len(shown), width=side + 0.3 + 0.06 * longest, height=side + 0.2, columns=2)
    extent = max((abs(v) for panel in shown for v in _differences(panel).ravel() if not math.isnan(v)), default=1.0)
    for axes, panel in zip(grid, shown, strict=True):
        _draw_matrix(axes, panel, table.labels, extent)
    if shown:
        bar = figure.colorbar(_scale(extent), ax=list(grid), location="bottom", shrink=0.5, aspect=30, pad=0.02)
        bar.set_label("SRCC of row less column", fontsize="x-small")
        bar.ax.tick_params(labelsize="x-small")
    told = f"no significant difference ({ALPHA:.0%}, Holm over all)"
    caption(figure, f"+ the row is better, {_MINUS} it is worse; pale, without a sign: {told}")
    return figure


def _draw_matrix(axes: Any, panel: ComparisonPanel, labels: Mapping[MethodKey, str], extent: float) -> None:
    differences, signs = _differences(panel), _signs(panel)
    shades = np.where(signs == "", _PALE, 1.0)
    axes.imshow(differences, cmap=DIVERGING, vmin=-extent, vmax=extent, alpha=shades)
    axes.grid(visible=False)
    for (i, j), sign in np.ndenumerate(signs):
        strong = abs(differences[i, j]) > 0.6 * extent
        axes.text(j, i, sign, ha="center", va="center", fontsize="x-small", color="white" if strong else "black")
    places = np.arange(len(panel.rows))
    axes.set_yticks(places, [f"{plain(labels[row])}  {p + 1}" for p, row in enumerate(panel.rows)], fontsize="x-small")
    axes.set_xticks(places, [str(place + 1) for place in places], fontsize="x-small")
    axes.set_title(plain(panel.title), fontsize="small")


def _scale(extent: float) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(-extent, extent), DIVERGING)


def _differences(panel: ComparisonPanel) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = np.array([panel.srcc[row] for row in panel.rows])
    return np.asarray(values[:, None] - values[None, :])


def _signs(panel: ComparisonPanel) -> np.ndarray[Any, np.dtype[np.str_]]:
    place = {row: index for index, row in enumerate(panel.rows)}
    signs = np.full((len(place), len(place)), "", dtype="<U1")
    for each in panel.comparisons:
        if each.better is not None:
            better, worse = (each.a, each.b) if each.better == each.a else (each.b, each.a)
            signs[place[better], place[worse]], signs[place[worse], place[better]] = "+", _MINUS
    return signs
