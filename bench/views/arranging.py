"""Settings of a view, and the tables that it is computed from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.defaults import DRAWS
from bench.errors import UsageError
from bench.io.visible import quoted
from bench.runs.selection import without_fitted
from bench.stats import IntervalKind
from bench.tables.cell import STATISTICS
from bench.tables.marks import Rule

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

    def __post_init__(self) -> None:
        unknown = [name for name in self.values if name not in STATISTICS]
        if unknown or len(set(self.values)) < len(self.values):
            got = ",".join(self.values)
            raise UsageError(f"--values got {quoted(got)}: choose some of {', '.join(STATISTICS)}, each once")
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
    from bench.tables.evaluation import evaluate
    from bench.tables.table import arrange

    kept, _ = without_fitted(entries)
    cells = evaluate(kept, request.draws, request.interval, request.common, values)
    return arrange(cells, request.mix_protocols)
