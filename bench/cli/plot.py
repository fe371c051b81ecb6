"""``bench plot``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.errors import UsageError

_SUFFIXES = (".svg", ".png", ".pdf")


@click.group(short_help="Draw figures.")
def plot() -> None:
    """Draw figures of what was measured."""


@plot.command("training")
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Picture to write: .svg, .png or .pdf.",
)
def plot_training(logs: tuple[Path, ...], output: Path) -> None:
    """Draw losses and validation of training runs; LOG is a log.jsonl or the folder that holds one."""
    if output.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"--output got {output}: its name must end in {', '.join(_SUFFIXES)}")
    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    from bench.plots import read_log, save_figure, training_curves

    runs = [read_log(log / "log.jsonl" if log.is_dir() else log) for log in logs]
    save_figure(training_curves(runs), output)
    click.echo(f"{output}: {', '.join(run.name for run in runs)}")
