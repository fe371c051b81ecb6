"""``bench table --opinions``: for each dataset the ceiling that raters' noise leaves, and Krasula's AUCs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.defaults import ALPHA
from bench.tables.cell import FEW, PAPER_VALUES, MethodKey
from bench.tables.table import Table
from bench.views.arranging import Request, arranged
from bench.views.model import Record, Remark, Value, View
from bench.views.opinions.records import ESTIMATES, OUT, records
from bench.views.opinions.table import Opinions, opinions
from bench.views.shown import Views
from bench.views.words import number

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_HEAD = ("method", "n", "SRCC", "of ceiling", "PLCC", "AUC different/similar", "AUC better/worse", "sign right")
_CEILING = "what the noise of the MOS leaves to reach"


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return a table for each dataset whose labels tell of ratings, and a remark that names the others."""
    tables = arranged(entries, replace(request, draws=0), PAPER_VALUES)
    found = [(table, opinions(table)) for table in tables]
    parts: list[View | Remark] = [view for table, of_table in found for view in _views(table, of_table)]
    every = [one for _, of_table in found for one in of_table]
    hidden = dict.fromkeys(f"{one.column.dataset} ({one.reason})" for one in every if one.reason)
    if hidden:
        start = "Elsewhere not" if any(not one.reason for one in every) else "Not"
        parts.append(Remark(f"{start} shown: {'; '.join(hidden)}. It needs labels with the columns std and n_raters."))
    return Views(tuple(parts))


def _views(table: Table, found: Sequence[Opinions]) -> list[View]:
    tests = sum(len(one.tests) for one in found) // 2  # each is kept in both orders
    return [_view(table, one, records(table, one, tests)) for one in found]


def _view(table: Table, one: Opinions, found: Mapping[MethodKey, Record]) -> View:
    kept = list(found.values())
    if one.reason:
        return View((), (), records=kept)
    reachable = (one.ceiling.srcc, one.of_ceiling(one.ceiling.srcc), one.ceiling.plcc)
    ceiling = [Value(text) for text in ("ceiling", "", *map(_text, reachable), *"---")]
    lines = [(heading, [_line(found[row]) for row in rows if row in found]) for heading, rows in table.groups]
    groups = [(_CEILING, [ceiling]), *((heading, here) for heading, here in lines if here)]
    return View([Value(text) for text in _HEAD], groups, _captions(table, one, found), kept)


def _line(record: Record) -> list[Value]:
    numbers = [_text(record[name]) for name in ("srcc", "srcc_of_ceiling", "plcc_log4")]
    return [
        *map(Value, (record["method"], str(record["n"]), *numbers)),
        *(_estimate(record, name) for name in ESTIMATES),
    ]


def _estimate(record: Record, name: str) -> Value:
    error = record[f"{name}_error"]
    text = _text(record[name]) + ("" if error is None else f" ± {number(error)}")
    return Value(text, standing="best" if record.get(f"{name}_best") else "")


def _text(value: float | None) -> str:
    return "-" if value is None else number(value)


def _captions(table: Table, one: Opinions, found: Mapping[MethodKey, Record]) -> list[str]:
    about = table.about(one.column)
    most = max(found.values(), key=lambda record: record["n"])
    described = f"{one.column.dataset}: {about.n} images; {one.column.protocol}; labels {one.column.labels}."
    few = [f"n = {most['n']}: too few images to draw conclusions."] if most["n"] < FEW else []
    return [
        f"{described} {_about_ceiling(one)}",
        _about_pairs(most),
        "Bold: the highest AUC, if it differs significantly from that of every other eligible row "
        f"(p below {ALPHA:g} after Holm over the {most['tests']} tests of this table).",
        *_about_gaps(table, one, found),
        *few,
        *about.notes,
    ]


def _about_ceiling(one: Opinions) -> str:
    if one.ceiling.reason:
        return f"No ceiling: {one.ceiling.reason}. PLCC after a 4-parameter logistic mapping."
    return (
        "Ceiling: expected correlation of true quality itself with these MOS, whose reliability is "
        f"{_text(one.ceiling.reliability)}. Of ceiling: SRCC divided by that of the ceiling, an estimate of the SRCC "
        "with true quality. PLCC after a 4-parameter logistic mapping."
    )


def _about_pairs(most: Record) -> str:
    total = (most["pairs_different"] or 0) + (most["pairs_similar"] or 0)
    if not total:
        return "No pairs of images are compared."
    return (
        f"Of {total} pairs of images{' (a random choice)' * most['pairs_sampled']}, {most['pairs_different']} are "
        f"different (their MOS differ at 5%) and {most['pairs_similar']} similar. AUC different/similar: how well the "
        "distance of two scores separates different from similar pairs. AUC better/worse: how well the difference of "
        "two scores finds the better image of a different pair. Sign right: share of different pairs in which its sign "
        f"does. Chance is 0.5. ±: one standard error, over {most['error_units']}s."
    )


def _about_gaps(table: Table, one: Opinions, found: Mapping[MethodKey, Record]) -> list[str]:
    """Say which rows are not eligible for best, and why numbers are missing."""
    why: dict[str, list[str]] = defaultdict(list)
    for row, record in found.items():
        cell = table.cells[row, one.column]
        if cell.correlations.n and row not in table.eligible[one.column]:
            leak = cell.leaks[0].why if cell.excluded else "scored too few of the images"
            why[f"{OUT}: {leak}"].append(record["method"])
        for reason in dict.fromkeys(record["reasons"].values()):
            if reason not in (OUT, one.ceiling.reason):
                why[reason].append(record["method"])
    named = [f"{reason} ({', '.join(rows) if len(rows) < len(found) else 'every row'})" for reason, rows in why.items()]
    return [f"What is missing: {'; '.join(named)}."] if named else []
