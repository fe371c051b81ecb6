"""What a column of a table can tell: the smallest difference that it finds, and the raters that a row is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench import stats
from bench.tables.cell import Cell, MethodKey, shared_draws
from bench.tables.columns import DatasetKey
from bench.tables.ratings import Ratings, find_ratings
from bench.tables.table import Table


@dataclass(frozen=True)
class Worth:
    """Number of raters that a method is worth on a dataset.

    Attributes:
        value: at least 0, infinite above ``stats.MOST_RATERS``; None if undefined.
        low: of the interval, the number at the lower end of the SRCC's; None without one.
        high: of the interval.
        reason: why the value is undefined; empty if it is defined.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def column_resolution(table: Table, column: DatasetKey) -> stats.Resolution:
    """Return the smallest difference of SRCC that a column finds between its eligible rows.

    Args:
        table: of cells that were evaluated with draws.
        column: of the table.
    """
    cells = [table.cells[row, column] for row in table.eligible[column]]
    if len(cells) < 2:
        return stats.Resolution(reason="fewer than two methods can be compared")
    drawn = shared_draws(cells)
    if drawn is None:
        missing = [cell.no_bootstrap for cell in cells if cell.bootstrap is None]
        return stats.Resolution(reason=next(iter(missing), "the methods did not score the same images"))
    return stats.resolution(drawn)


def worth_in_raters(table: Table, column: DatasetKey) -> Mapping[MethodKey, Worth]:
    """Return how many raters each row of a column is worth.

    Args:
        table: of cells that were evaluated with draws.
        column: of the table.
    """
    ratings = find_ratings(table, column)
    curves: dict[tuple[str, ...], stats.RaterCurve] = {}
    found: dict[MethodKey, Worth] = {}
    for row, cell in table.column(column).items():
        if not ratings.reason and cell.images not in curves:
            curves[cell.images] = _curve(ratings, cell.images)
        found[row] = _worth(cell, curves.get(cell.images, stats.RaterCurve(reason=ratings.reason)))
    return found


def _curve(ratings: Ratings, images: tuple[str, ...]) -> stats.RaterCurve:
    rows = [ratings.rows[image] for image in images]
    return stats.rater_curve(ratings.labels[rows], ratings.std[rows], ratings.n_raters[rows])


def _worth(cell: Cell, curve: stats.RaterCurve) -> Worth:
    srcc, interval = cell.correlations.srcc, cell.interval
    if curve.reason or srcc is None:
        return Worth(reason=cell.correlations.reasons["srcc"] if srcc is None else curve.reason)
    low, high = (None if end is None else curve.worth(end) for end in (interval.low, interval.high))
    return Worth(curve.worth(srcc), low, high)
