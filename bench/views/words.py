"""Single numbers of a table in words."""

from __future__ import annotations

from bench.stats import Interval
from bench.tables.cell import Cell


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
