"""Figure of a gMAD contest: pairs of photographs with scores and labels."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.errors import ImageError
from bench.figures.style import caption, ink, new_figure, plain
from bench.gmad.contest import Contest, Direction, JudgedPair
from bench.gmad.output import frames, judges, label_name, sides
from bench.gmad.pairs import Opinion
from bench.tables.photographs import Photographs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 40
"""Pairs of one direction that a sheet holds: a picture has at most 65,535 pixels a side."""
_SIDE = 360
_LONGEST = 30
_ACROSS, _NARROW = 72, 32  # letters of a line above both images, and above or below one


def contact_sheet(contest: Contest, pictures: Photographs) -> Figure:
    """Draw the pairs of both directions side by side, one row for each pair, from the worst level to the best.

    The image on the left is the one that the attacker holds better; a heavy frame marks the one that the labels
    hold better. An image that is not here leaves a grey field that says why.
    """
    rows = max(1, *(len(way.judged) for way in contest.directions))
    figure = new_figure(9.6, 1.5 + 2.4 * rows)
    parts: Any = figure.subfigures(1, 2, wspace=0.04)
    for part, way in zip(parts, contest.directions, strict=True):
        part.suptitle(_heading(contest, way), fontsize="x-small")
        grid = part.subplots(rows, 2, squeeze=False)
        for line, judged in zip(grid, way.judged, strict=False):
            _draw_pair(line, contest, way, judged, pictures)
        for axes in grid[len(way.judged) :].ravel():
            axes.set_axis_off()
    caption(figure, frames(contest))
    return figure


def _heading(contest: Contest, way: Direction) -> str:
    first = f"{way.defender} scores these equal, {way.attacker} scores the left one better"
    return "\n".join(plain(line) for text in (first, sides(contest, way)) for line in textwrap.wrap(text, _ACROSS))


def _draw_pair(line: Any, contest: Contest, way: Direction, judged: JudgedPair, pictures: Photographs) -> None:
    pair, gap = judged.pair, judged.label_gap
    for axes, place, preferred in (
        (line[0], pair.better, judged.verdict is Opinion.ATTACKER),
        (line[1], pair.worse, judged.verdict is Opinion.NEITHER),
    ):
        _draw_image(axes, contest, way, place, pictures)
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=True, color=ink() if preferred else "0.8", linewidth=3 if preferred else 0.6)
    line[0].set_ylabel(f"quality level {pair.level}", fontsize="x-small")
    said = judged.reason if judged.verdict is None else _said(contest, way, judged.verdict)
    apart = ((way.defender, pair.defender_gap), (way.attacker, pair.attacker_gap))
    gaps = [f"{_short(method, 16)} {abs(size):.2f}" for method, size in apart]
    told = said if gap is None else f"{said} ({gap:+.2f} SD)"
    below = (_lines(["SD apart:", *gaps], " "), textwrap.fill(told, _NARROW, break_on_hyphens=False))
    for axes, text, side in zip(line, below, ("left", "right"), strict=True):
        axes.set_xlabel(plain(text), fontsize="x-small", loc=side)


def _said(contest: Contest, way: Direction, verdict: Opinion) -> str:
    who = judges(contest)
    opinion = {
        Opinion.ATTACKER: f"left better, as {_short(way.attacker, 20)}",
        Opinion.DEFENDER: f"equal, as {_short(way.defender, 20)}",
        Opinion.NEITHER: "right better, as neither says",
    }
    return f"{who}: {opinion[verdict]}"


def _draw_image(axes: Any, contest: Contest, way: Direction, place: int, pictures: Photographs) -> None:
    name, label = contest.images[place], contest.labels[place]
    scores = [f"{_short(method, 16)} {contest.scores[method][place]:.4g}" for method in (way.defender, way.attacker)]
    scores += [] if np.isnan(label) else [f"{label_name(contest)} {label:.4g}"]
    axes.set_title(plain(f"{_short(name)}\n{_lines(scores)}"), fontsize="x-small", loc="left")
    axes.grid(visible=False)
    try:
        axes.imshow(pictures.thumbnail(name, _SIDE))
    except ImageError as error:
        axes.set_facecolor("0.9")
        axes.set(xlim=(0, 4), ylim=(0, 3), aspect="equal")
        why = textwrap.fill(f"no picture: {error}", 30, max_lines=6, placeholder=" ...")
        axes.text(2, 1.5, plain(why), ha="center", va="center", fontsize="x-small")


def _lines(words: list[str], between: str = ", ") -> str:
    """Return words in lines as long as one image is wide; no word is broken, though it has spaces."""
    lines = [""]
    for word in words:
        joined = f"{lines[-1]}{between}{word}" if lines[-1] else word
        lines[-1:] = [joined] if len(joined) <= _NARROW or not lines[-1] else [lines[-1], word]
    return "\n".join(lines)


def _short(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest // 3]}...{text[-(longest - longest // 3 - 3) :]}"
