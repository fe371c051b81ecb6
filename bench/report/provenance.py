"""Provenance of a number in words: identity, sessions, failures with reasons.

Paths of the machine are left out: a report is for others, and they identify no score.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.tables.cell import VALUES, Cell
from bench.views.words import interval_text

Facts = tuple[tuple[str, str], ...]

_NAMES = {"plcc_log4": "PLCC (4 parameters)", "plcc_log5": "PLCC (5 parameters)", "plcc_raw": "PLCC (raw)"}
_NAMES |= {"rmse_log4": "RMSE (4 parameters)", "rmse_log5": "RMSE (5 parameters)"}


@dataclass(frozen=True)
class Provenance:
    """Provenance of one cell.

    Attributes:
        key: of the entry.
        method: label of its row.
        title: method on dataset.
        numbers: name → value with interval, or the reason why there is none.
        remarks: what must be known beside the numbers.
        identity: what makes it another number when it changes.
        sessions: of scoring, one group of facts each.
        failures: (image, reason), as many as the sidecar lists.
        failed: images that failed in all.
    """

    key: str
    method: str
    title: str
    numbers: Facts
    remarks: tuple[str, ...]
    identity: Facts
    sessions: tuple[Facts, ...]
    failures: tuple[tuple[str, str], ...]
    failed: int


def describe_provenance(cell: Cell, label: str, remarks: Iterable[str]) -> Provenance:
    """Return what stands behind a cell.

    Args:
        cell: evaluated.
        label: of its row.
        remarks: what must be known beside its numbers.
    """
    return Provenance(
        key=cell.entry.key,
        method=label,
        title=f"{label} on {cell.dataset.id}",
        numbers=_numbers(cell),
        remarks=tuple(remarks),
        identity=_identity(cell),
        sessions=tuple(_session(session) for session in cell.entry.sessions),
        failures=tuple(cell.entry.failures),
        failed=cell.failed,
    )


def _numbers(cell: Cell) -> Facts:
    counts = [("images in the correlations", str(cell.correlations.n)), ("scored", str(cell.scored))]
    counts += [("failed", str(cell.failed)), ("scored without a label", str(cell.unlabelled))]
    return (*((_NAMES.get(value, value.upper()), _value(cell, value)) for value in VALUES), *counts)


def _value(cell: Cell, value: str) -> str:
    found: float | None = getattr(cell.correlations, value)
    if found is None:
        return f"none: {cell.correlations.reasons[value]}"
    if value != "srcc":
        return f"{found:.6f}"
    interval = cell.interval
    return f"{found:.6f}" + (interval_text(interval) or f" (no interval: {interval.reason})")


def _identity(cell: Cell) -> Facts:
    identity, method = cell.entry.identity, cell.method
    declared = {
        "family": method.family,
        "opinion-aware": {True: "yes", False: "no", None: "undeclared"}[method.opinion_aware],
        "trained on": ", ".join(method.trained_on) or "nothing",
        "better score": "higher" if method.higher_is_better else "lower",
        "better label": cell.dataset.direction,
        "scores": "imported, not computed here" if cell.entry.source == "import" else "computed here",
    }
    parts = identity.as_json()
    hashed = [(f"{part} {name}", _text(value)) for part, block in parts.items() for name, value in block.items()]
    return (*hashed, *declared.items())


def _session(session: Mapping[str, Any]) -> Facts:
    return tuple((name.replace("_", " "), _text(value)) for name, value in session.items())


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None or value == "":
        return "none"
    return value if isinstance(value, str) else json.dumps(value)
