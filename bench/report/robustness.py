"""Robustness curves of the report: mean score against the level of a distortion.

The labels are a synthetic order and no human opinion. The curves are those of `bench robustness`: in each method's own
standard deviations, from its mean on the lowest level, higher is better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.distortions import LEVELS
from bench.robustness.degraded import UNDISTORTED
from bench.robustness.levels import read_levels
from bench.tables.cell import Cell
from bench.tables.columns import DatasetKey
from bench.tables.table import Table

WIDTH, HEIGHT = 240, 170
"""Of a panel, in the units of its drawing."""
_LEVELS = {form.format(level) for level in (0, *LEVELS) for form in ("{}", "{}.0")}
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 8, 22


@dataclass(frozen=True)
class Curve:
    """One method under one type.

    Attributes:
        look: number of its colour and dash.
        label: of its row.
        means: level → mean standardised score.
        spots: the same as (x, y) in the panel.
    """

    look: int
    label: str
    means: Mapping[float, float]
    spots: tuple[tuple[float, float], ...]

    @property
    def path(self) -> str:
        """The spots as SVG writes a line."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.spots)


@dataclass(frozen=True)
class Panel:
    """One type of distortion.

    Attributes:
        title: of the type.
        levels: (x, level).
        heights: (y, standardised score).
        curves: one for each method.
    """

    title: str
    levels: tuple[tuple[float, str], ...]
    heights: tuple[tuple[float, str], ...]
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Robustness:
    """One dataset.

    Attributes:
        title: its id.
        methods: (look, label).
        panels: one for each type.
        left_out: (label, why it is not drawn).
    """

    title: str
    methods: tuple[tuple[int, str], ...]
    panels: tuple[Panel, ...]
    left_out: tuple[tuple[str, str], ...]


def collect(table: Table, column: DatasetKey) -> Robustness | None:
    """Return the curves of a dataset; None where its labels are no levels of distortion types."""
    cells = {table.labels[row]: table.cells[row, column] for row in table.rows if (row, column) in table.cells}
    if any(cell.dataset.kind != "synthetic-order" for cell in cells.values()):
        return None
    found = {label: _means(cell) for label, cell in cells.items()}
    drawn = {label: means for label, means in found.items() if not isinstance(means, str)}
    if not drawn:
        return None
    types = sorted({kind for means in drawn.values() for kind in means})
    labels = list(drawn)
    every = [mean for means in drawn.values() for of in means.values() for mean in of.values()]
    span = min(every), max(every)
    panels = tuple(_panel(kind, {label: drawn[label].get(kind, {}) for label in labels}, span) for kind in types)
    left_out = tuple((label, means) for label, means in found.items() if isinstance(means, str))
    return Robustness(column.dataset, tuple(enumerate(labels)), panels, left_out)


def _means(cell: Cell) -> dict[str, dict[float, float]] | str:
    """Return type → level → mean standardised score, or why there are none."""
    if not cell.entry.complete:
        return "unfinished"
    frame = cell.entry.scores()
    if not {"type", "level"} <= set(frame.columns) or frame["type"].isna().any():
        return "the labels do not say type and level of each image"
    if not set(frame["level"].astype(str)) <= _LEVELS:
        return f"its levels are not whole numbers from 0 to {LEVELS[-1]}"
    types = sorted(set(frame["type"]) - {UNDISTORTED})
    levels = read_levels(cell.entry, types)
    if np.isnan(levels.standardised).all():
        return f"no image of level {levels.lowest} has a score"
    return {
        kind: {float(level): float(mean) for level, mean in enumerate(means) if not np.isnan(mean)}
        for kind, means in zip(types, levels.means, strict=True)
    }


def _panel(title: str, means: Mapping[str, Mapping[float, float]], span: tuple[float, float]) -> Panel:
    levels = sorted({level for of in means.values() for level in of})
    x, y = _scale(levels, _LEFT, WIDTH - _RIGHT), _scale(span, HEIGHT - _BOTTOM, _TOP)
    curves = tuple(
        Curve(look, label, of, tuple((x(level), y(of[level])) for level in sorted(of)))
        for look, (label, of) in enumerate(means.items())
        if of
    )
    whole = range(int(np.ceil(span[0])), int(np.floor(span[1])) + 1)
    return Panel(
        title,
        tuple((x(level), f"{level:g}") for level in levels),
        tuple((y(height), f"{height:+d}" if height else "0") for height in whole),
        curves,
    )


def _scale(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    low, high = min(values), max(values)
    # A single value stands in the middle.
    return lambda value: start + (end - start) * ((value - low) / (high - low) if high > low else 0.5)
