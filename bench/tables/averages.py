"""Average SRCC and rank of each method, over the datasets that all methods were scored on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench import stats
from bench.defaults import CONFIDENCE
from bench.tables.cell import Cell, MethodKey, shared_draws
from bench.tables.columns import DatasetKey
from bench.tables.copies import why_copy
from bench.tables.leakage import Leak
from bench.tables.table import Table

AT_LEAST = 2
"""Datasets below which there is nothing to average."""


@dataclass(frozen=True)
class Average:
    """Means over the datasets that every row was scored on, on all images, without a leak.

    One such set is formed for the whole table, so that no mean rests on easier datasets than another. One row
    can therefore cost everybody a dataset: ``left_out`` says which did, and fewer rows may leave more datasets.

    Attributes:
        kind: of the datasets (authentic, synthetic, ...); empty: of all kinds.
        over: the datasets on which every row has an eligible SRCC, each once.
        left_out: for every other dataset why, and because of which rows (none: whatever the rows).
        srcc: mean SRCC by Fisher's z; empty where fewer than AT_LEAST datasets are left.
        rank: mean rank by SRCC among all rows, 1 is best; empty likewise.
        bootstrap: draws of the mean SRCC, the rows in the table's order; None without draws that all rows share.
    """

    kind: str
    over: list[DatasetKey]
    left_out: dict[DatasetKey, dict[str, list[MethodKey]]]
    srcc: dict[MethodKey, stats.Mean]
    rank: dict[MethodKey, float]
    bootstrap: stats.Bootstrap | None = None


def average(table: Table, kind: str = "") -> Average:
    """Average a table's rows over the datasets, of one kind or of all, that they compare on."""
    columns = [column for column in table.columns if kind in ("", kind_of(table, column))]
    over, left_out = _divided(table, columns)
    if len(over) < AT_LEAST:
        return Average(kind, over, left_out, {}, {})
    values = np.array([[table.cells[row, column].correlations.srcc for column in over] for row in table.rows], float)
    ranks, inside = stats.mean_ranks(values), draws_inside(table, over)
    return Average(
        kind,
        over,
        left_out,
        {row: stats.fisher_z_mean(of_row) for row, of_row in zip(table.rows, values, strict=True)},
        {row: float(rank) for row, rank in zip(table.rows, ranks, strict=True)},
        stats.bootstrap_mean(inside, CONFIDENCE) if inside else None,
    )


def averages_by_kind(table: Table) -> list[Average]:
    """Average inside each known kind that has enough datasets, where a table has datasets of several kinds."""
    kinds = list(dict.fromkeys(kind_of(table, column) for column in table.columns))
    known = [kind for kind in kinds if kind != "unknown"]
    found = [average(table, kind) for kind in known] if len(kinds) > 1 else []
    return [each for each in found if each.srcc]


def kind_of(table: Table, column: DatasetKey) -> str:
    """Return the kind of a column's dataset."""
    return str(_any_cell(table, column).dataset.kind)


def _any_cell(table: Table, column: DatasetKey) -> Cell:
    return next(cell for (_, where), cell in table.cells.items() if where == column)


def draws_inside(table: Table, over: Sequence[DatasetKey]) -> list[stats.Bootstrap]:
    """Return the draws of each dataset, the rows in the table's order; none where a dataset has none for all rows.

    Where a dataset has too few images to draw from there are no draws of a mean over datasets either.
    """
    found = [shared_draws([table.cells[row, column] for row in table.rows]) for column in over]
    inside = [each for each in found if each is not None and each.samples.size]
    return inside if len(inside) == len(found) else []


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


def _divided(
    table: Table, columns: Sequence[DatasetKey]
) -> tuple[list[DatasetKey], dict[DatasetKey, dict[str, list[MethodKey]]]]:
    """Return the columns to average over, and why each of the others is left out."""
    over: list[DatasetKey] = []
    left_out = {}
    for column in columns:
        copy = why_copy(table, column, over)
        if why := _left_out(table, column) or ({copy: []} if copy else {}):
            left_out[column] = why
        else:
            over.append(column)
    return over, left_out


def _left_out(table: Table, column: DatasetKey) -> dict[str, list[MethodKey]]:
    if Counter(each.dataset for each in table.columns)[column.dataset] > 1:
        return {"more than one protocol of it is shown": []}
    if kind_of(table, column) == "synthetic-order":
        return {"a synthetic order, no human opinion": []}
    found: dict[str, list[MethodKey]] = defaultdict(list)
    for row in table.rows:
        if why := why_not(table, row, column):
            found[why].append(row)
    return {why: rows if len(rows) < len(table.rows) else [] for why, rows in found.items()}


def why_not(table: Table, row: MethodKey, column: DatasetKey) -> str:
    """Return why a row has no SRCC in a column that others may be compared with; empty where it has one."""
    cell = table.cells.get((row, column))
    if cell is None:
        return "not run"
    if cell.correlations.srcc is None:
        return cell.correlations.reasons["srcc"]
    if cell.excluded:
        return cell.leaks[0].why
    return "" if row in table.eligible[column] else "scored too few of the images"
