"""``bench table --style cross``: rows × test sets, with averages beyond the own training set and pairs that lead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.tables.averages import marks_over
from bench.tables.cell import FEW, MethodKey
from bench.tables.leakage import Relation
from bench.views.arranging import Request
from bench.views.cross.arrangement import arrange
from bench.views.cross.averages import Lead, averages, pairs
from bench.views.cross.records import records
from bench.views.cross.table import CrossTable, Target
from bench.views.model import Value, View
from bench.views.shown import Views
from bench.views.words import number

if TYPE_CHECKING:
    from bench.runs.entry import Entry


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return regressions fitted on one dataset and tested on others, beside the other methods.

    Args:
        entries: stored results.
        request: only its intervals count, which are the quartiles over the splits here.

    Raises:
        UsageError: there is no such regression among the results.
    """
    table = arrange(entries)
    if not table.tested:
        raise UsageError(
            "no regression is among the results chosen: run `bench fit --features "
            "METHOD --train DATASET --test DATASET` first"
        )
    return Views((CrossView(table, request.intervals).view(),))


class CrossView:
    """A table across datasets as a view.

    Attributes:
        table: what it shows, with at least one column.
        quartiles: print the quartiles over the splits beside each median.
        means: what each row reaches over its test sets.
    """

    def __init__(self, table: CrossTable, quartiles: bool) -> None:
        self.table, self.quartiles = table, quartiles
        self.means = averages(table)

    def view(self) -> View:
        """Return its cells, captions, notes and records."""
        head = [Value("method")]
        head += [Value(target.dataset, notes=(self._about_column(target),)) for target in self.table.tested]
        head += [Value("average"), Value("minus best opinion-unaware")]
        groups = [(name, [self._line(row) for row in rows]) for name, rows in self.table.groups]
        captions = (self._about_splits(), self._about_average(), self._about_pairs())
        return View(head, groups, captions, records(self.table, self.means))

    def _line(self, row: MethodKey) -> list[Value]:
        version = f"version {row.version}" + (f", parameters {row.fingerprint}" if row.fingerprint else "")
        name = Value(self.table.labels[row], notes=(version,))
        return [name, *(self._cell(row, target) for target in self.table.tested), self._average(row), self._minus(row)]

    def _cell(self, row: MethodKey, target: Target) -> Value:
        cell = self.table.cells[row, target]
        found, out = cell.summary, ": left out of its average"
        notes = [found.reason] if found.reason else []
        notes += [f"other images of its training set{out}"] if cell.own else []
        notes += [leak.why + (out if leak.excludes else "") for leak in cell.leaks]
        quartiles = ""
        if self.quartiles and found.low is not None and found.high is not None:
            quartiles = f" [{number(found.low)}, {number(found.high)}]"
        return Value("-" if found.median is None else number(found.median), quartiles, notes=tuple(notes))

    def _average(self, row: MethodKey) -> Value:
        found = self.means[row]
        if found.mean.value is None:
            return Value("-", notes=(f"no average: {found.mean.reason}",))
        leaks = {target.dataset: self.table.cells[row, target].leaks for target in found.over}
        return Value(f"{number(found.mean.value)} ({len(found.over)})", notes=tuple(marks_over(leaks)))

    def _minus(self, row: MethodKey) -> Value:
        found = self.means[row]
        if row not in self.table.trained:
            return Value("")
        if found.best is None:
            return Value("-", notes=("no opinion-unaware method to compare with on the same test sets",))
        return Value(f"{_signed(found.minus[found.best])} ({self.table.labels[found.best]})")

    def _about_column(self, target: Target) -> str:
        tested = self.table.tested[target]
        sizes = sorted(len(part) for part in tested.parts)
        text = f"{tested.about.title}: {tested.about.n} images; {target.protocol}"
        if sizes:
            some = f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"
            few = " (too few to draw conclusions)" if sizes[0] < FEW else ""
            text += f"; {len(sizes)} splits with {some} test images{few}"
        for row, lacking in tested.left_out.items():
            text += f"; {lacking} test images left out of every row, for {self.table.labels[row]} has no score of them"
        return "; ".join([text, *tested.about.notes, f"labels {target.labels}, images {target.images}"])

    def _about_splits(self) -> str:
        text = (
            "SRCC: median over content-disjoint splits, on the same test images in every row. The splits overlap, so "
            "that they cannot be tested and their spread is not a confidence interval."
        )
        return text + (" In brackets: lower and upper quartile over the splits." if self.quartiles else "")

    def _about_average(self) -> str:
        return (
            "Average: mean of the medians by Fisher's z; in parentheses the number of test sets. A row's own training "
            "set is left out, so rows average over different test sets. The last column compares on the same ones: "
            "average of a fitted row minus that of the best opinion-unaware row over its test sets."
        )

    def _about_pairs(self) -> str:
        found = pairs(self.table)
        if found.best is None:
            return "No fitted row has an opinion-unaware row beside it on a test set other than its training set."
        each = [f"{self.table.labels[row]} is ahead on {_lead(lead)}" for row, lead in found.leads.items()]
        text = f"Of the pairs of a fitted row and a test set not its own, {'; '.join(each)}. "
        text += f"The best of them on each pair, chosen with hindsight, is ahead on {_lead(found.best)}."
        looked = [self.table.labels[row] for row in found.leads if self._looked_at(row)]
        if looked:
            text += f" Tuned with some MOS of the test sets: {', '.join(looked)}; see the footnotes."
        if found.leaking:
            text += f" {found.leaking} pair(s) left out: the row was trained on photographs of the test set's source."
        if found.missing:
            text += f" {found.missing} pair(s) left out because the fitted row has no SRCC."
        return text

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
