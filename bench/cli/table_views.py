"""What ``bench table`` can show of stored results; each view turns entries into a text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.runs.entry import Entry
    from bench.tables.table import Table
    from bench.views.markup import Markup


@dataclass(frozen=True)
class Drawing:
    """How entries are evaluated: draws, kind of interval, and whether on images that all scored."""

    draws: int
    interval: Any
    common: bool


def check_one(chosen: Mapping[str, object]) -> None:
    """Raise UsageError where more than one view is asked for."""
    if len(given := [option for option, value in chosen.items() if value]) > 1:
        raise UsageError(f"{' and '.join(given)} do not go together: ask for one of them at a time")


def paper(entries: Sequence[Entry], fitted: int, form: str, intervals: bool, drawing: Drawing, mix: bool) -> str:
    """Return methods × datasets; ``fitted`` regressions are left out, and the caption says so."""
    from bench.tables.cell import PAPER_VALUES, VALUES
    from bench.views import paper as render_paper
    from bench.views import records as render

    in_paper = form in ("md", "latex")
    tables = _arranged(entries, drawing, mix, PAPER_VALUES if in_paper else VALUES)
    if in_paper:
        return render_paper.to_paper(tables, _markup(form), intervals, fitted)
    return render.to_json(tables) if form == "json" else render.to_csv(tables)


def parted(entries: Sequence[Entry], by: str, form: str, mix: bool) -> str:
    """Return correlations inside each value of an attribute."""
    from bench.views import render_breakdown
    from bench.views.by_attribute import break_down

    found = break_down(_arranged(entries, Drawing(0, "percentile", False), mix), by)
    if form in ("md", "latex"):
        return render_breakdown.to_paper(found, _markup(form))
    return _records([record for each in found for record in render_breakdown.records(*each)], form)


def matrices(entries: Sequence[Entry], form: str, drawing: Drawing, mix: bool) -> str:
    """Return which method is better than which."""
    from bench.views import significance

    _need_draws("--significance", drawing)
    tables = _arranged(entries, drawing, mix)
    if form in ("md", "latex"):
        return significance.to_paper(tables, _markup(form))
    return _records(significance.records(tables), form)


def versus(entries: Sequence[Entry], names: tuple[str, str], form: str, drawing: Drawing, mix: bool) -> str:
    """Return the test of one method against another on each dataset, in each table that holds both."""
    from bench.tables.table import find_pair
    from bench.views import render_versus
    from bench.views.compare import compare_rows

    _need_draws("--compare", drawing)
    pairs = [(table, find_pair(table, names, "--compare")) for table in _arranged(entries, drawing, mix)]
    found = [(table, rows, compare_rows(table, *rows)) for table, rows in pairs if rows]
    if not found:
        raise UsageError(f"--compare got {' and '.join(names)}, which have no dataset under one protocol in common")
    if form in ("md", "latex"):
        return "\n".join(render_versus.to_paper(*each, _markup(form)) for each in found)
    return _records([record for each in found for record in render_versus.records(*each)], form)


def _need_draws(option: str, drawing: Drawing) -> None:
    if not drawing.draws:
        raise UsageError(f"{option} tests by a bootstrap, and --draws got 0: give 2000, say")


def _arranged(
    entries: Sequence[Entry], drawing: Drawing, mix: bool, values: Collection[str] = ("srcc",)
) -> list[Table]:
    from bench.tables.evaluation import evaluate
    from bench.tables.table import arrange

    return arrange(evaluate(entries, drawing.draws, drawing.interval, drawing.common, values), mix)


def _markup(form: str) -> Markup:
    from bench.views import markup

    return markup.MARKDOWN if form == "md" else markup.LATEX


def _records(records: Sequence[Mapping[str, Any]], form: str) -> str:
    from bench.views import records as render

    return render.records_as_json(records) if form == "json" else render.records_as_csv(records)
