"""``bench table``: methods × datasets, with averages, marks for what may be the best, and a note for every gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.datasets.protocol import Protocol
from bench.defaults import ALPHA, CONFIDENCE
from bench.errors import listed
from bench.runs.selection import without_fitted
from bench.stats import FEW_UNITS
from bench.tables.averages import AT_LEAST, Average, average, averages_by_kind, marks_over
from bench.tables.cell import FEW, NO_LABELS, PAPER_VALUES, STATISTICS, VALUES, Cell, MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.marks import Place, find_marks
from bench.tables.sorting import BY_AVERAGE, instead_of_average
from bench.tables.table import Table
from bench.views.arranging import Request, arranged
from bench.views.model import Code, Record, Remark, Sentence, Value, View
from bench.views.paper_records import records
from bench.views.shown import Views
from bench.views.words import interval_text, left_out_text, number, origin_text

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_OTHERS = Remark("The same datasets under other protocols, labels or images: not comparable with the table above.")


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return methods × datasets; a dataset's second protocol stands in a table of its own."""
    # Records have every number of a cell, whatever the columns are.
    tables = arranged(entries, request, VALUES if request.with_records else request.values or PAPER_VALUES)
    return paper_views(tables, request, without_fitted(entries)[1])


def paper_views(tables: Sequence[Table], request: Request, fitted: int = 0) -> Views:
    """Return arranged tables in paper style.

    Args:
        tables: the second and later ones hold further protocols of the same datasets.
        request: which numbers to show, and whether with intervals.
        fitted: number of stored results of ``bench fit --features``, which are not shown here.
    """
    parts: list[View | Remark] = []
    for index, table in enumerate(tables):
        paper = PaperTable(table, request, 0 if index else fitted)
        if index and not paper.has_numbers:
            parts += [View((), (), records=paper.records()), Remark(paper.unfinished())]
        else:
            parts += [_OTHERS] if index else []
            parts.append(paper.view())
    return Views(tuple(parts))


