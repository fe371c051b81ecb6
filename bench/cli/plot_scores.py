"""``bench plot ranking``, ``significance``, ``scatter``, ``residuals``, ``correlation`` and ``speed``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench.cli import common
from bench.cli.selection import Selection, selection_options


@click.command("ranking")
@selection_options
@common.draws_option
@common.picture_option
def ranking(selection: Selection, draws: int, output: Path) -> None:
    """Draw methods by SRCC on each dataset and on average, with bars over what no test tells apart."""
    _draw("ranking", selection, output, draws=draws)


@click.command("significance")
@selection_options
@common.draws_option
@common.picture_option
def significance(selection: Selection, draws: int, output: Path) -> None:
    """Draw a matrix for each dataset and the average: which method is better than which."""
    _draw("significance", selection, output, draws=draws)


@click.command("scatter")
@selection_options
@click.option("--draws", type=click.IntRange(20, 10_000), default=200, show_default=True, help="Of the band.")
@common.picture_option
def scatter(selection: Selection, draws: int, output: Path) -> None:
    """Draw scores against labels with the fitted mapping and how certain it is; a panel a method and dataset."""
    _draw("scatter", selection, output, draws=draws)


@click.command("residuals")
@selection_options
@click.option(
    "--against",
    type=click.Choice(["predicted", "label"]),
    default="predicted",
    show_default=True,
    help="What the residuals are drawn over: the mapped score, or the label.",
)
@common.picture_option
def residuals(selection: Selection, against: str, output: Path) -> None:
    """Draw what the fitted mapping leaves: label less mapped score, with a running median."""
    _draw("residuals", selection, output, against=against)


@click.command("correlation")
@selection_options
@common.picture_option
def correlation(selection: Selection, output: Path) -> None:
    """Draw how alike methods rank the images of one dataset, alike ones beside each other."""
    _draw("correlation", selection, output)


@click.command("speed")
@selection_options
@common.draws_option
@common.picture_option
def speed(selection: Selection, draws: int, output: Path) -> None:
    """Draw SRCC against images a second, as the runs recorded it; imported scores have no time."""
    _draw("speed", selection, output, draws=draws)


COMMANDS = (ranking, significance, scatter, residuals, correlation, speed)


def _draw(kind: str, selection: Selection, output: Path, **options: Any) -> None:
    from bench.figures.plots import PLOTS
    from bench.figures.style import check_path, save_figure

    check_path(output)
    drawn = PLOTS[kind](selection.entries(), **options)
    save_figure(drawn.figure, output)
    click.echo("\n".join([f"{output}: {drawn.summary}", *drawn.notes]))
