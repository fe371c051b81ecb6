"""Order of the rows of a table inside their groups: by name, by the average, or by one dataset."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from bench.errors import UsageError, did_you_mean
from bench.io.visible import quoted
from bench.tables.averages import average
from bench.tables.cell import MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.table import Table

BY_NAME, BY_AVERAGE = "name", "average"


def sort_rows(table: Table, by: str) -> Table:
    """Return a table whose rows stand in another order inside their groups.

    Args:
        table: with its rows by name.
        by: ``name``; ``average``: the highest mean SRCC first, or the highest SRCC on the dataset that stands for it
            (:func:`instead_of_average`); or the id of a dataset: the highest SRCC on it first. Rows without a number
            come last.

    Raises:
        UsageError: the table has no such dataset.
    """
    if by == BY_NAME:
        return table
    values = _averages(table) if by == BY_AVERAGE else _on_dataset(table, by)
    # Python's sort keeps the order of equal rows, which is that of their names.
    groups = [(heading, sorted(rows, key=lambda row: -values.get(row, -2.0))) for heading, rows in table.groups]
    return dataclasses.replace(table, groups=groups)


def instead_of_average(table: Table) -> DatasetKey | None:
    """Return what rows are sorted by where there is no average: the first dataset with a number; None without any."""
    return next((column for column in table.columns if _values(table, column)), None)


def _averages(table: Table) -> Mapping[MethodKey, float]:
    found = {row: mean.value for row, mean in average(table).srcc.items() if mean.value is not None}
    column = instead_of_average(table)
    return found if found or column is None else _values(table, column)


def _on_dataset(table: Table, id_: str) -> Mapping[MethodKey, float]:
    known = [column.dataset for column in table.columns]
    if id_ not in known:
        raise UsageError(
            f"--sort got {quoted(id_)}, which is no dataset of the table.{did_you_mean(id_, known)} Give {BY_AVERAGE}, "
            f"{BY_NAME} or one of {', '.join(dict.fromkeys(known))}"
        )
    return _values(table, table.columns[known.index(id_)])


def _values(table: Table, column: DatasetKey) -> Mapping[MethodKey, float]:
    cells = table.column(column)
    return {row: srcc for row, cell in cells.items() if (srcc := cell.correlations.srcc) is not None}
