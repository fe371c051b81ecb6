"""Writing tables as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from bench.evaluation import DRAWS, LEVEL, VALUES, Cell, Row
from bench.tables import Column, Table, best_two

_FEW = 30  # images below which an interval is too wide, and a bootstrap too coarse, to say anything
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BETWEEN = "˒"  # two notes on one cell must not read as one number


def as_record(cell: Cell) -> dict[str, Any]:
    """Return a cell as plain JSON values, unrounded."""
    method, dataset, c = cell.method, cell.dataset, cell.correlations
    identity = cell.entry.meta["identity"]
    return {
        "method": method["label"],
        "dataset": dataset["id"],
        "protocol": str(cell.protocol),
        "n": c.n,
        "failed": cell.failed,
        "srcc": c.srcc,
        "srcc_low": cell.interval.low,
        "srcc_high": cell.interval.high,
        **{name: getattr(c, name) for name in VALUES[1:]},
        "scored": cell.scored,
        "unlabelled": cell.unlabelled,
        "reasons": {**c.reasons, **({"interval": cell.interval.reason} if cell.interval.reason else {})},
        "interval_level": cell.interval.level,
        "interval_draws": cell.interval.draws,
        "interval_units": dataset["cluster"] or "image",
        "interval_dropped": cell.interval.dropped,
        "groups": vars(c.grouping) if c.grouping else None,
        "within": dataset["within"],
        "kind": dataset["kind"],
        "family": method["family"],
        "opinion_aware": method["opinion_aware"],
        "trained_on": method["trained_on"],
        "trained_on_this": cell.trained_here,
        "selected_on_this": cell.selected_here,
        "higher_is_better": method["higher_is_better"],
        "method_version": method["version"],
        "fingerprint": identity["method"]["fingerprint"],
        "labels_hash": identity["dataset"]["labels"],
        "images_hash": identity["dataset"]["images"],
        "source": cell.entry.meta["source"],
        "complete": cell.entry.complete,
        "key": cell.entry.key,
    }


def to_json(tables: Iterable[Table]) -> str:
    """Return the tables' cells as a list of records, unrounded."""
    return json.dumps(_records(tables), indent=1, ensure_ascii=False)


def _records(tables: Iterable[Table]) -> list[dict[str, Any]]:
    return [
        as_record(table.cells[row, column])
        for table in tables
        for column in table.columns
        for _, rows in table.groups
        for row in rows
        if (row, column) in table.cells
    ]


def to_csv(tables: Iterable[Table]) -> str:
    """Return one line a cell, unrounded; reasons joined by semicolons, missing numbers empty."""
    records = _records(tables)
    if not records:
        return ""
    for record in records:
        record["reasons"] = "; ".join(f"{name}: {why}" for name, why in record["reasons"].items())
        record["groups"] = json.dumps(record["groups"]) if record["groups"] else ""
        record["within"], record["trained_on"] = " ".join(record["within"]), " ".join(record["trained_on"])
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def number(value: float) -> str:
    """Write a correlation to three decimals."""
    return f"{value:.3f}".replace("-0.000", "0.000")


def interval_text(cell: Cell) -> str:
    """Return `` [low, high]``, or nothing where there is no interval."""
    low, high = cell.interval.low, cell.interval.high
    return "" if low is None or high is None else f" [{number(low)}, {number(high)}]"