class PaperTable:
    """One table in paper style.

    Attributes:
        table: what it shows.
        columns: the statistics that are shown of each dataset; one without labels is not there, beside others.
        missing: the statistics that are asked for and not shown of each dataset.
        values: the statistics that are shown of any.
        averages: columns of averages: those of a kind first, then the one over all datasets where there is one.
        marks: which rows are marked, and their ranks.
    """

    def __init__(self, table: Table, request: Request, fitted: int = 0) -> None:
        self.table, self.request, self.fitted = table, request, fitted
        asked = request.values or PAPER_VALUES
        # A statistic that nobody has on a dataset gets no column, unless nothing at all would be left of the dataset.
        self.columns = {
            column: [name for name in asked if self._numbers(column, name)] or list(asked[:1])
            for column in [each for each in table.columns if not self._unlabelled(each)] or table.columns
        }
        self.missing = {column: [name for name in asked if name not in names] for column, names in self.columns.items()}
        self.values = [name for name in asked if any(name in shown for shown in self.columns.values())]
        self.over, self.kinds = average(table), averages_by_kind(table)
        self.averages = [*self.kinds, *([self.over] if self.over.srcc else [])] if "srcc" in self.values else []
        self.marks = find_marks(table, [*self.kinds, *([self.over] if self.over.srcc else [])], request.marks)

    def view(self) -> View:
        """Return its cells, captions and notes."""
        head = [Value("method")]
        for column in self.columns:
            over = Value(self.table.title(column), notes=tuple(filter(None, [self.about_column(column)])))
            head += [_heading(name, over) for name in self.columns[column]]
        head += [_heading("srcc", Value(each.kind or "average")) for each in self.averages]
        head += [Value("rank", direction="lower")] if self.ranked else []
        groups = [(heading, [self._line(row) for row in rows]) for heading, rows in self.table.groups]
        return View(head, groups, self.captions(), self.records(), self.request.title, self.request.label)

    def records(self) -> Sequence[Record]:
        """Return its numbers, unrounded, where they are wanted."""
        return records(self.table, self.marks) if self.request.with_records else []

    @property
    def has_numbers(self) -> bool:
        """Whether any cell has one of the numbers that are shown."""
        return any(self._numbers(column, name) for column, shown in self.columns.items() for name in shown)

    def unfinished(self) -> str:
        """Say which results a table without numbers has, and why they have none."""
        told = [
            f"{self.table.labels[row]} on {self.table.title(column)} ({cell.correlations.reasons.get('srcc', '')})"
            for (row, column), cell in self.table.cells.items()
        ]
        return f"Not shown: {listed(told)}."

    def _numbers(self, column: DatasetKey, name: str) -> bool:
        return any(getattr(cell.correlations, name) is not None for cell in self.table.column(column).values())

    def _unlabelled(self, column: DatasetKey) -> bool:
        return all(cell.correlations.reasons.get("srcc") == NO_LABELS for cell in self.table.column(column).values())

    @property
    def ranked(self) -> bool:
        """Whether there is a column of mean ranks, which needs an average over all datasets."""
        return self.over in self.averages

    def _line(self, row: MethodKey) -> list[Value]:
        values = [value for column in self.columns for value in self._values(row, column)]
        values += [self.average(row, each) for each in self.averages]
        values += [self.rank(row)] if self.ranked else []
        return [Value(self.table.labels[row], notes=() if self.request.brief else (self.about_row(row),)), *values]

    def _values(self, row: MethodKey, column: DatasetKey) -> list[Value]:
        cell = self.table.cells.get((row, column))
        if cell is None:
            return [Value("-", notes=("not run",)), *[Value("-")] * (len(self.columns[column]) - 1)]
        first, *others = self.columns[column]
        remarks = self.table.remarks(row, column)
        return [self.value(row, column, cell, first, remarks), *(self.value(row, column, cell, n) for n in others)]

    def value(self, row: MethodKey, column: DatasetKey, cell: Cell, name: str, remarks: Sequence[str] = ()) -> Value:
        """Return one number of a cell with its mark, and the reason where there is none."""
        c = cell.correlations
        found, said = getattr(c, name), [c.reasons.get(name), c.remarks.get(name)]
        notes = (*filter(None, said), *remarks)
        if name != "srcc" or found is None:
            return Value("-" if found is None else number(found), notes=notes)
        interval = interval_text(cell.interval) + self._rank(row, column) if self.request.intervals else ""
        return Value(number(found), interval, self.marks.mark(row, column), notes)

    def _rank(self, row: MethodKey, place: DatasetKey | str) -> str:
        found = self.marks.rank(row, place)
        return f" rank {found[0]}-{found[1]}" if found else ""

    def average(self, row: MethodKey, over: Average) -> Value:
        """Return a row's mean; a mean of marked numbers carries their notes."""
        mean = over.srcc[row]
        leaks = marks_over({self.table.title(column): self.table.cells[row, column].leaks for column in over.over})
        notes = (*([mean.reason] if mean.reason else []), *leaks)
        if mean.value is None:
            return Value("-", notes=notes)
        shared = over.bootstrap if self.request.intervals else None
        interval = (
            interval_text(shared.intervals[self.table.rows.index(row)]) + self._rank(row, over.kind) if shared else ""
        )
        return Value(number(mean.value), interval, self.marks.mark(row, over.kind), notes)

    def rank(self, row: MethodKey) -> Value:
        """Return a row's mean rank by SRCC, 1 is best."""
        return Value(f"{self.over.rank[row]:.2f}")

    def about_column(self, column: DatasetKey) -> str:
        """Return what a dataset is: title, images, protocol, what intervals resample, notes and hashes."""
        about = self.table.about(column)
        if self.request.brief:
            synthetic = "a synthetic order, no human opinion" if about.kind == "synthetic-order" else ""
            # A part or another size is another measurement, and no detail.
            protocol = str(column.protocol) if column.protocol != Protocol() else ""
            return "; ".join(filter(None, [synthetic, protocol, self.table.left_out(column)]))
        text = f"{about.title}: {about.n} images; {column.protocol}"
        if any(cell.bootstrap for cell in self.table.column(column).values()):
            text += f"; intervals resample {about.cluster or 'image'}s"
        hashes = f"labels {column.labels}" + (f", images {column.images}" if column.images else "")
        left_out = self.table.left_out(column)
        return "; ".join([text, *([left_out] if left_out else []), *about.notes, hashes])

    def about_row(self, row: MethodKey) -> str:
        """Return which version and parameters a row is, or that its scores were imported."""
        return origin_text(next(cell for (where, _), cell in self.table.cells.items() if where == row))

    def captions(self) -> list[Sentence]:
        """Return the sentences below the table: what is shown, what is marked, what is averaged."""
        captions: list[Sentence] = [self._about_numbers()]
        captions += [self._about_missing()] if self._about_missing() else []
        if "srcc" in self.values:
            captions += [self._about_average()] if len(self.table.columns) > 1 else []
            captions += [self._about_kinds()] if self.kinds else []
        return captions

    def _about_missing(self) -> str:
        """Say which statistics a dataset has no column of, and why; empty where every dataset has all."""
        told = [f"{self.table.title(each)} ({NO_LABELS})" for each in self.table.columns if each not in self.columns]
        for column, name in ((column, name) for column, names in self.missing.items() for name in names):
            reasons = [cell.correlations.reasons.get(name) for cell in self.table.column(column).values()]
            why = "; ".join(dict.fromkeys(filter(None, reasons)))
            told.append(f"{STATISTICS[name].heading} of {self.table.title(column)} ({why})")
        return f"Without a column: {', '.join(told)}." if told else ""

    def _about_numbers(self) -> Sentence:
        names = self.values
        *most, last = (STATISTICS[name].meaning for name in names)
        parts = [f"{', '.join(most)}, and {last}." if most else f"{last}."]
        if "srcc" in names:
            parts[0] += f" {self._about_marks()}"
        elif self.request.marks == "value":
            parts[0] += " No value is marked: only those of SRCC are, and it is not among --values."
        if self.request.intervals and "srcc" in names and self.marks.draws:
            parts[0] += f" In brackets: {CONFIDENCE:.0%} {self.request.interval} bootstrap interval"
            by_t = self.request.interval != "t" and any(cell.interval.kind == "t" for cell in self.table.cells.values())
            parts[0] += f", by Student's t with fewer than {FEW_UNITS} images or references" if by_t else ""
            ranked = any(self.marks.ranks.values())
            parts[0] += f", and the {1 - ALPHA:.0%} interval of the rank in the column." if ranked else "."
        if self.table.superseded:
            older = f" {self.table.superseded} older result(s) of the same methods and datasets are not shown: "
            parts += [older, Code("bench results list"), "."]
        if self.fitted:
            elsewhere = f" {self.fitted} result(s) of regressions fitted on splits are shown elsewhere: "
            parts += [elsewhere, Code("bench table --style cross"), "."]
        return tuple(parts)

    def _about_marks(self) -> str:
        if not any(self.marks.of.values()):
            return f"No method is marked: each column has {self._why_unmarked()}."
        if self.marks.rule == "value":
            tested = "No test stands behind these marks."
            if self.request.marks == "set" and not self.marks.draws:
                tested = "Without draws no difference was tested, so the marks follow the values."
            return f"Bold: the highest SRCC; underlined: the second highest. {tested}{self._left_out()}"
        mapped = any(name.startswith("plcc_log") for name in self.values)
        return (
            f"Bold: the method may be the best of its column. The bold methods are a {1 - ALPHA:.0%} confidence set of "
            "the best: every other one is shown to be worse than another method. One bold method is a proved winner; "
            "several cannot be told apart by these data. Multiple comparison with the best, in each column by itself, "
            f"by a paired bootstrap on the same images ({self.marks.draws} draws).{self._left_out()}"
            f"{' PLCC is not tested, because its mapping is fitted to the same images.' if mapped else ''}"
        )

    def _left_out(self) -> str:
        """Say which rows and columns have no mark although their values may be high."""
        columns = self.columns
        out = any(len(self.table.eligible[column]) < len(self.table.column(column)) for column in columns)
        text = " Values with the note 'not eligible for best' are not compared." if out else ""
        places: dict[Place, str] = {column: self.table.title(column) for column in columns}
        places |= {each.kind: f"the average{each.kind and f' of kind {each.kind}'}" for each in self.averages}
        unmarked = dict.fromkeys(name for place, name in places.items() if not self.marks.of.get(place))
        if not unmarked:
            return text
        return f"{text} Without marks: {', '.join(unmarked)} ({self._why_unmarked()})."

    def _why_unmarked(self) -> str:
        return f"a single eligible method, fewer than {FEW} images, or methods that did not score the same images"

    def _about_average(self) -> Sentence:
        over = self.over
        names = ", ".join(map(self.table.title, over.over))
        if over.srcc:
            text = (
                "Average: the mean of SRCC by Fisher's z, and the mean rank by SRCC among these rows "
                f"(1 is best), over the {len(over.over)} datasets on which every row has an eligible SRCC: {names}. "
                "Marks and intervals treat these datasets as fixed and their images as sampled."
            )
        else:
            found = f"{len(over.over)} ({names})" if names else "0"
            needed = f"No average: it needs {AT_LEAST} datasets on which every row has an eligible SRCC"
            text = f"{needed}, and this table has {found}."
            first = instead_of_average(self.table) if self.request.sort == BY_AVERAGE else None
            text += f" Rows are in the order of their SRCC on {self.table.title(first)}." if first else ""
        text += left_out_text(self.table, over)
        if any(rows for why in over.left_out.values() for rows in why.values()):
            return (f"{text} Fewer rows (", Code("--method"), ") may leave more datasets.")
        return text

    def _about_kinds(self) -> str:
        sets = "; ".join(f"{each.kind}: {', '.join(map(self.table.title, each.over))}" for each in self.kinds)
        return f"The averages by kind of dataset are computed in the same way: {sets}."


def _heading(name: str, over: Value) -> Value:
    about = STATISTICS[name]
    return Value(about.heading, over=over, direction="higher" if about.higher_is_better else "lower")
