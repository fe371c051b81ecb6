"""``bench table --resolution``: what each dataset can tell apart, and how many raters each method is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench import stats
from bench.defaults import ALPHA, CONFIDENCE, POWER
from bench.tables.cell import MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.resolution import Worth, column_resolution, worth_in_raters
from bench.tables.table import Table
from bench.views.arranging import Request, arranged
from bench.views.model import Record, Remark, Value, View
from bench.views.shown import Views
from bench.views.words import number

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_HEAD = ("dataset", "n", "smallest difference of SRCC", "range over pairs", "pairs")
Worths = Mapping[DatasetKey, Mapping[MethodKey, Worth]]


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return for each table what its datasets resolve, and what its rows are worth in raters.

    Args:
        entries: stored results.
        request: with draws.

    Raises:
        UsageError: there are no draws.
    """
    request.need_draws("--resolution")
    measured = [
        (table, {column: worth_in_raters(table, column) for column in table.columns})
        for table in arranged(entries, request)
    ]
    hidden = dict.fromkeys(text for _, worths in measured for text in _hidden(worths))
    parts: list[View | Remark] = [view for table, worths in measured for view in _views(table, worths)]
    if hidden:
        needed = "It needs labels with the columns std and n_raters."
        parts.append(Remark(f"Not told in raters: {'; '.join(hidden)}. {needed}"))
    return Views(tuple(parts))


def _told(worths: Worths) -> list[DatasetKey]:
    return [column for column, rows in worths.items() if any(each.value is not None for each in rows.values())]


def _hidden(worths: Worths) -> list[str]:
    told = _told(worths)
    return [f"{column.dataset} ({_reason(worths[column])})" for column in worths if column not in told]


def _views(table: Table, worths: Worths) -> list[View]:
    resolved = {column: column_resolution(table, column) for column in table.columns}
    records = [
        _record(table, column, row, resolved[column], worth)
        for column, of_column in worths.items()
        for row, worth in of_column.items()
    ]
    views = [_resolved(table, resolved, records)]
    if told := _told(worths):
        views.append(_raters(table, told, worths))
    return views


def _reason(of_column: Mapping[MethodKey, Worth]) -> str:
    return next((worth.reason for worth in of_column.values() if worth.reason), "no result")


def _resolved(table: Table, resolved: Mapping[DatasetKey, stats.Resolution], records: Sequence[Record]) -> View:
    lines = [_line(table, column, found) for column, found in resolved.items()]
    caption = (
        "Smallest difference of SRCC between two methods that a paired test on the same images finds with a "
        f"probability of {POWER:.0%}, two-sided at {ALPHA:.0%}: the median and the range over all pairs of eligible "
        "methods, without pairs that order the images alike. It comes from the standard errors of their differences, "
        "over bootstrap samples that all methods share. The test is of one pair; adjusted for many pairs (Holm), it "
        "finds only larger differences."
    )
    return View([Value(text) for text in _HEAD], [("", lines)], [caption], records)


def _line(table: Table, column: DatasetKey, found: stats.Resolution) -> list[Value]:
    notes = (str(column.protocol), table.left_out(column), found.reason)
    median, span = "-", "-"
    if found.median is not None and found.low is not None and found.high is not None:
        median, span = number(found.median), f"{number(found.low)} to {number(found.high)}"
    name = Value(column.dataset, notes=tuple(note for note in notes if note))
    return [name, *map(Value, (str(_n(table, column)), median, span, str(found.pairs)))]


def _n(table: Table, column: DatasetKey) -> int:
    cells = table.column(column)
    compared = [cells[row] for row in table.eligible[column]] or list(cells.values())
    return max(cell.correlations.n for cell in compared)


def _raters(table: Table, told: Sequence[DatasetKey], worths: Worths) -> View:
    head = [Value("method"), *(_heading(column) for column in told)]
    groups = [
        (heading, [[Value(table.labels[row]), *(_cell(table, row, column, worths) for column in told)] for row in rows])
        for heading, rows in table.groups
    ]
    caption = (
        "Raters: the number of people whose mean rating has the same SRCC with the MOS as the method, where these "
        "people are others than those behind the MOS; with the numbers at both ends of the SRCC's "
        f"{CONFIDENCE:.0%} interval. It is simulated from the spread and the number of each image's ratings. "
        "Below 1, a single rater agrees better than the method."
    )
    return View(head, groups, [caption])


def _heading(column: DatasetKey) -> Value:
    return Value(column.dataset, notes=(str(column.protocol),), after=" raters")


def _cell(table: Table, row: MethodKey, column: DatasetKey, worths: Worths) -> Value:
    worth = worths[column].get(row, Worth())
    if worth.value is None:
        return Value("-", notes=(worth.reason,) if worth.reason else ())
    interval = "" if worth.low is None or worth.high is None else f" [{_count(worth.low)}, {_count(worth.high)}]"
    return Value(_count(worth.value), interval, notes=tuple(table.remarks(row, column)))


def _count(value: float) -> str:
    if math.isinf(value):
        return f"over {stats.MOST_RATERS:.0f}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _record(table: Table, column: DatasetKey, row: MethodKey, found: stats.Resolution, worth: Worth) -> dict[str, Any]:
    cell = table.cells[row, column]
    raters = {"raters": worth.value, "raters_low": worth.low, "raters_high": worth.high}
    beyond = {name: f"over {stats.MOST_RATERS:.0f}" for name, value in raters.items() if value == math.inf}
    reasons = {"resolution": found.reason, "raters": worth.reason, **beyond}
    return {
        "method": table.labels[row],
        "dataset": column.dataset,
        "protocol": str(column.protocol),
        "n": cell.correlations.n,
        "srcc": cell.correlations.srcc,
        "srcc_low": cell.interval.low,
        "srcc_high": cell.interval.high,
        "resolution": found.median,
        "resolution_low": found.low,
        "resolution_high": found.high,
        "resolution_pairs": found.pairs,
        **{name: None if name in beyond else value for name, value in raters.items()},
        "reasons": {name: reason for name, reason in reasons.items() if reason},
    }
