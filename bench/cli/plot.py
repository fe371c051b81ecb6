"""``bench plot``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common, plot_scores
from bench.cli.commands import group


@group(short_help="Draw figures.")
def plot() -> None:
    """Draw figures of stored results and training logs."""


for _command in plot_scores.COMMANDS:
    plot.add_command(_command)


@plot.command("training")
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=click.Path(path_type=Path))
@common.picture_options
def plot_training(logs: tuple[Path, ...], output: Path) -> None:
    """Draw losses and validation of training runs. LOG is a log.jsonl or its folder."""
    from bench.figures.style import check_path, save_figure
    from bench.figures.training import read_log, training_curves

    check_path(output)
    runs = [read_log(log / "log.jsonl" if log.is_dir() else log) for log in logs]
    save_figure(training_curves(runs), output)
    click.echo(f"{output}: {', '.join(run.name for run in runs)}")
