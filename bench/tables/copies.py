"""Columns of a table whose dataset another column has under another name: together they are evidence once."""

from __future__ import annotations

from collections.abc import Iterable

from bench.tables.columns import DatasetKey
from bench.tables.table import Table


def why_copy(table: Table, column: DatasetKey, counted: Iterable[DatasetKey]) -> str:
    """Say which of the columns that count already has a column's dataset under another name; empty where none has."""
    twins = {twin for (_, where), cell in table.cells.items() if where == column for twin in cell.entry.twins}
    original = next((each for each in counted if each.dataset in twins), None)
    return f"the same labels or images as {table.title(original)}" if original else ""