def srcc_text(cell: Cell) -> str:
    """Return a cell's SRCC with interval and n in words, or why there is none."""
    c = cell.correlations
    if c.srcc is None:
        return f"no SRCC: {c.reasons['srcc']}"
    within = f", mean inside ({', '.join(cell.dataset['within'])}) series" if cell.dataset["within"] else ""
    synthetic = "; a synthetic order, no human opinion" if cell.dataset["kind"] == "synthetic-order" else ""
    return f"SRCC {number(c.srcc)}{interval_text(cell)} (n = {c.n}{within}{synthetic})"


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
    notes = _Notes()
    header = ["method"]
    for column in table.columns:
        name = _escape(column.dataset) + notes.mark(_about_column(table, column))
        header += [f"{name} SRCC", "PLCC"]
    lines = [header]
    for heading, rows in table.groups:
        lines.append([f"_{heading}_"] + [""] * (len(header) - 1))
        for row in rows:
            cells = [text for column in table.columns for text in _cell_texts(table, row, column, notes, intervals)]
            lines.append([_escape(table.labels[row]) + _about_row(table, row, notes), *cells])
    return "\n".join([*_aligned(lines), "", _caption(table, intervals), "", *(f"{n}  " for n in notes.lines())]) + "\n"


def _aligned(lines: list[list[str]]) -> list[str]:
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


def _about_column(table: Table, column: Column) -> str:
    cells = [cell for (_, where), cell in table.cells.items() if where == column]
    about = cells[0].dataset
    text = f"{_escape(about['title'])}: {about['n']} images; {column.protocol}"
    text += f"; intervals resample {about['cluster'] or 'image'}s"
    hashes = f"labels {column.labels}" + (f", images {column.images}" if column.images else "")
    return "; ".join([text, *map(_escape, about["notes"]), hashes])


def _about_row(table: Table, row: Row, notes: _Notes) -> str:
    cell = next(cell for (where, _), cell in table.cells.items() if where == row)
    imported = cell.entry.meta["source"] == "import"
    source = "scores imported, not computed here" if imported else f"version {row.version}"
    weights = f", parameters {row.fingerprint}" if row.fingerprint else ""
    return notes.mark(_escape(f"{source}{weights}"))


def _cell_texts(table: Table, row: Row, column: Column, notes: _Notes, intervals: bool) -> tuple[str, str]:
    cell = table.cells.get((row, column))
    if cell is None:
        return "-" + notes.mark("not run"), "-"
    reasons = cell.correlations.reasons
    srcc = _value(table, row, column, "srcc") + (interval_text(cell) if intervals else "")
    plcc = _value(table, row, column, "plcc_log4")
    why = [_escape(reasons["srcc"])] if "srcc" in reasons else []
    plcc_why = [_escape(reasons["plcc_log4"])] if "plcc_log4" in reasons else []
    return srcc + notes.mark(*why, *_remarks(table, row, column)), plcc + notes.mark(*plcc_why)


def _value(table: Table, row: Row, column: Column, name: str) -> str:
    value = getattr(table.cells[row, column].correlations, name)
    if value is None:
        return "-"
    best, second = best_two(table, column, name)
    text = number(value)
    if best is None or second is None or row not in table.running[column]:
        return text
    if math.isclose(value, best):
        return f"**{text}**"
    return f"_{text}_" if math.isclose(value, second) else text


def _remarks(table: Table, row: Row, column: Column) -> list[str]:
    cell, remarks = table.cells[row, column], []
    out = not cell.trained_here and cell.correlations.n and row not in table.running[column]
    if cell.failed:
        remarks.append(f"scored {cell.scored}, failed {cell.failed}" + (": not in the running for best" if out else ""))
    if cell.unlabelled and cell.correlations.n:
        remarks.append(f"{cell.unlabelled} scored images have no label")
    if cell.trained_here:
        remarks.append("trained on this dataset: not in the running for best")
    if 0 < cell.correlations.n < _FEW and not cell.dataset["within"]:
        remarks.append(f"n = {cell.correlations.n}: too few to tell")
    if cell.selected_here:
        remarks.append("some of this dataset's MOS was looked at when choosing the method's configuration")
    return remarks


def _escape(text: str) -> str:
    # Names come from datasets and plugins: keep them from ending a cell or opening markup. An
    # underscore inside a word opens none.
    line = re.sub(r"\s", " ", str(text))
    return re.sub(r"[\\|<>*`\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", line)
