"""Leaderboard of a report: the values of ``bench table``, with keys to sort, filter and link them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.tables.averages import Average, kind_of
from bench.tables.cell import FEW, STATISTICS, Cell, MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.leakage import Relation
from bench.tables.table import Table
from bench.views.model import Sentence, Value
from bench.views.paper import PaperTable

LEAKS = {
    Relation.TRAINED_ON: ("T", "trained on this dataset; not eligible for best"),
    Relation.SAME_SOURCE: ("S", "trained on photographs of the same source; not eligible for best"),
    Relation.SELECTED_ON: ("M", "tuned with some of this dataset's MOS"),
    Relation.UNKNOWN: ("U", "what it was trained on is unknown, in part or whole"),
}
FAILED = ("F", "images that the method could not score are left out")
TOO_FEW = ("n", f"fewer than {FEW} images: too few to draw conclusions")
LEGEND = (*LEAKS.values(), FAILED, TOO_FEW)
"""(mark, what it means), in the order in which marks stand beside a number."""


@dataclass(frozen=True)
class Number:
    """One number of the page.

    Attributes:
        shown: as ``bench table`` has it; where there is no number, its notes say why.
        value: unrounded; None where there is none.
        marks: (mark, why).
        key: of the entry behind it; empty for what no single entry gives.
        kind: of the dataset, for the filter; empty where it belongs to none.
    """

    shown: Value
    value: float | None = None
    marks: tuple[tuple[str, str], ...] = ()
    key: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Head:
    """Columns that belong together.

    Attributes:
        title: dataset, or whose average.
        about: n of a dataset and whether its labels are people's, or what is better.
        kind: of the dataset, for the filter; empty for averages.
        columns: names of the single columns.
    """

    title: str
    about: str
    kind: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One method."""

    label: str
    family: str
    about: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class Leaderboard:
    """One table of the page.

    Attributes:
        heads: columns from left to right.
        lines: methods, in the order of ``bench table``.
        captions: sentences below it.
        datasets: (id, what it is).
    """

    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    captions: tuple[Sentence, ...]
    datasets: tuple[tuple[str, str], ...]


def lay_out(paper: PaperTable) -> Leaderboard:
    """Return a table as a page shows it."""
    table = paper.table
    heads = [_head(table, column, names) for column, names in paper.columns.items()]
    heads += [Head(f"average, {each.kind}" if each.kind else "average", "", "", ("SRCC",)) for each in paper.averages]
    heads += [Head("mean rank", "1 is best", "", ("rank",))] if paper.ranked else []
    return Leaderboard(
        tuple(heads),
        tuple(_line(paper, heading, row) for heading, rows in table.groups for row in rows),
        tuple(paper.captions()),
        tuple((column.dataset, paper.about_column(column)) for column in paper.columns),
    )


def _head(table: Table, column: DatasetKey, values: Sequence[str]) -> Head:
    most = max(cell.correlations.n for cell in table.column(column).values())
    kind = kind_of(table, column)
    what = "; a synthetic order, no human opinion" if kind == "synthetic-order" else ""
    return Head(column.dataset, f"n = {most:,}{what}", kind, tuple(STATISTICS[name].heading for name in values))


def _line(paper: PaperTable, heading: str, row: MethodKey) -> Line:
    numbers = [number for column in paper.columns for number in _numbers(paper, row, column)]
    numbers += [_average(paper, row, each) for each in paper.averages]
    numbers += [Number(paper.rank(row), paper.over.rank[row])] if paper.ranked else []
    return Line(paper.table.labels[row], heading, paper.about_row(row), tuple(numbers))


def _numbers(paper: PaperTable, row: MethodKey, column: DatasetKey) -> list[Number]:
    cell, kind, names = paper.table.cells.get((row, column)), kind_of(paper.table, column), paper.columns[column]
    if cell is None:
        return [Number(Value("-", notes=("not run",)), kind=kind)] * len(names)
    return [_number(paper.value(row, column, cell, name), cell, name, kind) for name in names]


def _number(shown: Value, cell: Cell, name: str, kind: str) -> Number:
    value: float | None = getattr(cell.correlations, name)
    return Number(shown, value, () if value is None else find_letters(cell), cell.entry.key, kind)


def _average(paper: PaperTable, row: MethodKey, over: Average) -> Number:
    shown, value = paper.average(row, over), over.srcc[row].value
    if value is None:
        return Number(shown)
    relations = {leak.relation for column in over.over for leak in paper.table.cells[row, column].leaks}
    why = "; ".join(shown.notes)
    return Number(shown, value, tuple((mark, why) for relation, (mark, _) in LEAKS.items() if relation in relations))


def find_letters(cell: Cell) -> tuple[tuple[str, str], ...]:
    """Return the letters that stand beside a cell's numbers, each with the reason."""
    marks = [(LEAKS[leak.relation][0], leak.why) for leak in cell.leaks]
    if cell.failed:
        marks.append((FAILED[0], f"scored {cell.scored}, failed {cell.failed}"))
    if cell.too_few:
        marks.append((TOO_FEW[0], f"n = {cell.correlations.n}: too few images to draw conclusions"))
    return tuple(marks)
