"""Tables for a terminal: as wide as it is, with the colours that it has."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from bench.io.visible import one_line
from bench.views.markdown import superscripts
from bench.views.writing import Markup, Sheet

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_NO_LIMIT = 100_000  # characters


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(one_line(text))


def _terminal(sheet: Sheet) -> str:
    from rich import box
    from rich.table import Table

    table = Table(
        title=sheet.title or None,
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        header_style="bold",
        highlight=False,
    )
    for place, heading in enumerate(sheet.head):
        table.add_column(heading, overflow="fold", justify="left" if place == 0 else "right", no_wrap=place > 0)
    for heading, lines in sheet.groups:
        if heading:
            table.add_row(f"[italic]{heading}[/]")
        for line in lines:
            table.add_row(*line)
    below = [*sheet.captions, *(f"{superscripts([n])} {note}" for n, note in enumerate(sheet.notes, 1))]
    # A number must not be cut, whatever the width: a table that is too wide is wrapped by the terminal.
    wide = max(_width(), _console(_NO_LIMIT).measure(table).maximum)
    texts = "\n".join(["", *(f"[dim]{text}[/]" for text in below)])
    return _printed(table, wide) + _printed(texts, _width())


def _width() -> int:
    from rich.console import Console

    return Console(file=sys.stdout).width


def _console(width: int) -> Console:
    """Return a console that writes into memory with the colours of the terminal."""
    from rich.console import Console

    return Console(file=io.StringIO(), force_terminal=True, width=width, emoji=False, highlight=False)


def _printed(what: RenderableType, width: int) -> str:
    console = _console(width)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


TERMINAL = Markup(
    escape=_escape,
    best=lambda text: f"[bold green]{text}[/]",
    second=lambda text: f"[underline]{text}[/]",
    code=lambda text: f"[cyan]{_escape(text)}[/]",
    strong=lambda text: _printed(f"[bold]{text}[/]", _width()),
    marks=superscripts,
    lay_out=_terminal,
)
