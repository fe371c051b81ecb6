"""``bench plot scatter``, ``residuals``, ``correlation`` and ``speed``: figures of stored scores."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from bench.cli import common
from bench.cli.selection import Selection, selection_options, without_fitted
from bench.errors import UsageError, listed

if TYPE_CHECKING:
    from bench.tables.points import FittedPoints
    from bench.tables.table import Table


@click.command("scatter")
@selection_options
@click.option(
    "--draws",
    type=click.IntRange(20, 10_000),
    default=200,
    show_default=True,
    help="Number of bootstrap draws for the band.",
)
@common.picture_option
def scatter(selection: Selection, draws: int, output: Path) -> None:
    """Draw scores against labels with the fitted mapping and its confidence band, a panel for each result."""
    from bench.figures import scatter as figures
    from bench.figures.style import check_path, save_figure

    check_path(output)
    shown = _panels(selection)
    save_figure(figures.scatter(shown, draws), output)
    click.echo(f"{output}: {len(shown)} panels")


@click.command("residuals")
@selection_options
@click.option(
    "--against",
    type=click.Choice(["predicted", "label"]),
    default="predicted",
    show_default=True,
    help="Horizontal axis: the mapped score, or the label.",
)
@common.picture_option
def residuals(selection: Selection, against: Literal["predicted", "label"], output: Path) -> None:
    """Draw the residuals of the fitted mapping, label minus mapped score, with a running median."""
    from bench.figures import scatter as figures
    from bench.figures.style import check_path, save_figure

    check_path(output)
    shown = _panels(selection)
    save_figure(figures.residuals(shown, against), output)
    click.echo(f"{output}: {len(shown)} panels")


@click.command("correlation")
@selection_options
@common.picture_option
def correlation(selection: Selection, output: Path) -> None:
    """Draw the rank correlation between methods on one dataset, with similar methods next to each other."""
    from bench.figures.correlation import agreement, heat_map
    from bench.figures.style import check_path, save_figure

    check_path(output)
    table, note = _table(selection, 0, ())
    if len(table.columns) > 1:
        names = ", ".join(column.dataset for column in table.columns)
        raise UsageError(f"the figure shows one dataset, but there are {names}: choose one by --dataset")
    found = agreement(table, table.columns[0])
    save_figure(heat_map(found), output)
    click.echo(f"{output}: {len(found.methods)} methods on {found.n:,} images{note}")
    _name_left_out(found.left_out)


@click.command("speed")
@selection_options
@common.draws_option
@common.picture_option
def speed(selection: Selection, draws: int, output: Path) -> None:
    """Draw SRCC against speed in images per second, as recorded by runs; imported scores have no speed."""
    from bench.figures.speed import races, speeds
    from bench.figures.style import check_path, save_figure

    check_path(output)
    table, note = _table(selection, draws, ("srcc",))
    every = races(table)
    for race in every:
        _name_left_out(race.left_out, f" of {race.column.dataset}")
    shown = [race for race in every if race.timed]
    if not shown:
        raise UsageError("no result has both an SRCC and a speed: score a labelled dataset by `bench run` first")
    save_figure(speeds(shown), output)
    click.echo(f"{output}: {sum(len(race.timed) for race in shown)} timed results on {len(shown)} datasets{note}")


def _panels(selection: Selection) -> list[FittedPoints]:
    from bench.figures.scatter import MOST_PANELS
    from bench.tables.points import fitted

    table, note = _table(selection, 0, ("srcc", "plcc_log4", "rmse_log4"))
    shown = list(fitted(table))
    if not shown:
        raise UsageError("no result has both scores and labels: score a labelled dataset by `bench run` first")
    if len(shown) > MOST_PANELS:
        raise UsageError(
            f"{len(shown)} panels are too many, {MOST_PANELS} is the limit: choose by --method and --dataset"
        )
    if note:
        click.echo(f"bench: note{note}", err=True)
    return shown


def _table(selection: Selection, draws: int, values: Collection[str]) -> tuple[Table, str]:
    from bench.tables.evaluation import evaluate
    from bench.tables.table import arrange

    entries, _ = without_fitted(selection.entries())
    first, *others = arrange(evaluate(entries, draws, values=values))
    return first, f"; {len(others)} table(s) of other protocols are left out: choose by --method" if others else ""


def _name_left_out(left_out: dict[str, str], where: str = "") -> None:
    by_reason: dict[str, list[str]] = {}
    for method, reason in left_out.items():
        by_reason.setdefault(reason, []).append(method)
    for reason, methods in by_reason.items():
        click.echo(f"left out{where}: {listed(methods)} ({reason})")
