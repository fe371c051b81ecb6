"""``bench table --opinions`` as records: one a row and dataset, unrounded; what is missing has its reason."""

from __future__ import annotations

from typing import Any

from bench.tables.cell import MethodKey
from bench.tables.table import Table
from bench.views.opinions.aucs import TESTED, Estimate
from bench.views.opinions.table import Opinions

ESTIMATES = (*TESTED, "correct")
"""The numbers of ``OpinionAucs`` that have a standard error."""
OUT = "not eligible for best"
"""The reason why an ineligible row has no p-value."""
_UNTESTED = "not tested against every other eligible row: too few images, or different images"
_CORRELATIONS = ("srcc", "plcc_log4")


def records(table: Table, one: Opinions, tests: int) -> dict[MethodKey, dict[str, Any]]:
    """Return a record of each row that has a result on a dataset.

    Args:
        table: gives rows and correlations.
        one: a dataset of it.
        tests: how many the p-values are adjusted over.
    """
    return {
        row: _record(table, one, row) | {"tests": tests, "reasons": _reasons(table, one, row)}
        for row in table.column(one.column)
    }


def _record(table: Table, one: Opinions, row: MethodKey) -> dict[str, Any]:
    c, judged = table.cells[row, one.column].correlations, one.judged.get(row)
    eligible = table.eligible[one.column]
    record: dict[str, Any] = {
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
    for name in ESTIMATES:
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
    for name in ESTIMATES:
        # A row of a dataset that is shown is not judged where its result is not complete.
        estimate = getattr(judged, name) if judged else Estimate(reason=one.reason or c.reasons["srcc"])
        found |= {name: estimate.reason} if estimate.reason else {}
    for name in TESTED:
        if name not in found and one.largest_p(name, row, eligible) is None:
            found[f"{name}_p"] = _UNTESTED if row in eligible else OUT
    return found
