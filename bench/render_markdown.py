"""Writing tables in Markdown, paper style."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bench.averages import AT_LEAST, Average, average
from bench.evaluation import DRAWS, LEVEL, Row
from bench.render import escape, interval_text, number
from bench.tables import Column, Table, best_two

_FEW = 30  # images below which an interval is too wide, and a bootstrap too coarse, to say anything
_NAMED = 3  # rows that a caption names for one reason; the others are counted
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BETWEEN = "˒"  # two notes on one cell must not read as one number


class _Notes:
    """Numbered footnotes, one a distinct text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def mark(self, *texts: str) -> str:
        """Return the superscript numbers of these notes."""
        self.texts += [text for text in dict.fromkeys(texts) if text not in self.texts]
        return _BETWEEN.join(str(self.texts.index(text) + 1).translate(_SUPERSCRIPT) for text in texts)

    def lines(self) -> list[str]:
        """Return the notes, numbered."""
        return [f"{self.mark(text)} {text}" for text in self.texts]


def to_markdown(tables: Sequence[Table], intervals: bool = False) -> str:
    """Return the tables in Markdown, paper style.

    Args:
        tables: from ``arrange``; the second and later ones hold further protocols of the same datasets.
        intervals: write the interval beside each SRCC.
    """
    parts = []
    for index, table in enumerate(tables):
        if index:
            parts.append(
                "**The same datasets under other protocols, labels or images: not comparable with the table above.**\n"
            )
        parts.append(_markdown_table(table, intervals))
    return "\n".join(parts)


def _markdown_table(table: Table, intervals: bool) -> str:
    notes, over = _Notes(), average(table)
    header = ["method"]
    for column in table.columns:
        name = escape(column.dataset) + notes.mark(_about_column(table, column))
        header += [f"{name} SRCC", "PLCC"]
    header += ["average SRCC", "rank"] if over.srcc else []
    lines = [header]
    for heading, rows in table.groups:
        lines.append([f"_{heading}_"] + [""] * (len(header) - 1))
        for row in rows:
            cells = [text for column in table.columns for text in _cell_texts(table, row, column, notes, intervals)]
            cells += _average_texts(table, over, row, notes) if over.srcc else []
            lines.append([escape(table.labels[row]) + _about_row(table, row, notes), *cells])
    caption = [_caption(table, intervals), ""]
    if len(table.columns) > 1:
        caption += [_about_average(table, over), ""]
    return "\n".join([*aligned(lines), "", *caption, *(f"{n}  " for n in notes.lines())]) + "\n"


