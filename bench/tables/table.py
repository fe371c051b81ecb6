"""Tables: arrangement of evaluated cells as methods x datasets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.api import Family
from bench.errors import UsageError, counted
from bench.io.visible import quoted
from bench.runs.entry import DatasetRecord, MethodRecord
from bench.tables.cell import Cell, MethodKey
from bench.tables.code import code_remark
from bench.tables.columns import DatasetKey, by_column, shown


@dataclass
class Table:
    """Methods × datasets, each dataset under one protocol.

    Attributes:
        columns: in the order that was asked for, else of dataset id.
        groups: (heading, rows), opinion-unaware methods first.
        cells: what is there; what is not was not run.
        eligible: for each column, the rows eligible for best, which compare on the same images. A method is not
            eligible when it was trained on the dataset or its source, or failed on too many images.
        superseded: how many older results of the same row and column are in the store.
        labels: what each row is called.
        titles: id of a dataset → what its columns are called, where that is not its id.
    """

    columns: list[DatasetKey]
    groups: list[tuple[str, list[MethodKey]]]
    cells: dict[tuple[MethodKey, DatasetKey], Cell]
    eligible: dict[DatasetKey, list[MethodKey]]
    superseded: int = 0
    labels: dict[MethodKey, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> list[MethodKey]:
        """Every row, from top to bottom."""
        return [row for _, rows in self.groups for row in rows]

    def column(self, column: DatasetKey) -> dict[MethodKey, Cell]:
        """Return the cells of a column, from top to bottom."""
        return {row: self.cells[row, column] for row in self.rows if (row, column) in self.cells}

    def title(self, column: DatasetKey) -> str:
        """Return what a column is called."""
        return self.titles.get(column.dataset, column.dataset)

    def about(self, column: DatasetKey) -> DatasetRecord:
        """Return what a sidecar says of a column's dataset."""
        return next(cell for (_, where), cell in self.cells.items() if where == column).dataset

    def left_out(self, column: DatasetKey) -> str:
        """Return how many images no number of a column uses, and for whose sake; empty without any."""
        shared = next(cell for (_, where), cell in self.cells.items() if where == column).shared
        if shared is None or not shared.left_out:
            return ""
        whose = ", ".join(f"{count} by {self.labels[row]}" for row, count in shared.missing.items())
        return f"without {counted(shared.left_out, 'image')} that some method did not score ({whose})"

    def remarks(self, row: MethodKey, column: DatasetKey) -> list[str]:
        """Return what must be known beside a cell's number: failures, leaks, too few images, code that changed."""
        cell, remarks = self.cells[row, column], []
        if cell.failed:
            remarks.append(f"scored {cell.scored}, failed {cell.failed}")
        if cell.correlations.n and not cell.excluded and not cell.compared:
            remarks.append(
                f"on {cell.correlations.n} images, too few of those that others scored: not eligible for best"
            )
        if cell.unlabelled and cell.correlations.n:
            remarks.append(f"{cell.unlabelled} scored images have no label")
        if shared := cell.dataset.across_splits:
            remarks.append(f"{shared} image(s) are in another split of the dataset too, as the same file")
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


def arrange(cells: Iterable[Cell], mix_protocols: bool = False, datasets: Sequence[str] = ()) -> list[Table]:
    """Arrange cells into tables; a dataset's second protocol goes to a table of its own.

    Args:
        cells: evaluated entries.
        mix_protocols: put every protocol into one table instead, a column each.
        datasets: ids, in the order of the columns; others follow in the order of their ids.
    """
    cell_of = {cell.entry.key: cell for cell in cells}
    columns = by_column(cell.entry for cell in cell_of.values())
    cells_of = {column: [cell_of[entry.key] for entry in entries] for column, entries in columns.items()}
    # Of a dataset's columns the one with most methods comes first, then the one with most images, then the newest.
    order = sorted(cells_of, key=lambda c: str(c.protocol))
    order.sort(key=lambda c: _standing(cells_of[c]), reverse=True)
    wanted = {id_: place for place, id_ in enumerate(datasets)}
    order.sort(key=lambda c: (wanted.get(c.dataset, len(wanted)), c.dataset))
    if mix_protocols:
        return [_table(order, cells_of)] if order else []
    ranks: dict[str, int] = defaultdict(int)
    shelves: list[list[DatasetKey]] = []
    for column in order:
        rank = ranks[column.dataset]
        ranks[column.dataset] += 1
        if rank == len(shelves):
            shelves.append([])
        shelves[rank].append(column)
    return [_table(shelf, cells_of) for shelf in shelves]


def _standing(cells: Sequence[Cell]) -> tuple[int, int, str]:
    return len(cells), max(cell.dataset.n for cell in cells), max(cell.entry.finished for cell in cells)


def _table(columns: list[DatasetKey], cells_of: Mapping[DatasetKey, list[Cell]]) -> Table:
    cells: dict[tuple[MethodKey, DatasetKey], Cell] = {}
    superseded = 0
    for column in columns:
        cell_of = {cell.entry.key: cell for cell in cells_of[column]}
        current = shown(cell.entry for cell in cells_of[column])
        cells |= {(row, column): cell_of[entry.key] for row, entry in current.items()}
        superseded += len(cell_of) - len(current)
    rows = {row: cell for (row, _), cell in cells.items()}
    headings: dict[str, list[MethodKey]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: (rank(rows[r].method), r)):
        headings[heading(rows[row].method)].append(row)
    eligible = {column: _eligible(cells, column) for column in columns}
    return Table(columns, list(headings.items()), cells, eligible, superseded, unique_labels(rows))


def _eligible(cells: Mapping[tuple[MethodKey, DatasetKey], Cell], column: DatasetKey) -> list[MethodKey]:
    there = {row: cell for (row, where), cell in cells.items() if where == column}
    return [row for row, cell in there.items() if cell.compared and cell.correlations.n]


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


def find_pair(table: Table, names: tuple[str, str]) -> tuple[MethodKey, MethodKey] | None:
    """Return the two rows that names mean, by label or by the method's name; None where a table lacks one.

    Raises:
        UsageError: a name means more than one row, or both mean one.
    """
    chosen: list[MethodKey] = []
    for parameter, name in zip("AB", names, strict=True):
        exact = [row for row in table.rows if name in (table.labels[row], row.label)]
        of_name = exact or [
            row for (row, _), cell in table.cells.items() if cell.method.name == name and row not in chosen
        ]
        rows = list(dict.fromkeys(of_name))
        if len(rows) > 1:
            labels = ", ".join(table.labels[row] for row in rows)
            raise UsageError(f"{parameter} got {quoted(name)}, which names more than one row: give one of {labels}")
        if not rows:
            return None
        chosen.append(rows[0])
    if chosen[0] == chosen[1]:
        raise UsageError(f"A and B got {names[0]} and {names[1]}, which are one row: give two")
    return chosen[0], chosen[1]
