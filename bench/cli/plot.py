"""``bench plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common, plot_scores
from bench.cli.selection import Selection, selection_options, without_fitted
from bench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from bench.tables.table import Table


@click.group(short_help="Draw figures.")
def plot() -> None:
    """Draw figures of stored results and training logs."""


for _command in (plot_scores.scatter, plot_scores.residuals, plot_scores.correlation, plot_scores.speed):
    plot.add_command(_command)


@plot.command("training")
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=click.Path(path_type=Path))
@common.picture_option
def plot_training(logs: tuple[Path, ...], output: Path) -> None:
    """Draw losses and validation of training runs. LOG is a log.jsonl or its folder."""
    from bench.figures.style import check_path, save_figure
    from bench.figures.training import read_log, training_curves

    check_path(output)
    runs = [read_log(log / "log.jsonl" if log.is_dir() else log) for log in logs]
    save_figure(training_curves(runs), output)
    click.echo(f"{output}: {', '.join(run.name for run in runs)}")


@plot.command("ranking")
@selection_options
@common.draws_option
@common.picture_option
def plot_ranking(selection: Selection, draws: int, output: Path) -> None:
    """Draw methods by SRCC on each dataset and on average, with bars over methods that do not differ significantly."""
    from bench.figures.significance import rankings

    _draw_table(selection, draws, output, rankings)


@plot.command("significance")
@selection_options
@common.draws_option
@common.picture_option
def plot_significance(selection: Selection, draws: int, output: Path) -> None:
    """Draw a matrix of pairwise significance tests for each dataset and for the average."""
    from bench.figures.significance import matrices

    _draw_table(selection, draws, output, matrices)


def _draw_table(selection: Selection, draws: int, output: Path, draw: Callable[[Table], Figure]) -> None:
    from bench.figures.significance import panels
    from bench.figures.style import check_path, save_figure
    from bench.tables.evaluation import evaluate
    from bench.tables.table import arrange

    check_path(output)
    entries, _ = without_fitted(selection.entries())
    first, *others = arrange(evaluate(entries, draws, values=("srcc",)))
    if not panels(first):
        raise UsageError("no dataset has results of two methods: score a dataset with a second method first")
    save_figure(draw(first), output)
    note = f"; {len(others)} table(s) of other protocols are left out: choose by --method or --dataset"
    click.echo(f"{output}: {len(first.rows)} methods{note if others else ''}")
