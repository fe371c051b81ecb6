"""Figure of SRCC against speed (``bench plot speed``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.defaults import CONFIDENCE
from bench.figures.style import caption, looks, new_grid, plain
from bench.runs.speed import LEAST, Speed, speed
from bench.tables.cell import Cell
from bench.tables.columns import DatasetKey
from bench.tables.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class MethodSpeed:
    """A method's SRCC and speed on one dataset.

    Attributes:
        method: label of its row.
        cell: its numbers.
        srcc: of the cell.
        speed: images a second, and in the slowest and the fastest part of the run.
    """

    method: str
    cell: Cell
    srcc: float
    speed: Speed

    @property
    def value(self) -> float:
        """Images a second."""
        assert self.speed.value is not None
        return self.speed.value


@dataclass(frozen=True)
class Race:
    """One dataset.

    Attributes:
        column: the dataset.
        timed: methods with an SRCC and a speed.
        left_out: label → why a method is not drawn.
    """

    column: DatasetKey
    timed: list[MethodSpeed]
    left_out: dict[str, str]


def races(table: Table) -> list[Race]:
    """Return SRCC and speed of each dataset's methods, and which of them lack one."""
    found = []
    for column in table.columns:
        timed, left_out = [], {}
        for row in table.rows:
            if (cell := table.cells.get((row, column))) is None:
                continue
            fast, c = speed(cell.entry), cell.correlations
            if c.srcc is not None and fast.value is not None:
                timed.append(MethodSpeed(table.labels[row], cell, c.srcc, fast))
            else:
                left_out[table.labels[row]] = f"no SRCC: {c.reasons['srcc']}" if c.srcc is None else fast.reason
        found.append(Race(column, timed, left_out))
    return found


def speeds(shown: list[Race]) -> Figure:
    """Draw one panel for each dataset; timings under other conditions have another marker and are not comparable."""
    under = dict.fromkeys(str(timed.speed.conditions) for race in shown for timed in race.timed)
    look = looks(list(under))
    figure, grid = new_grid(len(shown), 4.6, 3.3)
    for axes, race in zip(grid, shown, strict=True):
        _draw(axes, race, look)
    handles = {text: handle for axes in grid for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", fontsize="x-small", frameon=False)
    caption(
        figure,
        f"upright line: {CONFIDENCE:.0%} interval of the SRCC; level line: images a second in the slowest and in the "
        f"fastest part of the run, of {LEAST} images or more\n"
        "images a second in one process: scoring alone, no reading, no decoding\n"
        "Compare equal markers only, and only if one machine did all: the store does not say which machine it was.",
    )
    return figure


def _draw(axes: Any, race: Race, look: dict[str, dict[str, Any]]) -> None:
    middle = math.sqrt(min(each.value for each in race.timed) * max(each.value for each in race.timed))
    for timed in race.timed:
        interval = timed.cell.interval
        if interval.low is not None and interval.high is not None:
            axes.plot([timed.value] * 2, [interval.low, interval.high], color="0.45", linewidth=1.2, zorder=2)
        if timed.speed.slowest is not None and timed.speed.fastest is not None:
            axes.plot(
                [timed.speed.slowest, timed.speed.fastest], [timed.srcc] * 2, color="0.45", linewidth=1.2, zorder=2
            )
        conditions = str(timed.speed.conditions)
        style = look[conditions] | {"linestyle": "none", "markersize": 5}
        axes.plot(timed.value, timed.srcc, label=conditions, zorder=3, **style)
        # Names stay inside: those of the faster half stand on the left of their marker.
        place, side = ((-6, 6), "right") if timed.value > middle else ((6, 6), "left")
        axes.annotate(
            plain(timed.method),
            (timed.value, timed.srcc),
            place,
            textcoords="offset points",
            ha=side,
            fontsize="x-small",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.margins(x=0.16, y=0.12)
    axes.set_xlabel("images a second", fontsize="x-small")
    axes.set_ylabel(f"SRCC with its {CONFIDENCE:.0%} interval", fontsize="x-small")
    axes.set_title(plain(race.column.dataset), fontsize="small")
    axes.tick_params(labelsize="x-small")
