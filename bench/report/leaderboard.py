"""The leaderboard of the report: the texts of `bench table`, with what a page needs to sort and filter them."""

from __future__ import annotations

from dataclasses import dataclass

from bench.tables.averages import Average, kind_of
from bench.tables.cell import FEW, Cell, MethodKey
from bench.tables.leakage import Relation
from bench.tables.table import DatasetKey, Table
from bench.views.markup import Markup, Sheet
from bench.views.paper import Writer
from bench.views.records import interval_text, number


def _no_layout(sheet: Sheet) -> str:
    raise NotImplementedError(f"a page lays {len(sheet.head)} columns out itself")


_PLAIN = Markup(
    # The template escapes; here is text.
    escape=str,
    best=str,
    second=str,
    code=lambda text: f"`{text}`",
    strong=str,
    marks=lambda numbers: "",  # noqa: ARG005 - the page has marks of its own
    lay_out=_no_layout,
)

LEAKS = {
    Relation.TRAINED_ON: ("T", "trained on this dataset; not in the running for best"),
    Relation.SAME_SOURCE: ("S", "trained on photographs of the same source; not in the running for best"),
    Relation.SELECTED_ON: ("M", "some MOS of this dataset was looked at when choosing the method"),
    Relation.UNKNOWN: ("U", "what it was trained on is unknown, in part or whole"),
}
FAILED = ("F", "images that the method could not score are left out")
TOO_FEW = ("n", f"fewer than {FEW} images: too few to tell")
LEGEND = (*LEAKS.values(), FAILED, TOO_FEW)
"""(mark, what it means), in the order in which marks stand beside a number."""


@dataclass(frozen=True)
class Number:
    """One number of the page.

    Attributes:
        value: unrounded; None where there is none.
        text: rounded, or a hyphen.
        interval: in brackets, or empty.
        standing: ``best``, ``second`` or empty.
        reason: why there is no number; empty where there is.
        marks: (mark, why).
        key: of the entry behind it; empty for what no single entry gives.
        kind: of the dataset, for the filter; empty where it belongs to none.
    """

    value: float | None
    text: str
    interval: str = ""
    standing: str = ""
    reason: str = ""
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
    captions: tuple[str, ...]
    datasets: tuple[tuple[str, str], ...]


def lay_out(writer: Writer) -> Leaderboard:
    """Return a table as a page shows it.

    Args:
        writer: of the table, with ``plain_writer``'s markup.
    """
    table, over = writer.table, writer.over
    heads = [_head(table, column) for column in table.columns]
    heads += [Head(f"average, {each.kind}" if each.kind else "average", "", "", ("SRCC",)) for each in writer.averages]
    heads += [Head("mean rank", "1 is best", "", ("rank",))] if over.srcc else []
    return Leaderboard(
        tuple(heads),
        tuple(_line(writer, heading, row) for heading, rows in table.groups for row in rows),
        tuple(writer.captions()),
        tuple((column.dataset, writer.about_column(column)) for column in table.columns),
    )


def plain_writer(table: Table, fitted: int) -> Writer:
    """Return what knows marks, averages and captions of a table, as text; ``fitted`` results are not shown."""
    return Writer(table, _PLAIN, intervals=True, fitted=fitted)


def _head(table: Table, column: DatasetKey) -> Head:
    most = max(cell.correlations.n for (_, where), cell in table.cells.items() if where == column)
    kind = kind_of(table, column)
    what = "; a synthetic order, no human opinion" if kind == "synthetic-order" else ""
    return Head(column.dataset, f"n = {most:,}{what}", kind, ("SRCC", "PLCC"))


def _line(writer: Writer, heading: str, row: MethodKey) -> Line:
    table, numbers = writer.table, []
    for column in table.columns:
        kind = kind_of(table, column)
        if (row, column) in table.cells:
            numbers += [_number(writer, row, column, value, kind) for value in ("srcc", "plcc_log4")]
        else:
            numbers += [Number(None, "-", reason="not run", kind=kind)] * 2
    numbers += [_average(writer, row, each) for each in writer.averages]
    if writer.over.srcc:
        rank = writer.over.rank[row]
        numbers.append(Number(rank, f"{rank:.2f}"))
    return Line(table.labels[row], heading, writer.about_row(row), tuple(numbers))


def _number(writer: Writer, row: MethodKey, column: DatasetKey, value: str, kind: str) -> Number:
    cell = writer.table.cells[row, column]
    found: float | None = getattr(cell.correlations, value)
    if found is None:
        return Number(None, "-", reason=cell.correlations.reasons[value], key=cell.entry.key, kind=kind)
    return Number(
        found,
        number(found),
        interval_text(cell.interval).strip() if value == "srcc" else "",
        _standing(writer, row, column) if value == "srcc" else "",
        marks=_marks(cell),
        key=cell.entry.key,
        kind=kind,
    )


def _average(writer: Writer, row: MethodKey, over: Average) -> Number:
    mean = over.srcc[row]
    if mean.value is None:
        return Number(None, "-", reason=mean.reason)
    drawn = over.bootstrap
    interval = interval_text(drawn.intervals[writer.table.rows.index(row)]).strip() if drawn else ""
    relations = {leak.relation for column in over.over for leak in writer.table.cells[row, column].leaks}
    why = "; ".join(writer.average_remarks(row, over))
    marks = tuple((mark, why) for relation, (mark, _) in LEAKS.items() if relation in relations)
    return Number(mean.value, number(mean.value), interval, _standing(writer, row, over.kind), marks=marks)


def _standing(writer: Writer, row: MethodKey, place: DatasetKey | str) -> str:
    best, second = writer.leaders.of[place]
    return "best" if row == best else "second" if row == second else ""


def _marks(cell: Cell) -> tuple[tuple[str, str], ...]:
    marks = [(LEAKS[leak.relation][0], leak.why) for leak in cell.leaks]
    if cell.failed:
        marks.append((FAILED[0], f"scored {cell.scored}, failed {cell.failed}"))
    if cell.too_few:
        marks.append((TOO_FEW[0], f"n = {cell.correlations.n}: too few to tell"))
    return tuple(marks)
