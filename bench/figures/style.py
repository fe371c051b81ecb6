"""Style of all figures: safe for colour blindness, readable in grey, reproducible byte for byte."""

from __future__ import annotations

import functools
import io
import math
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.errors import UsageError
from bench.io.atomic import output_file
from bench.io.progress import note
from bench.io.visible import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")
DIVERGING = "PuOr"
"""Colours of differences: both ends differ from each other for the colour-blind too, and white is none."""
SEQUENTIAL = "cividis"
"""Colours of amounts: its lightness rises evenly, for the colour-blind and in grey."""

_MARKERS = "oXsDPv^<>*"
_DASHES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Style:
    """How large a figure and its text are.

    Attributes:
        text: size of ordinary text, in points; most text in a figure is smaller.
        widths: inches that a figure may be wide, the narrowest first; empty: as wide as it needs.
        captioned: whether the caption stands in the picture; a paper writes it below, in its own type.
    """

    text: float
    widths: tuple[float, ...] = ()
    captioned: bool = True


STYLES = {"screen": Style(11), "paper": Style(9, widths=(3.5, 7.16), captioned=False)}
"""Styles by the name that ``--style`` takes. A paper's widths are one column and two of an IEEE page."""


@dataclass(frozen=True)
class _Now:
    style: Style
    transparent: bool


_DEFAULT = _Now(STYLES["screen"], transparent=False)
_NOW = ContextVar("style of figures", default=_DEFAULT)
_DRAWN_AT = 9.6  # points of ordinary text that sizes of figures are given for
_NARROWER = 0.8  # of the width that a figure asks for is enough to fit a column
_LETTER = 0.4  # width of a letter of a caption, of the size of ordinary text
_INK, _GREY_INK = "0.15", "#787878"  # the grey is as far from white as from black

# What matplotlib looks up when a figure is written, not when it is drawn. Text stays text in SVG and PDF, and ids
# do not change from run to run.
_WRITTEN: Any = {"svg.fonttype": "none", "svg.hashsalt": "bench", "pdf.fonttype": 42}


@contextmanager
def styled(style: str = "screen", transparent: bool = False) -> Iterator[None]:
    """Draw figures in a style.

    Args:
        style: a key of :data:`STYLES`.
        transparent: leave the background out. On screen, text is then a grey that white and black pages both show.

    Raises:
        UsageError: there is no such style.
    """
    if style not in STYLES:
        raise UsageError(f"--style got {quoted(style)}: use {' or '.join(STYLES)}")
    token = _NOW.set(_Now(STYLES[style], transparent))
    try:
        yield
    finally:
        _NOW.reset(token)


@contextmanager
def own_style(style: str = "screen", transparent: bool = False) -> Iterator[None]:
    """Draw in a style of :func:`styled`, and give the caller's own settings of matplotlib back."""
    with styled(style, transparent):
        import matplotlib as mpl

        with mpl.rc_context():
            yield


def ink() -> str:
    """Return the colour of text, and of lines that are to be seen as well."""
    now = _NOW.get()
    return _GREY_INK if now.transparent and now.style.captioned else _INK


def ground() -> str:
    """Return the colour of the background."""
    return "none" if _NOW.get().transparent else "white"


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure in the style of all figures.

    Args:
        width: inches that it needs where ordinary text has 9.6 points; a style scales and fits it.
        height: likewise.
    """
    import seaborn as sns

    style = _NOW.get().style
    colours = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), ink())
    grounds = dict.fromkeys(("figure.facecolor", "axes.facecolor"), ground())
    frame = {
        "axes.edgecolor": ink() if ground() == "none" else "0.6",
        "grid.color": ink(),
        "grid.alpha": 0.2,
        "axes.linewidth": 0.6,
    }
    sns.set_theme(
        style="whitegrid",
        context="paper",
        palette="colorblind",
        font_scale=style.text / _DRAWN_AT,
        rc={**_WRITTEN, **colours, **grounds, **frame, "grid.linewidth": 0.6},
    )
    return _figure_class()(figsize=_fitted(width, height), layout="constrained")


def _fitted(width: float, height: float) -> tuple[float, float]:
    """Return the inches of a figure that needs so many at the size that sizes are given for."""
    style = _NOW.get().style
    width, height = (side * style.text / _DRAWN_AT for side in (width, height))
    if not style.widths:
        return width, height
    fitting = next((each for each in style.widths if width * _NARROWER <= each), style.widths[-1])
    return fitting, height * min(1, fitting / width)


def most_across(width: float) -> int:
    """Return how many panels of so many inches fit beside each other, at least one."""
    style = _NOW.get().style
    if not style.widths:
        return 100
    return max(1, int(style.widths[-1] / (width * style.text / _DRAWN_AT * _NARROWER)))


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
    columns = min(columns, max(1, count), most_across(width))
    lines = max(1, math.ceil(count / columns))
    figure = new_figure(width * columns, height * lines + 0.3)
    grid = list(np.ravel(figure.subplots(lines, columns, squeeze=False)))
    for axes in grid[count:]:
        axes.remove()
    return figure, grid[:count]


def caption(figure: Figure, text: str) -> None:
    """Write a text below a figure, its lines as long as the figure is wide; on paper it is only said by the command."""
    style = _NOW.get().style
    figure.set_label(text)
    if style.captioned:
        across = int(figure.get_figwidth() * 72 / (_LETTER * style.text))
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
    """Write a figure in the format of the path's suffix; it appears whole. A caption that it lacks is said on stderr.

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
    if (said := str(figure.get_label())) and not figure.get_supxlabel():
        note("to say in the caption: " + said.replace(".\n", ". ").replace("\n", "; "))
