"""Tables: arrangement of evaluated cells as methods x datasets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.api import Family
from bench.datasets.protocol import Protocol
from bench.errors import UsageError
from bench.runs.entry import DatasetRecord, MethodRecord
from bench.tables.cell import Cell, MethodKey
from bench.tables.code import code_remark


@dataclass(frozen=True)
class DatasetKey:
    """A dataset under one protocol: everything in it compares."""

    dataset: str
    labels: str
    images: str
    protocol: Protocol


@dataclass
class Table:
    """Methods × datasets, each dataset under one protocol.

    Attributes:
        columns: in order of dataset id.
        groups: (heading, rows), opinion-unaware methods first.
        cells: what is there; what is not was not run.
        eligible: for each column, the rows eligible for best. A method is not eligible when it was trained on the
            dataset or its source, or left out images that another method scored.
        superseded: how many older results of the same row and column are in the store.
    """

    columns: list[DatasetKey]
    groups: list[tuple[str, list[MethodKey]]]
    cells: dict[tuple[MethodKey, DatasetKey], Cell]
    eligible: dict[DatasetKey, list[MethodKey]]
    superseded: int = 0
    labels: dict[MethodKey, str] = field(default_factory=dict)

    @property
    def rows(self) -> list[MethodKey]:
        """Every row, from top to bottom."""
        return [row for _, rows in self.groups for row in rows]

    def column(self, column: DatasetKey) -> dict[MethodKey, Cell]:
        """Return the cells of a column, from top to bottom."""
        return {row: self.cells[row, column] for row in self.rows if (row, column) in self.cells}

    def about(self, column: DatasetKey) -> DatasetRecord:
        """Return what a sidecar says of a column's dataset."""
        return next(cell for (_, where), cell in self.cells.items() if where == column).dataset

    def remarks(self, row: MethodKey, column: DatasetKey) -> list[str]:
        """Return what must be known beside a cell's number: failures, leaks, too few images, code that changed."""
        cell, remarks = self.cells[row, column], []
        out = not cell.excluded and cell.correlations.n and row not in self.eligible[column]
        if cell.failed:
            not_best = ", not eligible for best" if out else ""
            remarks.append(f"scored {cell.scored}, failed {cell.failed}{not_best}")
        if cell.unlabelled and cell.correlations.n:
            remarks.append(f"{cell.unlabelled} scored images have no label")
        for leak in cell.leaks:
            remarks.append(leak.why + (", not eligible for best" if leak.excludes else ""))
        if cell.too_few:
            remarks.append(f"n = {cell.correlations.n}: too few images to draw conclusions")
        if changed := self.code_remark(row, column):
            remarks.append(changed)
        return remarks

    def code_remark(self, row: MethodKey, column: DatasetKey) -> str:
        """Return what must be known of the code that computed a cell's scores; empty where it is the method's own."""
        return code_remark(
            self.cells[row, column].entry, [cell.entry for (where, _), cell in self.cells.items() if where == row]
        )


def arrange(cells: Iterable[Cell], mix_protocols: bool = False) -> list[Table]:
    """Arrange cells into tables; a dataset's second protocol goes to a table of its own.

    Args:
        cells: evaluated entries.
        mix_protocols: put every protocol into one table instead, a column each.
    """
    by_column = _by_column(list(cells))
    # Of a dataset's columns the fullest comes first, of equally full ones the newest.
    order = sorted(by_column, key=lambda c: str(c.protocol))
    order.sort(key=lambda c: (len(by_column[c]), max(cell.entry.finished for cell in by_column[c])), reverse=True)
    order.sort(key=lambda c: c.dataset)
    if mix_protocols:
        return [_table(order, by_column)] if order else []
    ranks: dict[str, int] = defaultdict(int)
    shelves: list[list[DatasetKey]] = []
    for column in order:
        rank = ranks[column.dataset]
        ranks[column.dataset] += 1
        if rank == len(shelves):
            shelves.append([])
        shelves[rank].append(column)
    return [_table(columns, by_column) for columns in shelves]


