"""What the rows of a table reach over its datasets, on those alone that every row compares on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench import stats
from bench.evaluation import Row
from bench.leakage import Leak
from bench.tables import Column, Table

AT_LEAST = 2
"""Datasets below which there is nothing to average."""


@dataclass(frozen=True)
class Average:
    """Means over the datasets that every row was scored on, on all images, without a leak.

    One such set is formed for the whole table, so that no mean rests on easier datasets than another. One row
    can therefore cost everybody a dataset: ``left_out`` says which did, and fewer rows may leave more datasets.

    Attributes:
        over: the datasets that all rows compare on, each once.
        left_out: for every other dataset why, and because of which rows (none: whatever the rows).
        srcc: mean SRCC by Fisher's z; empty where fewer than AT_LEAST datasets are left.
        rank: mean rank by SRCC among all rows, 1 is best; empty likewise.
    """

    over: list[Column]
    left_out: dict[Column, dict[str, list[Row]]]
    srcc: dict[Row, stats.Mean]
    rank: dict[Row, float]


def average(table: Table) -> Average:
    """Average a table's rows over the datasets that they compare on."""
    reasons = {column: _left_out(table, column) for column in table.columns}
    over = [column for column in table.columns if not reasons[column]]
    left_out = {column: why for column, why in reasons.items() if why}
    if len(over) < AT_LEAST:
        return Average(over, left_out, {}, {})
    values = np.array([[table.cells[row, column].correlations.srcc for column in over] for row in table.rows], float)
    ranks = stats.mean_ranks(values)
    return Average(
        over,
        left_out,
        {row: stats.fisher_z_mean(of_row) for row, of_row in zip(table.rows, values, strict=True)},
        {row: float(rank) for row, rank in zip(table.rows, ranks, strict=True)},
    )


def marks_over(leaks: Mapping[str, Sequence[Leak]]) -> list[str]:
    """Return what a mean over datasets carries of the marks of its numbers; ``leaks`` are those on each dataset."""
    where: dict[str, list[str]] = {}
    for dataset, found in leaks.items():
        for leak in found:
            where.setdefault(leak.why, []).append(dataset)
    return [
        f"on {', '.join(ids) if len(ids) < len(leaks) else 'every dataset averaged'}: {why}"
        for why, ids in where.items()
    ]


def _left_out(table: Table, column: Column) -> dict[str, list[Row]]:
    if Counter(each.dataset for each in table.columns)[column.dataset] > 1:
        return {"more than one protocol of it is shown": []}
    if any(cell.dataset["kind"] == "synthetic-order" for (_, where), cell in table.cells.items() if where == column):
        return {"a synthetic order, no human opinion": []}
    found: dict[str, list[Row]] = defaultdict(list)
    for row in table.rows:
        if why := _why_not(table, row, column):
            found[why].append(row)
    return {why: rows if len(rows) < len(table.rows) else [] for why, rows in found.items()}


def _why_not(table: Table, row: Row, column: Column) -> str:
    cell = table.cells.get((row, column))
    if cell is None:
        return "not run"
    if cell.correlations.srcc is None:
        return cell.correlations.reasons["srcc"]
    if cell.excluded:
        return cell.leaks[0].why
    return "" if row in table.running[column] else "scored fewer images than others"