def aligned(lines: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table, its columns filled up to one width; the first line is the head."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    texts = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines]
    rule = "|" + "|".join(("-" if i == 0 else ":").ljust(w + 2, "-") for i, w in enumerate(widths)) + "|"
    return [texts[0], rule, *texts[1:]]


def _caption(table: Table, intervals: bool) -> str:
    text = "SRCC, and PLCC after a 4-parameter logistic mapping. Best in bold, second best in italics, by value alone."
    if intervals:
        text += f" In brackets: {LEVEL:.0%} percentile bootstrap interval, {DRAWS} draws."
    if table.superseded:
        text += (
            f" {table.superseded} older result(s) of a row and column shown here are left out: `bench results list`."
        )
    return text


def _about_average(table: Table, over: Average) -> str:
    names = ", ".join(escape(column.dataset) for column in over.over)
    if over.srcc:
        text = (
            "Average: the mean of SRCC by Fisher's z, and the mean rank by SRCC among these rows "
            f"(1 is best), over the {len(over.over)} datasets that all rows compare on: {names}."
        )
    else:
        found = f"{len(over.over)} ({names})" if names else "none"
        text = f"No average: it needs {AT_LEAST} datasets that all rows compare on, here there is {found}."
    if over.left_out:
        # A dataset under two protocols is two columns and one sentence.
        sentences = dict.fromkeys(_why_out(table, column, why) for column, why in over.left_out.items())
        text += f" Left out: {'; '.join(sentences)}."
    if any(rows for why in over.left_out.values() for rows in why.values()):
        text += " Fewer rows (`--method`) may leave more datasets."
    return text


def _why_out(table: Table, column: Column, why: dict[str, list[Row]]) -> str:
    reasons = []
    for reason, rows in why.items():
        named = [escape(table.labels[row]) for row in rows[:_NAMED]]
        more = [f"{len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
        reasons.append(escape(reason) + (f": {', '.join(named + more)}" if rows else ""))
    return f"{escape(column.dataset)} ({'; '.join(reasons)})"


def _about_column(table: Table, column: Column) -> str:
    cells = [cell for (_, where), cell in table.cells.items() if where == column]
    about = cells[0].dataset
    text = f"{escape(about['title'])}: {about['n']} images; {column.protocol}"
    text += f"; intervals resample {about['cluster'] or 'image'}s"
    hashes = f"labels {column.labels}" + (f", images {column.images}" if column.images else "")
    return "; ".join([text, *map(escape, about["notes"]), hashes])


def _about_row(table: Table, row: Row, notes: _Notes) -> str:
    cell = next(cell for (where, _), cell in table.cells.items() if where == row)
    imported = cell.entry.meta["source"] == "import"
    source = "scores imported, not computed here" if imported else f"version {row.version}"
    weights = f", parameters {row.fingerprint}" if row.fingerprint else ""
    return notes.mark(escape(f"{source}{weights}"))


def _cell_texts(table: Table, row: Row, column: Column, notes: _Notes, intervals: bool) -> tuple[str, str]:
    cell = table.cells.get((row, column))
    if cell is None:
        return "-" + notes.mark("not run"), "-"
    reasons = cell.correlations.reasons
    srcc = _value(table, row, column, "srcc") + (interval_text(cell) if intervals else "")
    plcc = _value(table, row, column, "plcc_log4")
    why = [escape(reasons["srcc"])] if "srcc" in reasons else []
    plcc_why = [escape(reasons["plcc_log4"])] if "plcc_log4" in reasons else []
    return srcc + notes.mark(*why, *_remarks(table, row, column)), plcc + notes.mark(*plcc_why)


def _average_texts(table: Table, over: Average, row: Row, notes: _Notes) -> tuple[str, str]:
    mean, rank = over.srcc[row], over.rank[row]
    rank_text = _standing(f"{rank:.2f}", -rank, [-each for each in over.rank.values()])
    marks = notes.mark(*([mean.reason] if mean.reason else []), *_average_remarks(table, over, row))
    if mean.value is None:
        return "-" + marks, rank_text
    return _standing(number(mean.value), mean.value, [each.value for each in over.srcc.values()]) + marks, rank_text


def _average_remarks(table: Table, over: Average, row: Row) -> list[str]:
    # A mean of marked numbers carries their marks.
    where: dict[str, list[str]] = {}
    for column in over.over:
        for leak in table.cells[row, column].leaks:
            where.setdefault(leak.why, []).append(column.dataset)
    return [
        escape(f"on {', '.join(ids) if len(ids) < len(over.over) else 'every dataset averaged'}: {why}")
        for why, ids in where.items()
    ]


def _value(table: Table, row: Row, column: Column, name: str) -> str:
    value = getattr(table.cells[row, column].correlations, name)
    if value is None:
        return "-"
    if row not in table.running[column]:
        return number(value)
    in_running = [getattr(table.cells[each, column].correlations, name) for each in table.running[column]]
    return _standing(number(value), value, in_running)


def _standing(text: str, value: float, among: Iterable[float | None]) -> str:
    """Mark a value's text as the best or the second best of those it compares with."""
    best, second = best_two(among)
    if best is None or second is None:
        return text
    if math.isclose(value, best):
        return f"**{text}**"
    return f"_{text}_" if math.isclose(value, second) else text


def _remarks(table: Table, row: Row, column: Column) -> list[str]:
    cell, remarks = table.cells[row, column], []
    out = not cell.excluded and cell.correlations.n and row not in table.running[column]
    if cell.failed:
        remarks.append(f"scored {cell.scored}, failed {cell.failed}" + (": not in the running for best" if out else ""))
    if cell.unlabelled and cell.correlations.n:
        remarks.append(f"{cell.unlabelled} scored images have no label")
    for leak in cell.leaks:
        remarks.append(escape(leak.why) + (": not in the running for best" if leak.excludes else ""))
    if 0 < cell.correlations.n < _FEW and not cell.dataset["within"]:
        remarks.append(f"n = {cell.correlations.n}: too few to tell")
    return remarks
