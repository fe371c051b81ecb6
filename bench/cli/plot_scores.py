"""``bench plot ranking``, ``significance``, ``scatter``, ``residuals``, ``correlation`` and ``speed``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench.cli import common
from bench.cli.commands import command
from bench.cli.selection import Selection, selection_options


@command("ranking")
@selection_options
@common.draws_option
@common.picture_options
def ranking(selection: Selection, draws: int, output: Path) -> None:
    """Draw methods by SRCC on each dataset and on average, with bars over methods that do not differ significantly."""
    _draw("ranking", selection, output, draws=draws)


@command("significance")
@selection_options
@common.draws_option
@common.picture_options
def significance(selection: Selection, draws: int, output: Path) -> None:
    """Draw a matrix of pairwise significance tests for each dataset and for the average."""
    _draw("significance", selection, output, draws=draws)


@command("scatter")
@selection_options
@click.option(
    "--draws",
    type=click.IntRange(20, 10_000),
    default=200,
    show_default=True,
    help="Number of bootstrap draws for the band.",
)
@common.picture_options
def scatter(selection: Selection, draws: int, output: Path) -> None:
    """Draw scores against labels with the fitted mapping and its confidence band, a panel for each result."""
    _draw("scatter", selection, output, draws=draws)


@command("residuals")
@selection_options
@click.option(
    "--against",
    type=click.Choice(["predicted", "label"]),
    default="predicted",
    show_default=True,
    help="Horizontal axis: the mapped score, or the label.",
)
@common.picture_options
def residuals(selection: Selection, against: str, output: Path) -> None:
    """Draw the residuals of the fitted mapping, label minus mapped score, with a running median."""
    _draw("residuals", selection, output, against=against)


@command("correlation")
@selection_options
@common.picture_options
def correlation(selection: Selection, output: Path) -> None:
    """Draw the rank correlation between methods on one dataset, with similar methods next to each other."""
    _draw("correlation", selection, output)


@command("speed")
@selection_options
@common.draws_option
@common.picture_options
def speed(selection: Selection, draws: int, output: Path) -> None:
    """Draw SRCC against speed in images per second, as recorded by runs; imported scores have no speed."""
    _draw("speed", selection, output, draws=draws)


COMMANDS = (ranking, significance, scatter, residuals, correlation, speed)


def _draw(kind: str, selection: Selection, output: Path, **options: Any) -> None:
    from bench.figures.plots import PLOTS
    from bench.figures.style import check_path, save_figure

    check_path(output)
    drawn = PLOTS[kind](selection.entries(), **options)
    save_figure(drawn.figure, output)
    click.echo("\n".join([f"{output}: {drawn.summary}", *drawn.notes]))
