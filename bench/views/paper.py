"""Writing tables in paper style, in Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.stats import ALPHA, CONFIDENCE
from bench.tables.averages import AT_LEAST, Average, average, averages_by_kind, marks_over
from bench.tables.cell import MethodKey
from bench.tables.significance import find_leaders
from bench.tables.table import DatasetKey, Table
from bench.views.markup import Footnotes, Markup, Sheet
from bench.views.records import interval_text, number, origin_text

_NAMED = 3  # rows that a caption names for one reason; the others are counted
_OTHERS = "The same datasets under other protocols, labels or images: not comparable with the table above."


def to_paper(tables: Sequence[Table], markup: Markup, intervals: bool = False, fitted: int = 0) -> str:
    """Return the tables in paper style.

    Args:
        tables: from ``arrange``; the second and later ones hold further protocols of the same datasets.
        markup: the language.
        intervals: write the interval beside each SRCC.
        fitted: results of ``bench fit --features`` that are stored and not shown.
    """
    parts = []
    for index, table in enumerate(tables):
        if index:
            parts.append(markup.strong(markup.escape(_OTHERS)))
        parts.append(markup.lay_out(Writer(table, markup, intervals, 0 if index else fitted).sheet()))
    return "\n".join(parts)


@dataclass
class Writer:
    """Writes one table; footnotes are numbered as they come, one a distinct text.

    Attributes:
        table: that is written.
        markup: the language.
        intervals: write the interval beside each SRCC.
        fitted: results of regressions fitted on splits that are stored and not shown.
        notes: footnotes so far.
        over: average over all datasets.
        averages: columns of averages: those of a kind first, then ``over`` where there is one.
        leaders: who is marked.
    """

    table: Table
    markup: Markup
    intervals: bool
    fitted: int

    def __post_init__(self) -> None:
        self.over = average(self.table)
        self.kinds = averages_by_kind(self.table)
        self.averages = [*self.kinds, *([self.over] if self.over.srcc else [])]
        self.leaders = find_leaders(self.table, self.averages)
        self.notes = Footnotes(self.markup)
        self.mark = self.notes.mark

    def sheet(self) -> Sheet:
        """Return the table's cells, captions and notes."""
        table = self.table
        head = ["method"]
        for column in table.columns:
            name = self.markup.escape(column.dataset) + self.mark(self.about_column(column))
            head += [f"{name} SRCC", "PLCC"]
        head += [f"{self.markup.escape(each.kind) or 'average'} SRCC" for each in self.averages]
        head += ["rank"] if self.over.srcc else []
        groups = [(self.markup.escape(heading), [self._line(row) for row in rows]) for heading, rows in table.groups]
        return Sheet(head, groups, self.captions(), self.notes.texts)

    def captions(self) -> list[str]:
        """Return the sentences below the table: what is shown, what is marked, what is averaged."""
        captions = [self._caption()]
        if len(self.table.columns) > 1:
            captions.append(self._about_average())
        if self.kinds:
            captions.append(self._about_kinds())
        return captions

    def _line(self, row: MethodKey) -> list[str]:
        # What is said of cells is numbered before what is said of the row.
        cells = [text for column in self.table.columns for text in self._cell_texts(row, column)]
        cells += [self._average_text(row, each) for each in self.averages]
        cells += [f"{self.over.rank[row]:.2f}"] if self.over.srcc else []
        return [self.markup.escape(self.table.labels[row]) + self.mark(self.about_row(row)), *cells]

    def _caption(self) -> str:
        escape = self.markup.escape
        text = escape(f"SRCC, and PLCC after a 4-parameter logistic mapping. {self._about_marks()}")
        if self.intervals:
            kinds = {cell.interval.kind for cell in self.table.cells.values()}
            text += escape(f" In brackets: {CONFIDENCE:.0%} {' and '.join(sorted(kinds))} bootstrap interval.")
        if self.table.superseded:
            text += escape(f" {self.table.superseded} older result(s) of a row and column shown here are left out: ")
            text += self.markup.code("bench results list") + "."
        if self.fitted:
            text += escape(f" {self.fitted} result(s) of regressions fitted on splits are not shown here: ")
            text += self.markup.code("bench table --style cross") + "."
        return text

    def _about_marks(self) -> str:
        if not self.leaders.draws:
            return "Best SRCC in bold, second best in italics, by value alone: no difference was tested."
        return (
            "Bold: an SRCC better than in all other rows; italics: better than in all others but that one; no mark: a "
            f"lead may be chance. By a paired bootstrap on the same images ({self.leaders.draws} draws), at "
            f"{ALPHA:.0%} over all {self.leaders.made} comparisons in columns, after Holm"
            f"{', and over those of each average' if self.averages else ''}. PLCC is not tested: its mapping is fitted "
            "to the very images."
        )

    def _about_average(self) -> str:
        escape, over = self.markup.escape, self.over
        names = ", ".join(column.dataset for column in over.over)
        if over.srcc:
            text = escape(
                "Average: the mean of SRCC by Fisher's z, and the mean rank by SRCC among these rows "
                f"(1 is best), over the {len(over.over)} datasets that all rows compare on: {names}. "
                "Marks and intervals take these datasets as given and their images as drawn."
            )
        else:
            found = f"{len(over.over)} ({names})" if names else "none"
            needed = f"No average: it needs {AT_LEAST} datasets that all rows compare on"
            text = escape(f"{needed}, here there is {found}.")
        if over.left_out:
            # A dataset under two protocols is two columns and one sentence.
            sentences = dict.fromkeys(self._why_out(column, why) for column, why in over.left_out.items())
            text += escape(f" Left out: {'; '.join(sentences)}.")
        if any(rows for why in over.left_out.values() for rows in why.values()):
            text += f" Fewer rows ({self.markup.code('--method')}) may leave more datasets."
        return text

    def _about_kinds(self) -> str:
        sets = "; ".join(f"{each.kind}: {', '.join(column.dataset for column in each.over)}" for each in self.kinds)
        return self.markup.escape(f"Averages of a kind are formed alike over its datasets: {sets}.")

    def _why_out(self, column: DatasetKey, why: dict[str, list[MethodKey]]) -> str:
        reasons = []
        for reason, rows in why.items():
            named = [self.table.labels[row] for row in rows[:_NAMED]]
            more = [f"{len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
            reasons.append(reason + (f": {', '.join(named + more)}" if rows else ""))
        return f"{column.dataset} ({'; '.join(reasons)})"

    def about_column(self, column: DatasetKey) -> str:
        """Return what a dataset is: title, images, protocol, what intervals resample, notes, hashes."""
        about = next(cell for (_, where), cell in self.table.cells.items() if where == column).dataset
        text = f"{about.title}: {about.n} images; {column.protocol}"
        text += f"; intervals resample {about.cluster or 'image'}s"
        hashes = f"labels {column.labels}" + (f", images {column.images}" if column.images else "")
        return "; ".join([text, *about.notes, hashes])

    def about_row(self, row: MethodKey) -> str:
        """Return which version and parameters a row is, or that its scores were imported."""
        cell = next(cell for (where, _), cell in self.table.cells.items() if where == row)
        return origin_text(cell)

    def _cell_texts(self, row: MethodKey, column: DatasetKey) -> list[str]:
        cell = self.table.cells.get((row, column))
        if cell is None:
            return ["-" + self.mark("not run"), "-"]
        reasons = cell.correlations.reasons
        srcc = self._value(row, column, "srcc") + (interval_text(cell.interval) if self.intervals else "")
        why = [reasons["srcc"]] if "srcc" in reasons else []
        srcc += self.mark(*why, *self.remarks(row, column))
        plcc = self._value(row, column, "plcc_log4")
        return [srcc, plcc + self.mark(*([reasons["plcc_log4"]] if "plcc_log4" in reasons else []))]

    def _average_text(self, row: MethodKey, over: Average) -> str:
        mean = over.srcc[row]
        marks = self.mark(*([mean.reason] if mean.reason else []), *self.average_remarks(row, over))
        if mean.value is None:
            return "-" + marks
        text = self._standing(number(mean.value), row, over.kind)
        if self.intervals and over.bootstrap is not None:
            text += interval_text(over.bootstrap.intervals[self.table.rows.index(row)])
        return text + marks

    def average_remarks(self, row: MethodKey, over: Average) -> list[str]:
        """Return the leaks behind a mean: a mean of marked numbers carries their marks."""
        return marks_over({column.dataset: self.table.cells[row, column].leaks for column in over.over})

    def _value(self, row: MethodKey, column: DatasetKey, name: str) -> str:
        value = getattr(self.table.cells[row, column].correlations, name)
        if value is None:
            return "-"
        return self._standing(number(value), row, column) if name == "srcc" else number(value)

    def _standing(self, text: str, row: MethodKey, place: DatasetKey | str) -> str:
        """Mark an SRCC's text where its row leads or comes next."""
        best, second = self.leaders.of[place]
        if row == best:
            return self.markup.best(text)
        return self.markup.second(text) if row == second else text

    def remarks(self, row: MethodKey, column: DatasetKey) -> list[str]:
        """Return what must be known beside a cell's number: failures, leaks, too few images."""
        cell, remarks = self.table.cells[row, column], []
        out = not cell.excluded and cell.correlations.n and row not in self.table.eligible[column]
        if cell.failed:
            not_best = ": not in the running for best" if out else ""
            remarks.append(f"scored {cell.scored}, failed {cell.failed}{not_best}")
        if cell.unlabelled and cell.correlations.n:
            remarks.append(f"{cell.unlabelled} scored images have no label")
        for leak in cell.leaks:
            remarks.append(leak.why + (": not in the running for best" if leak.excludes else ""))
        if cell.too_few:
            remarks.append(f"n = {cell.correlations.n}: too few to tell")
        return remarks
