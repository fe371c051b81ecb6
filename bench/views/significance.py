"""Writing who is better than whom (``bench table --significance``) in Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.stats import ALPHA
from bench.tables.averages import average
from bench.tables.cell import MethodKey
from bench.tables.significance import Comparison, Significance, compare_averages, compare_columns
from bench.tables.table import Table
from bench.views.markup import Markup, Sheet
from bench.views.records import number

_BETTER, _WORSE, _UNTOLD, _UNTESTED = "+", "-", "=", "?"


def to_paper(tables: Sequence[Table], markup: Markup) -> str:
    """Return a matrix for every column of the tables, and one for the average where there is one.

    Args:
        tables: arranged from cells that were evaluated with draws.
        markup: the language.
    """
    return "\n".join(markup.lay_out(sheet) for table in tables for sheet in _sheets(table, markup))


def _sheets(table: Table, markup: Markup) -> list[Sheet]:
    tests, over = compare_columns(table), average(table)
    sheets = []
    for column in table.columns:
        values = {row: cell.correlations.srcc for (row, where), cell in table.cells.items() if where == column}
        about = f"{column.dataset} ({column.protocol}): {_explained(tests)} of this table."
        if left := len(values) - len(table.eligible[column]):
            about += f" {left} row(s) not in the running are left out."
        sheets.append(_matrix(table, tests.at(column), values, about, markup))
    if over.srcc:
        tests, values = compare_averages(table, over), {row: mean.value for row, mean in over.srcc.items()}
        about = f"Average over {', '.join(column.dataset for column in over.over)}: {_explained(tests)} of averages."
        sheets.append(_matrix(table, tests.at(None), values, about, markup))
    return sheets


def _matrix(
    table: Table, tests: Sequence[Comparison], values: Mapping[MethodKey, float | None], about: str, markup: Markup
) -> Sheet:
    compared = {row for each in tests for row in (each.a, each.b)}
    rows = sorted(compared, key=lambda row: (-_or_lowest(values[row]), table.rows.index(row)))
    signs, lines = _signs(tests), []
    for position, row in enumerate(rows, 1):
        marks = [signs.get((row, other), "") for other in rows]
        value = values[row]
        label = f"{position}. {markup.escape(table.labels[row])}"
        srcc = "-" if value is None else number(value)
        lines.append([label, srcc, *marks, str(marks.count(_BETTER)), str(marks.count(_WORSE))])
    head = ["method", "SRCC", *map(str, range(1, len(rows) + 1)), "better than", "worse than"]
    return Sheet(head, [("", lines)], [markup.escape(about)], [])


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
        f"{_BETTER} the row is better than the column, {_WORSE} it is worse, {_UNTOLD} the test cannot tell, "
        f"{_UNTESTED} there is no test. SRCC by a paired bootstrap on the same images, at {ALPHA:.0%} after Holm over "
        f"all {tests.made} comparisons"
    )


def records(tables: Sequence[Table]) -> list[dict[str, Any]]:
    """Return one record a comparison, unrounded; the dataset of an average is empty."""
    return [record for table in tables for record in _records(table)]


def _records(table: Table) -> list[dict[str, Any]]:
    families = (compare_columns(table), compare_averages(table, average(table)))
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
        for tests in families
        for each in tests.comparisons
    ]
