"""Writing published correlations beside ours (``bench table --published``) as Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bench.stats import CONFIDENCE
from bench.views.markup import Footnotes, Markup, Sheet
from bench.views.published.agreement import PublishedComparison, PublishedPair, State
from bench.views.records import records_as_csv, records_as_json
from bench.views.words import interval_text, number, origin_text

_SECOND_HAND = "?"
_HEAD = ["method", "dataset", "SRCC theirs", "ours", "difference", "PLCC theirs", "ours", "difference"]
_HEADINGS = {
    State.SAME: State.SAME,
    State.NOT_TOLD: f"{State.NOT_TOLD}: may not compare",
    State.DIFFERS: f"{State.DIFFERS}: does not compare",
}


def records(comparisons: Iterable[PublishedComparison]) -> list[dict[str, Any]]:
    """Return one record a published row and result of ours, unrounded; what was not run has one too."""
    return [_record(one) for one in comparisons]


def _record(one: PublishedComparison) -> dict[str, Any]:
    cell, row = one.cell, one.published
    return {
        "method": row.method,
        "dataset": row.dataset,
        "resolution": row.resolution,
        "split": row.split,
        "trained_on": list(row.trained_on),
        "plcc_mapping": row.plcc_mapping,
        "source": row.source,
        "verified": row.verified,
        "state": one.state,
        "differs": [str(piece) for piece in one.differing],
        "not_told": [str(piece) for piece in one.untold],
        "our_method": one.label if cell else None,
        "our_version": cell.row.version if cell else None,
        "our_fingerprint": cell.row.fingerprint if cell else None,
        "our_dataset": cell.dataset.id if cell else None,
        "our_protocol": str(cell.protocol) if cell else None,
        "our_key": cell.entry.key if cell else None,
        "n": cell.correlations.n if cell else None,
        **_numbers("srcc", one.srcc),
        "srcc_low": cell.interval.low if cell else None,
        "srcc_high": cell.interval.high if cell else None,
        "srcc_deviates": one.srcc.deviates,
        **_numbers("plcc", one.plcc),
    }


def _numbers(name: str, pair: PublishedPair) -> dict[str, Any]:
    return {
        f"{name}_theirs": pair.theirs.value if pair.theirs else None,
        f"{name}_ours": pair.ours,
        f"{name}_difference": pair.difference,
        f"{name}_reason": pair.reason,
    }


def to_json(comparisons: Iterable[PublishedComparison]) -> str:
    """Return the records as a list."""
    return records_as_json(records(comparisons))


def to_csv(comparisons: Iterable[PublishedComparison]) -> str:
    """Return one line a record; lists joined by semicolons, missing numbers empty."""
    return records_as_csv(records(comparisons))


def to_paper(comparisons: Sequence[PublishedComparison], markup: Markup) -> str:
    """Return one table, grouped by how far protocols agree; what was not run is summed up below it."""
    notes = Footnotes(markup)
    groups = []
    for state, heading in _HEADINGS.items():
        lines = [_line(one, markup, notes) for one in comparisons if one.state == state]
        groups += [(markup.escape(heading), lines)] if lines else []
    captions = [markup.escape(text) for text in (_summary(comparisons), _legend(), _not_run(comparisons)) if text]
    return markup.lay_out(Sheet(_HEAD, groups, captions, notes.texts))


def _line(one: PublishedComparison, markup: Markup, notes: Footnotes) -> list[str]:
    if one.cell is None:
        raise ValueError("what was not run has no line")
    protocol = [str(piece) for piece in (*one.differing, *one.untold)] or [f"both: {one.cell.protocol}"]
    source = one.published.source + ("" if one.published.verified else "; second hand, not verified")
    return [
        markup.escape(one.label) + notes.mark(f"{one.published.method} there; ours {origin_text(one.cell)}"),
        markup.escape(one.cell.dataset.id) + notes.mark("; ".join(protocol)),
        _theirs(one, one.srcc) + notes.mark(source),
        _ours(one.srcc, interval_text(one.cell.interval)),
        _difference(one, one.srcc, markup) + notes.mark(*_why(one, one.srcc)),
        _theirs(one, one.plcc),
        _ours(one.plcc),
        _difference(one, one.plcc, markup) + notes.mark(*_why(one, one.plcc)),
    ]


def _theirs(one: PublishedComparison, pair: PublishedPair) -> str:
    if pair.theirs is None:
        return "-"
    return str(pair.theirs) + ("" if one.published.verified else _SECOND_HAND)


def _ours(pair: PublishedPair, interval: str = "") -> str:
    return "-" if pair.ours is None else number(pair.ours) + interval


def _difference(one: PublishedComparison, pair: PublishedPair, markup: Markup) -> str:
    if pair.difference is None:
        return "-"
    text = f"{pair.difference:+.3f}".replace("-0.000", "+0.000")
    if one.state is not State.SAME:
        return f"({text})"
    return markup.best(text) if pair.deviates else text


def _why(one: PublishedComparison, pair: PublishedPair) -> list[str]:
    # Headings tell why another protocol is not judged, the legend why PLCC never is.
    unjudged = one.state is State.SAME and pair is one.srcc and pair.deviates is None
    return [pair.reason] if pair.difference is None or unjudged else []


def _summary(comparisons: Sequence[PublishedComparison]) -> str:
    rows = {one.published for one in comparisons}
    run = {one.published for one in comparisons if one.cell is not None}
    same = [one for one in comparisons if one.state is State.SAME]
    agree = sum(one.srcc.deviates is False for one in same)
    deviate = sum(one.srcc.deviates is True for one in same)
    text = f"Published rows: {len(rows)}, with a result of ours: {len(run)}. "
    text += f"Comparisons under the same protocol: {len(same)}; SRCC agrees in {agree}, deviates in {deviate}"
    return text + (f", cannot be judged in {rest}." if (rest := len(same) - agree - deviate) else ".")


def _legend() -> str:
    return (
        "Difference: ours minus theirs. In bold: theirs, allowing for its rounding, lies outside our "
        f"{CONFIDENCE:.0%} interval, which SRCC alone has. In parentheses: not under one protocol, and not judged. "
        f"{_SECOND_HAND}: second hand, not verified."
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
