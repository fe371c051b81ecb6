"""Figures of an explanation: maps over the photograph, and bars of the aspects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.api import FloatArray, Pixels, Resize
from bench.errors import UsageError
from bench.explain.explanation import SHUFFLES, BoolArray, Explanation
from bench.figures.style import caption, ink, new_figure, plain
from bench.io.images import resize

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bench.explain.run import ExplainedPhoto

_LONGEST = 640  # pixels of a side that is drawn
_PANEL = 2.4  # inches of a panel's longer side
_NARROWEST = 1.6  # inches that a title needs
_COLOUR = (0.90, 0.0, 0.48)  # seldom that of a photograph
_OPACITY = 0.85  # where a map is largest


def overlay(pixels: Pixels, found: Explanation) -> Figure:
    """Draw the photograph (H, W, 3), and each map over it, cell by cell and all on one scale.

    The photograph keeps its colours where a map is 0. A line is around the cells above what noise reaches.
    """
    shown = _shrunk(pixels)
    height, width = (_PANEL * side / max(shown.shape[:2]) for side in shown.shape[:2])
    count = 1 + len(found.maps)
    figure = new_figure(count * max(width, _NARROWEST) + 1.0, height + 1.2)
    first, *others = np.ravel(figure.subplots(1, count, squeeze=False))
    first.imshow(shown)
    first.set_title("photograph", fontsize="x-small")
    largest = max((float(cells.max()) for cells in found.maps.values()), default=0.0) or 1.0
    power = math.floor(math.log10(largest))
    scale = 10.0**power if abs(power) > 2 else 1.0  # numbers with many zeros are hard to compare
    for axes, (name, cells) in zip(others, found.maps.items(), strict=True):
        above = found.above_noise(name)
        drawn = _draw_map(axes, shown, cells / scale, above, largest / scale)
        spread = f"mean {cells.mean() / scale:.2g}, SD {cells.std() / scale:.2g}"
        said = f"{above.sum()} of {above.size} cells above noise" if above.any() else "all within noise"
        axes.set_title(f"{plain(name)}\n{spread}\n{said}", fontsize="x-small")
    for axes in (first, *others):
        axes.set_axis_off()
    if others:
        bar = figure.colorbar(drawn, ax=others, shrink=0.8, pad=0.02)
        times = "" if scale == 1 else f"$10^{{{power}}}$ "
        bar.set_label(f"{times}{plain(found.unit)} a cell", fontsize="x-small")
        bar.ax.tick_params(labelsize="x-small")
    caption(
        figure,
        "colour: how much a cell raises the output; line: around cells above the largest that noise reaches, which is "
        f"this photograph with its pixels shuffled ({SHUFFLES} times)",
    )
    return figure


def _shrunk(pixels: Pixels) -> Pixels:
    scale = min(1.0, _LONGEST / max(pixels.shape[:2]))
    height, width = (max(1, round(scale * side)) for side in pixels.shape[:2])
    return resize(pixels, Resize(exact=(width, height)))


def _draw_map(axes: Any, shown: Pixels, cells: FloatArray, above: BoolArray, largest: float) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    axes.imshow(shown)
    colours = LinearSegmentedColormap.from_list("opacity", [(*_COLOUR, 0.0), (*_COLOUR, _OPACITY)])
    values = _by_cells(cells, *shown.shape[:2])
    drawn = axes.imshow(values, cmap=colours, vmin=0, vmax=largest, interpolation="nearest")
    if above.any() and not above.all():
        inside = _by_cells(above.astype(float), *shown.shape[:2])
        for colour, line in (("black", 1.8), ("white", 0.9)):  # seen on light and on dark photographs
            axes.contour(inside, levels=[0.5], colors=colour, linewidths=line)
    return drawn


def _by_cells(cells: FloatArray, height: int, width: int) -> FloatArray:
    """Return a map at another size without new values: what is between two cells is one of them."""
    rows, columns = (np.arange(size) * n // size for size, n in zip((height, width), cells.shape, strict=True))
    return np.asarray(cells[np.ix_(rows, columns)])


def aspect_chart(found: ExplainedPhoto, parameter: str) -> Figure:
    """Draw the probabilities of a photograph's aspects, under its name and score.

    Raises:
        UsageError: the method has none; the message begins with the parameter that asked for them.
    """
    if not found.explanation.aspects:
        raise UsageError(f"{parameter}: {found.method} has no probabilities of aspects; leave {parameter} out")
    title = f"{found.photo.name}: {found.method} {found.explanation.score:.4f}"
    return aspect_bars(found.explanation.aspects, title)


def aspect_bars(aspects: Mapping[str, float], title: str) -> Figure:
    """Draw each aspect's probability as a bar from one half, the lowest on top: to the left is what is bad."""
    lowest_first = sorted(aspects.items(), key=lambda item: item[1])
    names, values = [plain(name) for name, _ in lowest_first], np.array([value for _, value in lowest_first])
    figure = new_figure(6, 0.9 + 0.3 * len(names))
    axes = figure.subplots()
    places = np.arange(len(names))
    axes.barh(places, values - 0.5, left=0.5, height=0.6, color=["C1" if value < 0.5 else "C0" for value in values])
    for place, value in enumerate(values.tolist()):
        side = -1 if value < 0.5 else 1
        aligned: Any = {"va": "center", "ha": "right" if side < 0 else "left"}
        axes.text(value + 0.01 * side, place, f"{value:.2f}", fontsize="small", **aligned)
    axes.axvline(0.5, color=ink(), linewidth=1)
    axes.set_yticks(places, names, fontsize="small")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-0.12, 1.12)
    axes.set_xticks(np.linspace(0, 1, 5))
    axes.grid(visible=False)
    figure.supxlabel("probability of the first of each pair; left of 0.5 the second fits better", fontsize="small")
    axes.set_title(plain(title), fontsize="small")
    return figure
