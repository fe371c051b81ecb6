"""Writing tables as CSV and JSON, and single numbers in words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.stats import Ceiling, CrossFit, Interval
from bench.tables.averages import AT_LEAST, Average, average, averages_by_kind, kind_of
from bench.tables.cell import VALUES, Cell, MethodKey
from bench.tables.evaluation import cross_fit
from bench.tables.leakage import Relation
from bench.tables.ratings import ceilings
from bench.tables.table import DatasetKey, Table


def as_record(cell: Cell) -> dict[str, Any]:
    """Return a cell as plain JSON values, unrounded."""
    method, dataset, c, leaks = cell.method, cell.dataset, cell.correlations, cell.leaks
    relations = [leak.relation for leak in leaks]
    identity, interval = cell.entry.identity, cell.interval
    return {
        "method": method.label,
        "dataset": dataset.id,
        "protocol": str(cell.protocol),
        "n": c.n,
        "failed": cell.failed,
        "srcc": c.srcc,
        "srcc_low": interval.low,
        "srcc_high": interval.high,
        **{name: getattr(c, name) for name in VALUES[1:]},
        "scored": cell.scored,
        "unlabelled": cell.unlabelled,
        "reasons": {**c.reasons, **({"interval": interval.reason} if interval.reason else {})},
        "interval_kind": interval.kind,
        "interval_level": interval.level,
        "interval_draws": interval.draws,
        "interval_units": dataset.cluster or "image",
        "interval_dropped": interval.dropped,
        "groups": vars(c.grouping) if c.grouping else None,
        "within": dataset.within,
        "middle": dataset.aggregate,
        "kind": dataset.kind,
        "family": method.family,
        "opinion_aware": method.opinion_aware,
        "trained_on": method.trained_on,
        "trained_on_this": Relation.TRAINED_ON in relations,
        "selected_on_this": Relation.SELECTED_ON in relations,
        "leakage": relations[0] if relations else Relation.CLEAN,
        "leakage_why": "; ".join(leak.why for leak in leaks),
        "higher_is_better": method.higher_is_better,
        "method_version": method.version,
        "fingerprint": identity.fingerprint,
        "labels_hash": identity.labels,
        "images_hash": identity.images,
        "source": cell.entry.source,
        "complete": cell.entry.complete,
        "key": cell.entry.key,
    }


def to_json(tables: Iterable[Table]) -> str:
    """Return the tables' cells as a list of records, unrounded.

    What a row reaches over the datasets stands in each of its records, so that all records are cells.
    """
    return records_as_json(_records(tables))


def _records(tables: Iterable[Table]) -> list[dict[str, Any]]:
    records = []
    for table in tables:
        over, kinds = average(table), {each.kind: each for each in averages_by_kind(table)}
        for column, ceiling in ceilings(table).items():
            of_kind = kinds.get(kind_of(table, column))
            for row in table.rows:
                if cell := table.cells.get((row, column)):
                    record = as_record(cell) | _averaged(table, over, row, column) | _averaged_in_kind(of_kind, row)
                    records.append(_bounded(record, ceiling, cross_fit(cell)))
    return records


def _averaged_in_kind(of_kind: Average | None, row: MethodKey) -> dict[str, Any]:
    return {
        "average_of_kind_srcc": of_kind.srcc[row].value if of_kind else None,
        "average_of_kind_over": [each.dataset for each in of_kind.over] if of_kind else [],
    }


def _bounded(record: dict[str, Any], ceiling: Ceiling, fitted: CrossFit) -> dict[str, Any]:
    """Add what the noise of the MOS lets a metric reach, and the PLCC that no mapping has flattered."""
    found = {
        "ceiling_srcc": (ceiling.srcc, ceiling.reason),
        "ceiling_plcc": (ceiling.plcc, ceiling.reason),
        "plcc_log4_crossfitted": (fitted.plcc_log4_cv, fitted.reason),
    }
    reasons = record["reasons"] | {name: why for name, (_, why) in found.items() if why}
    return record | {name: value for name, (value, _) in found.items()} | {"reasons": reasons}


def _averaged(table: Table, over: Average, row: MethodKey, column: DatasetKey) -> dict[str, Any]:
    mean, interval = over.srcc.get(row), over.bootstrap.intervals[table.rows.index(row)] if over.bootstrap else None
    return {
        "average_srcc": mean.value if mean else None,
        "average_srcc_low": interval.low if interval else None,
        "average_srcc_high": interval.high if interval else None,
        "average_rank": over.rank.get(row),
        "average_over": [each.dataset for each in over.over] if mean else [],
        "average_reason": mean.reason if mean else f"fewer than {AT_LEAST} datasets that every row compares on",
        "left_out_of_average": {
            why: [table.labels[each] for each in rows] for why, rows in over.left_out.get(column, {}).items()
        },
    }


def to_csv(tables: Iterable[Table]) -> str:
    """Return one line a cell, unrounded; reasons joined by semicolons, missing numbers empty."""
    records = _records(tables)
    for record in records:
        for name in ("groups", "left_out_of_average"):
            record[name] = json.dumps(record[name], ensure_ascii=False) if record[name] else ""
        record["within"], record["trained_on"] = " ".join(record["within"]), " ".join(record["trained_on"])
    return records_as_csv(records)


def records_as_json(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records as a list, unrounded."""
    return json.dumps(records, indent=1, ensure_ascii=False)


def records_as_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Return one line a record, unrounded; what is missing is empty, several values are joined by semicolons."""
    if not records:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _in_one(value) for name, value in record.items()} for record in records)
    return out.getvalue()


def _in_one(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {each}" for name, each in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else value


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
    if c.srcc is None:
        return f"no SRCC: {c.reasons['srcc']}"
    within = (
        f", {cell.dataset.aggregate} inside ({', '.join(cell.dataset.within)}) series" if cell.dataset.within else ""
    )
    synthetic = "; a synthetic order, no human opinion" if cell.dataset.kind == "synthetic-order" else ""
    return f"SRCC {number(c.srcc)}{interval_text(cell.interval)} (n = {c.n}{within}{synthetic})"
