"""Showing tables: for people on a terminal, in Markdown and other forms elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.io.atomic import write_output
from bench.io.visible import Screen
from bench.views.shown import form_of

if TYPE_CHECKING:
    from bench.views.shown import Views


def show(views: Views, form: str | None, output: Path | None = None, raw: bool = False) -> None:
    """Print tables, or write them to a file.

    Args:
        views: the tables.
        form: as ``--format`` names it; None: what the file's name asks for, a table for the terminal on one, else
            Markdown.
        output: file to write; None or ``-``: stdout.
        raw: leave the texts of a CSV as they are.
    """
    if output is not None and str(output) != "-":
        write_output(output, views.written(form or form_of(output) or "md", raw))
    elif form is None and isinstance(sys.stdout, Screen) and sys.stdout.isatty():
        sys.stdout.write_as_it_is(views.written("terminal"))
    else:
        click.echo(views.written(form or "md", raw).rstrip("\n"))
