"""``bench table --significance``: for each dataset a matrix of which method is better than which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.defaults import ALPHA
from bench.tables.averages import average
from bench.tables.cell import MethodKey
from bench.tables.significance import Comparison, Place, Significance, compare_averages, compare_columns
from bench.tables.table import Table
from bench.views.arranging import Request, arranged
from bench.views.model import Remark, Value, View
from bench.views.shown import Views
from bench.views.words import number

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_BETTER, _WORSE, _UNTOLD, _UNTESTED = "+", "-", "=", "?"


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return a matrix for every column of the tables, and one for the average where there is one.

    Raises:
        UsageError: the request has no draws, without which nothing is tested.
    """
    request.need_draws("--significance")
    return Views(tuple(view for table in arranged(entries, request) for view in _matrices(table)))


def _matrices(table: Table) -> list[View | Remark]:
    tests, over = compare_columns(table), average(table)
    views: list[View | Remark] = []
    for column in table.columns:
        if why := tests.copies.get(column):
            views.append(Remark(f"{column.dataset} ({column.protocol}) is left out: {why}."))
            continue
        values = {row: cell.correlations.srcc for row, cell in table.column(column).items()}
        about = f"{column.dataset} ({column.protocol}): {_explained(tests)} of this table."
        if left := len(values) - len(table.eligible[column]):
            about += f" {left} row(s) not eligible for best are left out."
        views.append(_matrix(table, tests, column, values, about))
    tests = compare_averages(table, over)
    if over.srcc:
        means = {row: mean.value for row, mean in over.srcc.items()}
        about = f"Average over {', '.join(column.dataset for column in over.over)}: {_explained(tests)} of averages."
        views.append(_matrix(table, tests, None, means, about))
    return views


def _matrix(
    table: Table, tests: Significance, place: Place, values: Mapping[MethodKey, float | None], about: str
) -> View:
    here = tests.at(place)
    compared = {row for each in here for row in (each.a, each.b)}
    rows = sorted(compared, key=lambda row: (-_or_lowest(values[row]), table.rows.index(row)))
    signs, lines = _signs(here), []
    for position, row in enumerate(rows, 1):
        marks = [signs.get((row, other), "") for other in rows]
        value = values[row]
        label = f"{position}. {table.labels[row]}"
        counts = str(marks.count(_BETTER)), str(marks.count(_WORSE))
        lines.append([Value(text) for text in (label, "-" if value is None else number(value), *marks, *counts)])
    head = ["method", "SRCC", *map(str, range(1, len(rows) + 1)), "better than", "worse than"]
    return View([Value(text) for text in head], [("", lines)], [about], _records(table, tests, here))


def _or_lowest(value: float | None) -> float:
    return -2.0 if value is None else value


def _signs(comparisons: Sequence[Comparison]) -> dict[tuple[MethodKey, MethodKey], str]:
    signs = {}
    for each in comparisons:
        if each.p is None:
            pair = (_UNTESTED, _UNTESTED)
        elif each.better is None:
            pair = (_UNTOLD, _UNTOLD)
        else:
            pair = (_BETTER, _WORSE) if each.better == each.a else (_WORSE, _BETTER)
        signs[each.a, each.b], signs[each.b, each.a] = pair
    return signs


def _explained(tests: Significance) -> str:
    return (
        f"{_BETTER} the row is better than the column, {_WORSE} it is worse, {_UNTOLD} no significant difference, "
        f"{_UNTESTED} not tested. Paired bootstrap of SRCC on the same images, {ALPHA:.0%} after Holm over all "
        f"{tests.made} comparisons"
    )


def _records(table: Table, tests: Significance, here: Sequence[Comparison]) -> list[dict[str, Any]]:
    return [
        {
            "dataset": each.place.dataset if each.place else "",
            "protocol": str(each.place.protocol) if each.place else "",
            "a": table.labels[each.a],
            "b": table.labels[each.b],
            "difference": each.difference.value,
            "low": each.difference.interval.low,
            "high": each.difference.interval.high,
            "p_bootstrap": each.difference.p,
            "p_t": each.difference.p_t,
            "p_holm": each.p,
            "comparisons": tests.made,
            "better": table.labels[each.better] if each.better else None,
            "reason": each.difference.reason,
        }
        for each in here
    ]
