"""Figures of ``bench plot`` from stored results: one function for each kind, with a summary and notes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bench.errors import UsageError, listed
from bench.figures import correlation as correlations
from bench.figures import scatter as scatters
from bench.figures import significance as comparisons
from bench.figures.speed import races, speeds
from bench.io.visible import quoted
from bench.runs.entry import Entry
from bench.runs.selection import without_fitted
from bench.tables.evaluation import evaluate
from bench.tables.points import FittedPoints, fitted
from bench.tables.significance import compare_columns
from bench.tables.table import Table, arrange

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure and what it leaves out.

    Attributes:
        figure: the picture.
        summary: how much it shows, in some words.
        notes: what was left out, and why.
    """

    figure: Figure
    summary: str
    notes: tuple[str, ...] = ()


def ranking(entries: Sequence[Entry], draws: int = 2000) -> Plot:
    """Draw methods by SRCC on each dataset and on average, with bars over methods that do not differ significantly.

    Args:
        entries: stored results.
        draws: of the bootstrap.

    Raises:
        UsageError: there are no two methods on the images of one dataset.
    """
    return _compared(entries, draws, comparisons.rankings)


def significance(entries: Sequence[Entry], draws: int = 2000) -> Plot:
    """Draw a matrix of pairwise significance tests for each dataset and for the average.

    Args:
        entries: stored results.
        draws: of the bootstrap.

    Raises:
        UsageError: there are no two methods on the images of one dataset.
    """
    return _compared(entries, draws, comparisons.matrices)


def scatter(entries: Sequence[Entry], draws: int = 200) -> Plot:
    """Draw scores against labels with the fitted mapping and its confidence band, a panel for each result.

    Args:
        entries: stored results.
        draws: of the band.

    Raises:
        UsageError: no result has scores and labels, or there are too many to be read.
    """
    shown, notes = _panels(entries)
    return Plot(scatters.scatter(shown, draws), f"{len(shown)} panels", notes)


def residuals(entries: Sequence[Entry], against: Literal["predicted", "label"] = "predicted") -> Plot:
    """Draw the residuals of the fitted mapping, label minus mapped score, with a running median.

    Args:
        entries: stored results.
        against: what the residuals are drawn over: the mapped score, or the label.

    Raises:
        UsageError: no result has scores and labels, or there are too many to be read.
    """
    if against not in ("predicted", "label"):
        raise UsageError(f"--against got {quoted(against)}: use predicted or label")
    shown, notes = _panels(entries)
    return Plot(scatters.residuals(shown, against), f"{len(shown)} panels", notes)


def correlation(entries: Sequence[Entry]) -> Plot:
    """Draw the rank correlation between methods on one dataset, with similar methods next to each other.

    Args:
        entries: stored results.

    Raises:
        UsageError: there are several datasets, or fewer than two methods or four images.
    """
    table, notes = _first_table(entries, 0, ())
    if len(table.columns) > 1:
        names = ", ".join(column.dataset for column in table.columns)
        raise UsageError(f"the figure shows one dataset, but there are {names}: choose one by --dataset")
    found = correlations.agreement(table, table.columns[0])
    summary = f"{len(found.methods)} methods on {found.n:,} images"
    return Plot(correlations.heat_map(found), summary, (*notes, *_left_out(found.left_out)))


def speed(entries: Sequence[Entry], draws: int = 2000) -> Plot:
    """Draw SRCC against speed in images per second, as recorded by runs; imported scores have no speed.

    Args:
        entries: stored results.
        draws: of the bootstrap.

    Raises:
        UsageError: no result has both an SRCC and a time.
    """
    table, notes = _first_table(entries, draws, ("srcc",))
    every = races(table)
    left_out = [line for race in every for line in _left_out(race.left_out, f" of {race.column.dataset}")]
    shown = [race for race in every if race.timed]
    if not shown:
        why = "".join(f" ({line})" for line in left_out)
        raise UsageError(f"no result has both an SRCC and a speed{why}: score a labelled dataset by `bench run` first")
    summary = f"{sum(len(race.timed) for race in shown)} timed results on {len(shown)} datasets"
    return Plot(speeds(shown), summary, (*notes, *left_out))


PLOTS: dict[str, Callable[..., Plot]] = {
    each.__name__: each for each in (ranking, significance, scatter, residuals, correlation, speed)
}
"""Every kind of figure, by what ``bench plot`` and ``Results.plot`` call it."""


def check_options(kind: str, options: Collection[str]) -> None:
    """Raise UsageError unless a kind of figure has all of these options."""
    known = list(inspect.signature(PLOTS[kind]).parameters)[1:]
    for name in options:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(f"kind {quoted(kind)} has no option {quoted(name)}: {has}")


def _compared(
    entries: Sequence[Entry], draws: int, draw: Callable[[Table, Sequence[comparisons.ComparisonPanel]], Figure]
) -> Plot:
    table, notes = _first_table(entries, draws, ("srcc",))
    tests = compare_columns(table)
    shown = comparisons.panels(table, tests)
    if not shown:
        raise UsageError("no dataset has results of two methods: score a dataset with a second method first")
    copies = (f"{table.title(column)} is left out: {why}" for column, why in tests.copies.items())
    return Plot(draw(table, shown), f"{len(table.rows)} methods", (*notes, *copies))


def _panels(entries: Sequence[Entry]) -> tuple[list[FittedPoints], tuple[str, ...]]:
    table, notes = _first_table(entries, 0, ("srcc", "plcc_log4", "rmse_log4"))
    shown = list(fitted(table))
    if not shown:
        raise UsageError("no result has both scores and labels: score a labelled dataset by `bench run` first")
    if len(shown) > scatters.MOST_PANELS:
        raise UsageError(
            f"{len(shown)} panels are too many, {scatters.MOST_PANELS} is the limit: choose by --method and --dataset"
        )
    return shown, notes


def _first_table(entries: Sequence[Entry], draws: int, values: Collection[str]) -> tuple[Table, tuple[str, ...]]:
    kept, _ = without_fitted(entries)
    first, *others = arrange(evaluate(kept, draws, values=values))
    note = f"{len(others)} table(s) of other protocols are left out: choose by --method or --dataset"
    return first, (note,) if others else ()


def _left_out(left_out: dict[str, str], where: str = "") -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for method, reason in left_out.items():
        by_reason.setdefault(reason, []).append(method)
    return [f"left out{where}: {listed(methods)} ({reason})" for reason, methods in by_reason.items()]
