"""Style of all figures: safe for colour blindness, readable in grey, reproducible byte for byte."""

from __future__ import annotations

import functools
import io
import math
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.errors import UsageError
from bench.io.atomic import output_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")
DIVERGING = "PuOr"
"""Colours of differences: both ends differ from each other for the colour-blind too, and white is none."""
SEQUENTIAL = "cividis"
"""Colours of amounts: its lightness rises evenly, for the colour-blind and in grey."""

_PER_INCH = 17  # letters of a caption

_MARKERS = "oXsDPv^<>*"
_DASHES = ("-", "--", ":", "-.")


# What matplotlib looks up when a figure is written, not when it is drawn. Text stays text in SVG and PDF, and ids
# do not change from run to run.
_WRITTEN: Any = {"svg.fonttype": "none", "svg.hashsalt": "bench", "pdf.fonttype": 42}


@contextmanager
def own_style() -> Iterator[None]:
    """Draw in the style of all figures, and give the caller's own settings of matplotlib back."""
    import matplotlib as mpl

    with mpl.rc_context():
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches, in the style of all figures."""
    import seaborn as sns

    sns.set_theme(
        style="whitegrid",
        context="paper",
        palette="colorblind",
        rc=_WRITTEN,
    )
    return _figure_class()(figsize=(width, height), layout="constrained")


@functools.cache
def _figure_class() -> type[Figure]:
    import matplotlib as mpl
    from matplotlib.figure import Figure as PlainFigure

    class StyledFigure(PlainFigure):
        """Is written in the style of all figures, whatever is set by then, and shows itself in a notebook."""

        def savefig(self, *args: Any, **options: Any) -> None:
            with mpl.rc_context(_WRITTEN):
                super().savefig(*args, **options)

        def _repr_png_(self) -> bytes:
            picture = io.BytesIO()
            self.savefig(picture, format="png", dpi=160)
            return picture.getvalue()

    return StyledFigure


def new_grid(count: int, width: float, height: float, columns: int = 3) -> tuple[Figure, list[Any]]:
    """Return a figure with so many panels, each of so many inches, and their axes from left to right and down.

    Args:
        count: panels.
        width: of one.
        height: of one.
        columns: panels beside each other, at most.
    """
    columns = min(columns, max(1, count))
    lines = max(1, math.ceil(count / columns))
    figure = new_figure(width * columns, height * lines + 0.3)
    grid = list(np.ravel(figure.subplots(lines, columns, squeeze=False)))
    for axes in grid[count:]:
        axes.remove()
    return figure, grid[:count]


def caption(figure: Figure, text: str) -> None:
    """Write a text below a figure, its lines as long as the figure is wide."""
    across = int(figure.get_figwidth() * _PER_INCH)
    figure.supxlabel("\n".join(textwrap.fill(line, across) for line in text.split("\n")), fontsize="x-small")


def looks(names: list[str]) -> dict[str, dict[str, Any]]:
    """Give each name a colour, a marker and a dash, so that no two are told apart by colour alone."""
    import seaborn as sns

    colours = cycle(sns.color_palette("colorblind"))
    return {
        name: {"color": next(colours), "marker": _MARKERS[i % len(_MARKERS)], "linestyle": _DASHES[i % len(_DASHES)]}
        for i, name in enumerate(names)
    }


def plain(text: str) -> str:
    """Return a text of others as matplotlib writes it out.

    A dollar sign would begin mathematics. A character that the font lacks is a box, without a warning.
    """
    known = _glyphs()
    return "".join(c if c == "\n" or ord(c) in known else "\N{WHITE SQUARE}" for c in text).replace("$", r"\$")


@functools.cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties())).get_charmap())


def check_path(path: Path, option: str = "--output") -> None:
    """Raise UsageError unless a figure can be written to a path."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{option} got {path}: its name must end in {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise UsageError(f"{option} got {path}: the folder {path.parent} does not exist")


def save_figure(figure: Figure, path: Path, option: str = "--output") -> None:
    """Write a figure in the format of the path's suffix; it appears whole.

    Args:
        figure: what to draw.
        path: the file, with a suffix of :data:`SUFFIXES`.
        option: the option that named the path, for the message.

    Raises:
        UsageError: the path cannot be written to.
    """
    suffix = path.suffix[1:].lower()
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with output_file(path, option) as beside:
        figure.savefig(beside, format=suffix, dpi=160, metadata=dates.get(suffix))
