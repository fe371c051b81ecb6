"""Writing what people's ratings say (``bench table --opinions``) as Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from bench.stats import ALPHA
from bench.tables.cell import FEW, MethodKey
from bench.tables.table import Table
from bench.views.markup import LATEX, MARKDOWN, Markup, Sheet
from bench.views.opinions import TESTED, Estimate, Opinions, opinions
from bench.views.records import number, records_as_csv, records_as_json

_HEAD = ["method", "n", "SRCC", "of ceiling", "PLCC", "AUC different/similar", "AUC better/worse", "sign right"]
_CORRELATIONS = ("srcc", "plcc_log4")
_ESTIMATES = (*TESTED, "correct")
_OUT = "not in the running for best"
_UNTESTED = "not tested against every other row in the running: too few images, or others"

_Record = dict[str, Any]


def write(tables: Iterable[Table], form: str) -> str:
    """Return the view of some tables as ``md``, ``latex``, ``csv`` or ``json``."""
    views = [(table, opinions(table)) for table in tables]
    if form in ("md", "latex"):
        markup = MARKDOWN if form == "md" else LATEX
        return "\n".join(text for table, found in views for text in _texts(table, found, markup))
    everything = [r for table, found in views for one in found for r in records(table, one, _tests(found)).values()]
    return records_as_json(everything) if form == "json" else records_as_csv(everything)


def _tests(found: Iterable[Opinions]) -> int:
    """Count the tests that the p-values of a table are adjusted over; each is kept in both orders."""
    return sum(len(one.tests) for one in found) // 2


def records(table: Table, one: Opinions, tests: int) -> dict[MethodKey, _Record]:
    """Return a record of each row that has a result on a dataset, unrounded; what is missing has its reason.

    Args:
        table: gives rows and correlations.
        one: a dataset of it.
        tests: how many the p-values are adjusted over.
    """
    there = [row for row in table.rows if (row, one.column) in table.cells]
    return {row: _record(table, one, row) | {"tests": tests, "reasons": _reasons(table, one, row)} for row in there}


def _record(table: Table, one: Opinions, row: MethodKey) -> _Record:
    c, judged = table.cells[row, one.column].correlations, one.judged.get(row)
    eligible = table.eligible[one.column]
    record: _Record = {
        "method": table.labels[row],
        "dataset": one.column.dataset,
        "protocol": str(one.column.protocol),
        "n": c.n,
        **{name: getattr(c, name) for name in _CORRELATIONS},
        "reliability": one.ceiling.reliability,
        "ceiling_srcc": one.ceiling.srcc,
        "ceiling_plcc": one.ceiling.plcc,
        "srcc_of_ceiling": one.of_ceiling(c.srcc),
    }
    for name in _ESTIMATES:
        estimate: Estimate = getattr(judged, name, Estimate())
        record |= {name: estimate.value, f"{name}_error": estimate.error}
    for name in TESTED:
        record[f"{name}_p"] = one.largest_p(name, row, eligible)
        record[f"{name}_best"] = one.best(name, eligible) == row
    record |= {f"pairs_{name}": getattr(judged, name, None) for name in ("different", "similar", "sampled")}
    return record | {"error_units": getattr(judged, "unit", None)}


def _reasons(table: Table, one: Opinions, row: MethodKey) -> dict[str, str]:
    c, judged = table.cells[row, one.column].correlations, one.judged.get(row)
    eligible = table.eligible[one.column]
    found = {name: c.reasons[name] for name in _CORRELATIONS if name in c.reasons}
    if one.ceiling.reason:
        found["ceiling"] = one.ceiling.reason
    for name in _ESTIMATES:
        # A row of a dataset that is shown is not judged where its result is not complete.
        estimate = getattr(judged, name) if judged else Estimate(reason=one.reason or c.reasons["srcc"])
        found |= {name: estimate.reason} if estimate.reason else {}
    for name in TESTED:
        if name not in found and one.largest_p(name, row, eligible) is None:
            found[f"{name}_p"] = _UNTESTED if row in eligible else _OUT
    return found


def _texts(table: Table, found: Sequence[Opinions], markup: Markup) -> list[str]:
    """Return a table a dataset, and a sentence that names those not shown."""
    texts = [markup.lay_out(_sheet(table, one, _tests(found), markup)) for one in found if not one.reason]
    if hidden := [f"{one.column.dataset} ({one.reason})" for one in found if one.reason]:
        sentence = f"{'Elsewhere not' if texts else 'Not'} shown: {'; '.join(hidden)}."
        texts.append(markup.strong(markup.escape(sentence)))
    return texts


def _sheet(table: Table, one: Opinions, tests: int, markup: Markup) -> Sheet:
    found = records(table, one, tests)
    reachable = (one.ceiling.srcc, one.of_ceiling(one.ceiling.srcc), one.ceiling.plcc)
    groups = [("what the noise of the MOS leaves to reach", [["ceiling", "", *map(_text, reachable), "-", "-", "-"]])]
    for heading, rows in table.groups:
        if here := [_line(found[row], markup) for row in rows if row in found]:
            groups.append((markup.escape(heading), here))
    return Sheet(_HEAD, groups, [markup.escape(text) for text in _captions(table, one, found)], [])


def _line(record: _Record, markup: Markup) -> list[str]:
    cells = [markup.escape(record["method"]), str(record["n"])]
    cells += [_text(record[name]) for name in ("srcc", "srcc_of_ceiling", "plcc_log4")]
    for name in _ESTIMATES:
        error = record[f"{name}_error"]
        text = _text(record[name]) + ("" if error is None else f" ± {number(error)}")
        cells.append(markup.best(text) if record.get(f"{name}_best") else text)
    return cells


def _text(value: float | None) -> str:
    return "-" if value is None else number(value)


def _captions(table: Table, one: Opinions, found: dict[MethodKey, _Record]) -> list[str]:
    about = next(cell for (_, where), cell in table.cells.items() if where == one.column).dataset
    most = max(found.values(), key=lambda record: record["n"])
    described = f"{one.column.dataset}: {about.n} images; {one.column.protocol}; labels {one.column.labels}."
    few = [f"n = {most['n']}: too few to tell."] if most["n"] < FEW else []
    return [
        f"{described} {_about_ceiling(one)}",
        _about_pairs(most),
        "Bold: the highest AUC, where it differs from that of every other row in the running "
        f"(p below {ALPHA:g} after Holm, over the {most['tests']} tests of this table).",
        *_about_gaps(table, one, found),
        *few,
        *about.notes,
    ]


def _about_ceiling(one: Opinions) -> str:
    if one.ceiling.reason:
        return f"No ceiling: {one.ceiling.reason}. PLCC after a 4-parameter logistic mapping."
    return (
        "Ceiling: what a metric of true quality itself would be expected to reach with these MOS, whose reliability "
        f"is {_text(one.ceiling.reliability)}. Of ceiling: SRCC over the ceiling's, an estimate of the SRCC with true "
        "quality. PLCC after a 4-parameter logistic mapping."
    )


def _about_pairs(most: _Record) -> str:
    total = (most["pairs_different"] or 0) + (most["pairs_similar"] or 0)
    if not total:
        return "No pairs of images are compared."
    return (
        f"Of {total} pairs of images{' (a random choice)' * most['pairs_sampled']}, {most['pairs_different']} are "
        f"different, their MOS differing at 0.05, and {most['pairs_similar']} similar. AUC different/similar: are "
        "scores farther apart in different pairs? AUC better/worse: do they tell the better image of a different "
        "pair? Sign right: the share of different pairs where the sign of their difference does. Chance is 0.5. "
        f"±: one standard error, over {most['error_units']}s."
    )


def _about_gaps(table: Table, one: Opinions, found: dict[MethodKey, _Record]) -> list[str]:
    """Say which rows are out of the running, and why numbers are missing."""
    why: dict[str, list[str]] = defaultdict(list)
    for row, record in found.items():
        cell = table.cells[row, one.column]
        if cell.correlations.n and row not in table.eligible[one.column]:
            leak = cell.leaks[0].why if cell.excluded else "scored fewer images than others"
            why[f"{_OUT}: {leak}"].append(record["method"])
        for reason in dict.fromkeys(record["reasons"].values()):
            if reason not in (_OUT, one.ceiling.reason):
                why[reason].append(record["method"])
    named = [f"{reason} ({', '.join(rows) if len(rows) < len(found) else 'every row'})" for reason, rows in why.items()]
    return [f"What is missing: {'; '.join(named)}."] if named else []
