"""Writing tables across datasets (``bench table --style cross``) in paper style, in Markdown or LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

from bench.datasets.protocol import Protocol
from bench.tables.averages import marks_over
from bench.tables.cell import FEW, MethodKey
from bench.tables.leakage import Relation
from bench.views.cross.arrangement import CrossTable, Target
from bench.views.cross.averages import Lead, averages, pairs
from bench.views.markup import Footnotes, Markup, Sheet
from bench.views.words import number


def to_paper(table: CrossTable, markup: Markup, intervals: bool = False) -> str:
    """Return the table in paper style.

    Args:
        table: from ``cross.arrange``, with at least one column.
        markup: the language.
        intervals: write the quartiles over the splits beside each median.
    """
    return markup.lay_out(_Writer(table, markup, intervals).sheet())


@dataclass
class _Writer:
    """Writes one table."""

    table: CrossTable
    markup: Markup
    intervals: bool

    def __post_init__(self) -> None:
        self.means = averages(self.table)
        self.footnotes = Footnotes(self.markup)
        self.mark = self.footnotes.mark

    def sheet(self) -> Sheet:
        """Return the table's cells, captions and notes."""
        escape, table = self.markup.escape, self.table
        head = [escape(target.dataset) + self.mark(self._about_column(target)) for target in table.tested]
        groups = [(escape(name), [self._line(row) for row in rows]) for name, rows in table.groups]
        captions = [escape(text) for text in (self._about_splits(), self._about_average(), *self._about_pairs())]
        columns = ["method", *head, "average", "minus best opinion-unaware"]
        return Sheet(columns, groups, captions, self.footnotes.texts)

    def _line(self, row: MethodKey) -> list[str]:
        cells = [self._cell(row, target) for target in self.table.tested]
        cells += [self._average(row), self._minus(row)]
        version = f"version {row.version}" + (f", parameters {row.fingerprint}" if row.fingerprint else "")
        return [self.markup.escape(self.table.labels[row]) + self.mark(version), *cells]

    def _cell(self, row: MethodKey, target: Target) -> str:
        cell = self.table.cells[row, target]
        found, out = cell.summary, ": left out of its average"
        text = "-" if found.median is None else number(found.median)
        if self.intervals and found.low is not None and found.high is not None:
            text += f" [{number(found.low)}, {number(found.high)}]"
        remarks = [found.reason] if found.reason else []
        remarks += [f"other images of its training set{out}"] if cell.own else []
        remarks += [leak.why + (out if leak.excludes else "") for leak in cell.leaks]
        return text + self.mark(*remarks)

    def _average(self, row: MethodKey) -> str:
        found = self.means[row]
        if found.mean.value is None:
            return "-" + self.mark(f"no average: {found.mean.reason}")
        leaks = {target.dataset: self.table.cells[row, target].leaks for target in found.over}
        return f"{number(found.mean.value)} ({len(found.over)}){self.mark(*marks_over(leaks))}"

    def _minus(self, row: MethodKey) -> str:
        found = self.means[row]
        if row not in self.table.trained:
            return ""
        if found.best is None:
            return "-" + self.mark("no opinion-unaware method to compare with on the same test sets")
        return f"{_signed(found.minus[found.best])} ({self.markup.escape(self.table.labels[found.best])})"

    def _about_column(self, target: Target) -> str:
        tested = self.table.tested[target]
        sizes = sorted(len(part) for part in tested.parts)
        text = f"{tested.about.title}: {tested.about.n} images; {Protocol('random:SEED', target.resize)}"
        if sizes:
            some = f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"
            few = " (too few to tell)" if sizes[0] < FEW else ""
            text += f"; {len(sizes)} splits with {some} test images{few}"
        for row, lacking in tested.left_out.items():
            text += f"; {lacking} test images left out of every row, for {self.table.labels[row]} has no score of them"
        return "; ".join([text, *tested.about.notes, f"labels {target.labels}, images {target.images}"])

    def _about_splits(self) -> str:
        text = (
            "SRCC: the median over content-disjoint splits, on the same test images in every row. The splits overlap: "
            "no test can be made of them, and their spread is no confidence interval."
        )
        return text + (" In brackets: lower and upper quartile over the splits." if self.intervals else "")

    def _about_average(self) -> str:
        return (
            "Average: the mean of the medians by Fisher's z, over as many test sets as stand in parentheses. A row's "
            "own training set is left out, so that rows average over different test sets; the last column compares on "
            "the same: a fitted row's average minus that of the opinion-unaware row that is highest over its test sets."
        )

    def _about_pairs(self) -> list[str]:
        found = pairs(self.table)
        if found.best is None:
            return ["On no test set but its own does a fitted row stand beside an opinion-unaware one."]
        each = [f"{self.table.labels[row]} is ahead on {_lead(lead)}" for row, lead in found.leads.items()]
        text = f"Of the pairs of a fitted row and a test set not its own, {'; '.join(each)}. "
        text += f"The best of them on each pair, chosen with hindsight, is ahead on {_lead(found.best)}."
        looked = [self.table.labels[row] for row in found.leads if self._looked_at(row)]
        if looked:
            text += f" Some MOS of the test sets was looked at in configuring {', '.join(looked)}: see the marks."
        if found.leaking:
            text += f" {found.leaking} pair(s) left out: the row learned from photographs of the test set's source."
        if found.missing:
            text += f" {found.missing} pair(s) left out for want of an SRCC of the fitted row."
        return [text]

    def _looked_at(self, row: MethodKey) -> bool:
        cells = [self.table.cells[row, target] for target in self.table.tested]
        return any(leak.relation is Relation.SELECTED_ON for cell in cells for leak in cell.leaks)


def _lead(lead: Lead) -> str:
    low, high = min(lead.differences), max(lead.differences)
    spread = f", {_signed(low)} to {_signed(high)}" if low < high else ""
    return f"{lead.ahead} of {len(lead.differences)} (SRCC {_signed(lead.median)} in the median{spread})"


def _signed(value: float) -> str:
    text = number(value)
    return text if text.startswith("-") else f"+{text}"
