"""Figures of `bench explain`: maps over the photograph, and bars of its aspects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.api import FloatArray, Pixels, Resize
from bench.explain.gradcam import enlarge
from bench.figures.style import SEQUENTIAL, new_figure, plain
from bench.io.images import luma, resize

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LONGEST = 640  # pixels of a side that is drawn
_PANEL = 2.6  # inches of a panel's longer side
_NARROWEST = 1.3  # inches that a title needs
_OPACITY = 0.6


def overlay(pixels: Pixels, maps: Mapping[str, FloatArray]) -> Figure:
    """Draw the photograph (H, W, 3), and beside it each map (h, w) over a grey one; a line is at half its largest."""
    shown = _shrunk(pixels)
    height, width = (_PANEL * side / max(shown.shape[:2]) for side in shown.shape[:2])
    count = 1 + len(maps)
    figure = new_figure(count * max(width, _NARROWEST) + 0.9, height + 0.7)
    first, *others = np.ravel(figure.subplots(1, count, squeeze=False))
    first.imshow(shown)
    first.set_title("photograph", fontsize="small")
    for axes, (name, cells) in zip(others, maps.items(), strict=True):
        drawn = _draw_map(axes, shown, cells)
        axes.set_title(f"{plain(name)}\nlargest {cells.max():.3g}", fontsize="small")
    for axes in (first, *others):
        axes.set_axis_off()
    if others:
        bar = figure.colorbar(drawn, ax=others, shrink=0.8, pad=0.02)
        bar.set_label("share of the map's largest", fontsize="x-small")
        bar.ax.tick_params(labelsize="x-small")
    return figure


def _shrunk(pixels: Pixels) -> Pixels:
    scale = min(1.0, _LONGEST / max(pixels.shape[:2]))
    height, width = (max(1, round(scale * side)) for side in pixels.shape[:2])
    return resize(pixels, Resize(exact=(width, height)))


def _draw_map(axes: Any, shown: Pixels, cells: FloatArray) -> Any:
    height, width = shown.shape[:2]
    largest = cells.max()
    shares = enlarge(cells / largest if largest > 0 else cells, height, width)
    # Of low contrast, so that in grey too the lightness is the map's.
    axes.imshow(luma(shown), cmap="gray", vmin=-128, vmax=383)
    drawn = axes.imshow(shares, cmap=SEQUENTIAL, vmin=0, vmax=1, alpha=_OPACITY)
    if shares.min() < 0.5 < shares.max():
        axes.contour(shares, levels=[0.5], colors="white", linewidths=1)
    return drawn


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
    axes.axvline(0.5, color="0.15", linewidth=1)
    axes.set_yticks(places, names, fontsize="small")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-0.12, 1.12)
    axes.set_xticks(np.linspace(0, 1, 5))
    axes.grid(visible=False)
    figure.supxlabel("probability of the first of each pair; left of 0.5 the second fits better", fontsize="small")
    axes.set_title(plain(title), fontsize="small")
    return figure
