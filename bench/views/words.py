"""Single numbers of a table in words, and what its averages leave out."""

from __future__ import annotations

from bench.stats import Interval
from bench.tables.averages import Average
from bench.tables.cell import Cell, MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.table import Table

_NAMED = 3  # rows that a caption names for one reason; the others are counted


def number(value: float) -> str:
    """Write a correlation to three decimals."""
    return f"{value:.3f}".replace("-0.000", "0.000")


def interval_text(interval: Interval) -> str:
    """Return `` [low, high]``, or nothing where there is no interval."""
    low, high = interval.low, interval.high
    return "" if low is None or high is None else f" [{number(low)}, {number(high)}]"


def origin_text(cell: Cell) -> str:
    """Return what a cell's scores were computed with, or that they were imported."""
    imported = cell.entry.source == "import"
    source = "scores imported, not computed here" if imported else f"version {cell.row.version}"
    return source + (f", parameters {cell.row.fingerprint}" if cell.row.fingerprint else "")


def srcc_text(cell: Cell) -> str:
    """Return a cell's SRCC with interval and n in words, or why there is none."""
    c = cell.correlations
    one = "1 scored image has" if cell.unlabelled == 1 else f"{cell.unlabelled} scored images have"
    unlabelled = f"; {one} no label" if cell.unlabelled else ""
    if c.srcc is None:
        return f"no SRCC: {c.reasons['srcc']}{unlabelled}"
    within = (
        f", {cell.dataset.aggregate} inside ({', '.join(cell.dataset.within)}) series" if cell.dataset.within else ""
    )
    synthetic = "; a synthetic order, no human opinion" if cell.dataset.kind == "synthetic-order" else ""
    return f"SRCC {number(c.srcc)}{interval_text(cell.interval)} (n = {c.n}{within}{synthetic}){unlabelled}"


def left_out_text(table: Table, over: Average) -> str:
    """Return `` Left out: ...``, the datasets that an average leaves out and why; empty without any."""
    # A dataset under two protocols is two columns and one sentence.
    sentences = dict.fromkeys(_why_out(table, column, why) for column, why in over.left_out.items())
    return f" Left out: {'; '.join(sentences)}." if sentences else ""


def _why_out(table: Table, column: DatasetKey, why: dict[str, list[MethodKey]]) -> str:
    reasons = []
    for reason, rows in why.items():
        named = [table.labels[row] for row in rows[:_NAMED]]
        more = [f"{len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
        reasons.append(reason + (f": {', '.join(named + more)}" if rows else ""))
    return f"{table.title(column)} ({'; '.join(reasons)})"
