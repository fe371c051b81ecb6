"""``bench table --published``: published correlations beside ours, grouped by how far their protocols agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.datasets.catalogue import canonical
from bench.errors import UsageError
from bench.io.visible import quoted
from bench.stats import Interval
from bench.tables.cell import VALUES, Cell
from bench.views.arranging import Request, arranged
from bench.views.model import Value, View
from bench.views.published.agreement import (
    TOLERANCE,
    PublishedComparison,
    PublishedPair,
    State,
    compare_published,
    select,
)
from bench.views.published.numbers import read_published
from bench.views.published.records import record
from bench.views.shown import Views
from bench.views.words import interval_text, number, origin_text

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_SECOND_HAND = "?"
_HEAD = ("method", "dataset", "SRCC theirs", "ours", "difference", "PLCC theirs", "ours", "difference")
_HEADINGS = {
    State.SAME: State.SAME,
    State.NOT_TOLD: f"{State.NOT_TOLD}: may not compare",
    State.DIFFERS: f"{State.DIFFERS}: does not compare",
}


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return one table of published correlations beside ours.

    Args:
        entries: stored results.
        request: its argument is a CSV of published correlations, None for the shipped one; its methods and datasets
            choose among the published rows too.

    Raises:
        UsageError: the file is no such CSV.
    """
    path = request.argument
    if not (path is None or isinstance(path, str | Path)):
        raise UsageError(f"--published got {quoted(path)}: give the path of a CSV, or nothing for the shipped one")
    everything = read_published(None if path is None else Path(path))
    # Publishers map PLCC in several ways, so ours is needed in all of them.
    tables = arranged(entries, request, VALUES)
    rows = select(everything, tables, bool(request.methods), set(map(canonical, request.datasets)))
    return Views((published_view(compare_published(rows, tables)),))


def published_view(comparisons: Sequence[PublishedComparison]) -> View:
    """Return a line for each result of ours; what was not run is summed up below the table."""
    groups = []
    for state, heading in _HEADINGS.items():
        lines = [_line(one, one.cell) for one in comparisons if one.cell and one.state == state]
        groups += [(heading, lines)] if lines else []
    captions = [text for text in (_summary(comparisons), _legend(), _not_run(comparisons)) if text]
    return View([Value(text) for text in _HEAD], groups, captions, [record(one) for one in comparisons])


def _line(one: PublishedComparison, cell: Cell) -> list[Value]:
    protocol = [str(piece) for piece in (*one.differing, *one.untold)] or [f"both: {cell.protocol}"]
    source = one.published.source + ("" if one.published.verified else "; second hand, not verified")
    return [
        Value(one.label, notes=(f"{one.published.method} there; ours {origin_text(cell)}",)),
        Value(cell.dataset.id, notes=("; ".join(protocol),)),
        Value(_theirs(one, one.srcc), notes=(source,)),
        _ours(one.srcc, cell.interval),
        _difference(one, one.srcc),
        Value(_theirs(one, one.plcc)),
        _ours(one.plcc),
        _difference(one, one.plcc),
    ]


def _theirs(one: PublishedComparison, pair: PublishedPair) -> str:
    if pair.theirs is None:
        return "-"
    return str(pair.theirs) + ("" if one.published.verified else _SECOND_HAND)


def _ours(pair: PublishedPair, interval: Interval | None = None) -> Value:
    if pair.ours is None:
        return Value("-")
    return Value(number(pair.ours), interval_text(interval) if interval else "")


def _difference(one: PublishedComparison, pair: PublishedPair) -> Value:
    if pair.difference is None:
        return Value("-", notes=(pair.reason,))
    text = f"{pair.difference:+.3f}".replace("-0.000", "+0.000")
    if one.state is not State.SAME:
        return Value(f"({text})")
    return Value(text, standing="best" if pair.deviates else "")


def _summary(comparisons: Sequence[PublishedComparison]) -> str:
    rows = {one.published for one in comparisons}
    run = {one.published for one in comparisons if one.cell is not None}
    same = [one for one in comparisons if one.state is State.SAME]
    judged = [pair.deviates for one in same for pair in (one.srcc, one.plcc) if pair.deviates is not None]
    text = f"Published rows: {len(rows)}, with a result of ours: {len(run)}. "
    text += f"Comparisons under the same protocol: {len(same)}"
    return text + (f"; numbers that agree: {judged.count(False)}, that deviate: {judged.count(True)}." if same else ".")


def _legend() -> str:
    return (
        "Difference: ours minus theirs. In bold: under the same protocol, and larger than "
        f"{TOLERANCE} and the rounding of theirs explain. In parentheses: not under one protocol, and not judged. "
        f"{_SECOND_HAND}: second hand, not verified. In brackets: our 95% interval, which tells what other images "
        "would give; it does not judge the difference."
    )


def _not_run(comparisons: Iterable[PublishedComparison]) -> str:
    missing: dict[str, list[str]] = {}
    count = 0
    for one in comparisons:
        if one.cell is None:
            count += 1
            missing.setdefault(one.published.method, []).append(one.published.dataset)
    named = "; ".join(f"{method} on {', '.join(dict.fromkeys(sets))}" for method, sets in missing.items())
    return f"Not run, {count} published rows: {named}." if count else ""
