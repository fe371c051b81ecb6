"""``bench invariance``: table of the changes of each method's scores under changes that should not affect quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.defaults import CONFIDENCE
from bench.robustness.invariance import MODERATE, SMALL, TOLERANCE, Audit, VariantChange
from bench.robustness.variants import VARIANTS
from bench.tables.cell import FEW, Cell
from bench.views.model import Value, View
from bench.views.shown import Views
from bench.views.words import interval_text, number

_NO_MOS = "No SRCC by resolution: the photographs have no MOS."


def show(audits: Sequence[Audit], resolutions: Sequence[Sequence[Cell]], dataset: str) -> Views:
    """Return a table of changes, and one of SRCC by resolution where photographs have a MOS.

    Args:
        audits: what was found of each method.
        resolutions: for each resolution the cells of the same methods; empty without MOS.
        dataset: id of the photographs' dataset.
    """
    if not resolutions:
        return Views((_changes(audits, dataset, [_NO_MOS]),))
    return Views((_changes(audits, dataset), _by_resolution(resolutions, dataset)))


def _changes(audits: Sequence[Audit], dataset: str, more: Sequence[str] = ()) -> View:
    head = ["method, variant", "photographs", "largest", "median", "SRCC", "verdict"]
    groups = [(audit.label, [_line(each) for each in audit.findings]) for audit in audits]
    verdicts = [f"{audit.label}: {_verdict(audit)}." for audit in audits]
    gaps = [
        f"{audit.label}, {each.variant.name}: {why}."
        for audit in audits
        for each in audit.findings
        if (why := each.reason or (each.change.reason if each.change else ""))
    ]
    captions = [_caption(dataset), *verdicts, *gaps, *more]
    records = [_of_change(audit.label, dataset, each) for audit in audits for each in audit.findings]
    return View([Value(text) for text in head], groups, captions, records)


def _line(finding: VariantChange) -> list[Value]:
    change, name, verdict = finding.change, Value(finding.variant.name), Value(finding.verdict)
    if change is None:
        return [name, *[Value("-")] * 4, verdict]
    n = f"{change.n} ({change.lost} lost)" if change.lost else str(change.n)
    numbers = [_spread(change.largest), _spread(change.median), "-" if change.srcc is None else number(change.srcc)]
    if finding.verdict == "defect":
        verdict = Value(finding.verdict, standing="fault")
    return [name, *map(Value, (n, *numbers)), verdict]


def _spread(value: float | None) -> str:
    if value is None:
        return "-"
    return "0" if value == 0 else f"{value:.1e}" if value < TOLERANCE else f"{value:.3f}"


def _verdict(audit: Audit) -> str:
    sensitive = {
        grade: [each.variant.name for each in audit.findings if each.verdict == grade]
        for grade in ("large", "moderate", "small")
    }
    told = [f"{grade} changes by {', '.join(names)}" for grade, names in sensitive.items() if names]
    defects = f"defects: {', '.join(audit.defects)}" if audit.defects else "no defect"
    return "; ".join([defects, *told])


def _caption(dataset: str) -> str:
    exact = ", ".join(each.name for each in VARIANTS if each.exact)
    told = "; ".join(f"{each.name}: {each.what}" for each in VARIANTS)
    return (
        f"Photographs of {dataset}. Largest and median change of a score, in standard deviations of "
        "the method's own scores over the photographs; SRCC between the scores before and after. "
        f"{exact} leave the pixels as they are: a change beyond {TOLERANCE:g} is a defect. "
        f"The others are sensitivities, graded by the median: small below {SMALL:g}, "
        f"moderate below {MODERATE:g}, large. {told}."
    )


def _by_resolution(resolutions: Sequence[Sequence[Cell]], dataset: str) -> View:
    head = ["method", *(_resolution(at[0]) for at in resolutions)]
    lines = [[Value(cells[0].method.label), *map(_srcc, cells)] for cells in zip(*resolutions, strict=True)]
    n = max(cell.scored for at in resolutions for cell in at)
    few = f"; fewer than {FEW}: too few to draw conclusions" if n < FEW else ""
    captions = [
        f"SRCC with the labels of {dataset} by the short side that photographs are resized to; {n} photographs"
        f"{few}. In brackets: {CONFIDENCE:.0%} bootstrap interval.",
        *resolutions[0][0].dataset.notes,
        *(f"{cell.method.label}: {leak.why}." for cell in resolutions[0] for leak in cell.leaks),
    ]
    records = [_of_cell(cell, dataset) for at in resolutions for cell in at]
    return View([Value(text) for text in head], [("", lines)], captions, records)


def _srcc(cell: Cell) -> Value:
    c = cell.correlations
    if c.srcc is None:
        return Value("-", after=f" ({c.reasons['srcc']})")
    return Value(number(c.srcc), interval_text(cell.interval), after=f" ({cell.failed} failed)" if cell.failed else "")


def _resolution(cell: Cell) -> str:
    return "full size" if cell.protocol.resize == "none" else f"resize {cell.protocol.resize}"


def _of_change(label: str, dataset: str, finding: VariantChange) -> dict[str, Any]:
    change = finding.change
    return {
        "method": label,
        "dataset": dataset,
        "variant": finding.variant.name,
        "exact": finding.variant.exact,
        "n": change.n if change else 0,
        "lost": change.lost if change else None,
        "largest": change.largest if change else None,
        "median": change.median if change else None,
        "srcc_before_after": change.srcc if change else None,
        "verdict": finding.verdict,
        "srcc": None,
        "srcc_low": None,
        "srcc_high": None,
        "reason": change.reason if change else finding.reason,
    }


def _of_cell(cell: Cell, dataset: str) -> dict[str, Any]:
    interval = cell.interval
    return {
        "method": cell.method.label,
        "dataset": dataset,
        "variant": _resolution(cell),
        "exact": None,
        "n": cell.correlations.n,
        "lost": cell.failed,
        "largest": None,
        "median": None,
        "srcc_before_after": None,
        "verdict": "",
        "srcc": cell.correlations.srcc,
        "srcc_low": interval.low,
        "srcc_high": interval.high,
        "reason": cell.correlations.reasons.get("srcc", "") or interval.reason,
    }