def _by_column(cells: list[Cell]) -> dict[DatasetKey, list[Cell]]:
    newest: dict[tuple[str, str, Protocol], str] = {}
    for cell in sorted(cells, key=lambda c: c.entry.finished):
        about = cell.entry.identity
        if about.images:
            newest[cell.dataset.id, about.labels, cell.protocol] = about.images
    columns: dict[DatasetKey, list[Cell]] = defaultdict(list)
    for cell in cells:
        about = cell.entry.identity
        # Imported scores know no image files: they join the images that were scored here last.
        images = about.images or newest.get((cell.dataset.id, about.labels, cell.protocol), "")
        columns[DatasetKey(cell.dataset.id, about.labels, images, cell.protocol)].append(cell)
    return columns


def _table(columns: list[DatasetKey], by_column: dict[DatasetKey, list[Cell]]) -> Table:
    cells: dict[tuple[MethodKey, DatasetKey], Cell] = {}
    superseded = 0
    for column in columns:
        for cell in sorted(by_column[column], key=lambda c: (c.entry.complete, c.entry.finished)):
            superseded += (cell.row, column) in cells
            cells[cell.row, column] = cell
    rows = {row: cell for (row, _), cell in cells.items()}
    headings: dict[str, list[MethodKey]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: (rank(rows[r].method), r)):
        headings[heading(rows[row].method)].append(row)
    eligible = {column: _eligible(cells, column) for column in columns}
    return Table(columns, list(headings.items()), cells, eligible, superseded, unique_labels(rows))


def _eligible(cells: dict[tuple[MethodKey, DatasetKey], Cell], column: DatasetKey) -> list[MethodKey]:
    there = {row: cell for (row, where), cell in cells.items() if where == column}
    most = max(cell.correlations.n for cell in there.values())
    return [row for row, cell in there.items() if not cell.excluded and cell.correlations.n == most]


def rank(method: MethodRecord) -> tuple[int, int]:
    """Return what to sort rows by: opinion-unaware first, then by family."""
    aware = method.opinion_aware
    return (1 if aware is None else 2 * aware), list(Family).index(Family(method.family))


def heading(method: MethodRecord) -> str:
    """Return the heading of a method's group of rows."""
    aware = method.opinion_aware
    if aware is None:
        return "undeclared"
    return f"{'opinion-aware' if aware else 'opinion-unaware'}, {method.family}"


def unique_labels(rows: Iterable[MethodKey]) -> dict[MethodKey, str]:
    """Return what each row is called, with what differs where two bear one label."""
    by_label: dict[str, list[MethodKey]] = defaultdict(list)
    for row in rows:
        by_label[row.label].append(row)
    return {row: _told_apart(row, same) for same in by_label.values() for row in same}


def _told_apart(row: MethodKey, same: list[MethodKey]) -> str:
    differing = [
        part
        for part, values in zip(row[1:], zip(*(r[1:] for r in same), strict=True), strict=True)
        if len(set(values)) > 1 and part
    ]
    return f"{row.label} ({', '.join(differing)})" if differing else row.label


def find_pair(table: Table, names: tuple[str, str], parameter: str) -> tuple[MethodKey, MethodKey] | None:
    """Return the two rows that names mean, by label or by the method's name; None where a table lacks one.

    Raises:
        UsageError: a name means more than one row, or both mean one.
    """
    chosen: list[MethodKey] = []
    for name in names:
        exact = [row for row in table.rows if name in (table.labels[row], row.label)]
        of_name = exact or [
            row for (row, _), cell in table.cells.items() if cell.method.name == name and row not in chosen
        ]
        rows = list(dict.fromkeys(of_name))
        if len(rows) > 1:
            labels = ", ".join(table.labels[row] for row in rows)
            raise UsageError(f"{parameter} got {name!r}, which names more than one row: give one of {labels}")
        if not rows:
            return None
        chosen.append(rows[0])
    if chosen[0] == chosen[1]:
        raise UsageError(f"{parameter} got {names[0]} and {names[1]}, which are one row: give two")
    return chosen[0], chosen[1]
