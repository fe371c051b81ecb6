"""Order of the rows of a table inside their groups: by name, by the average, or by one dataset."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from bench.errors import UsageError, did_you_mean
from bench.io.visible import quoted
from bench.tables.averages import average
from bench.tables.cell import MethodKey
from bench.tables.table import Table

BY_NAME, BY_AVERAGE = "name", "average"


def sort_rows(table: Table, by: str) -> Table:
    """Return a table whose rows stand in another order inside their groups.

    Args:
        table: with its rows by name.
        by: ``name``; ``average``: the highest mean SRCC first, or the highest SRCC where the table has one dataset;
            or the id of a dataset: the highest SRCC on it first. Rows without a number come last.

    Raises:
        UsageError: the table has no such dataset.
    """
    if by == BY_NAME:
        return table
    values = _averages(table) if by == BY_AVERAGE else _on_dataset(table, by)
    # Python's sort keeps the order of equal rows, which is that of their names.
    groups = [(heading, sorted(rows, key=lambda row: -values.get(row, -2.0))) for heading, rows in table.groups]
    return dataclasses.replace(table, groups=groups)


def _averages(table: Table) -> Mapping[MethodKey, float]:
    found = {row: mean.value for row, mean in average(table).srcc.items() if mean.value is not None}
    return found if found or len(table.columns) > 1 else _on_dataset(table, table.columns[0].dataset)


def _on_dataset(table: Table, id_: str) -> Mapping[MethodKey, float]:
    known = [column.dataset for column in table.columns]
    if id_ not in known:
        raise UsageError(
            f"--sort got {quoted(id_)}, which is no dataset of the table.{did_you_mean(id_, known)} Give {BY_AVERAGE}, "
            f"{BY_NAME} or one of {', '.join(dict.fromkeys(known))}"
        )
    column = table.columns[known.index(id_)]
    cells = table.column(column)
    return {row: srcc for row, cell in cells.items() if (srcc := cell.correlations.srcc) is not None}
