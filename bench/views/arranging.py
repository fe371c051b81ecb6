"""Settings of a view, and the tables that it is computed from."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.defaults import DRAWS
from bench.errors import UsageError
from bench.io.visible import quoted
from bench.runs.selection import without_fitted
from bench.stats import IntervalKind
from bench.tables.cell import STATISTICS
from bench.tables.marks import Rule
from bench.tables.sorting import BY_NAME
from bench.views.names import Names, rename

if TYPE_CHECKING:
    from bench.runs.entry import Entry
    from bench.tables.table import Table


@dataclass(frozen=True)
class Request:
    """Settings of a view.

    Attributes:
        draws: bootstrap draws for intervals and tests; 0 turns both off.
        interval: kind of the intervals.
        common: use only images that every method shown scored.
        mix_protocols: put different protocols of a dataset into one table.
        intervals: print the intervals of each SRCC and of its rank beside it.
        marks: what marks mean: ``set``, a row may be the best; ``value``, its value is the highest.
        values: the numbers to show, by their names in ``STATISTICS``; empty: those that the view shows unasked.
        margin: difference of SRCC below which two methods are equivalent, for ``compare``; None: no such test.
        argument: what the view is of: an attribute, two methods, a file.
        methods: names that the entries were chosen by; empty: all methods.
        datasets: ids that the entries were chosen by; empty: all datasets.
        with_records: compute the records too, which JSON, CSV and DataFrames are made of.
        sort: order of the rows inside their groups: ``name``, ``average`` or the id of a dataset.
        names: names to show in place of those that methods and datasets have here.
        title: caption that the table gets before the sentences that explain it; empty for no more than these.
        label: by which LaTeX refers to the table; empty without.
        brief: leave versions, protocols and hashes to an appendix (:mod:`bench.views.appendix`).
    """

    draws: int = DRAWS
    interval: IntervalKind = "percentile"
    common: bool = False
    mix_protocols: bool = False
    intervals: bool = False
    marks: Rule = "set"
    values: tuple[str, ...] = ()
    margin: float | None = None
    argument: object = None
    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    with_records: bool = True
    sort: str = BY_NAME
    names: Names = field(default_factory=Names)
    title: str = ""
    label: str = ""
    brief: bool = False

    def __post_init__(self) -> None:
        unknown = [name for name in self.values if name not in STATISTICS]
        if unknown or len(set(self.values)) < len(self.values):
            got = ",".join(self.values)
            raise UsageError(f"--values got {quoted(got)}: choose some of {', '.join(STATISTICS)}, each once")
        if not re.fullmatch(r"[\w:.+-]*", self.label, re.ASCII):
            raise UsageError(f"--label got {quoted(self.label)}: use letters, digits and : . + - _, such as tab:main")
        if self.margin is not None and not 0 < self.margin < 2:
            raise UsageError(f"--margin got {self.margin:g}: give a number above 0 and below 2, such as 0.01")

    def need_draws(self, option: str) -> None:
        """Raise UsageError where a view that tests was asked for without draws."""
        if not self.draws:
            raise UsageError(f"{option} tests by a bootstrap, and --draws got 0: give 2000, say")


def arranged(entries: Sequence[Entry], request: Request, values: Collection[str] = ("srcc",)) -> list[Table]:
    """Evaluate entries and arrange them as tables; regressions fitted on splits are left out.

    Args:
        entries: stored results, at least one that is no such regression.
        request: gives draws, intervals, images and protocols.
        values: the numbers that the view needs.
    """
    from bench.datasets.catalogue import canonical
    from bench.tables.evaluation import evaluate
    from bench.tables.sorting import sort_rows
    from bench.tables.table import arrange

    kept, _ = without_fitted(entries)
    cells = evaluate(kept, request.draws, request.interval, request.common, values)
    tables = arrange(cells, request.mix_protocols, [canonical(name) for name in request.datasets])
    return [rename(sort_rows(table, request.sort), request.names) for table in tables]
