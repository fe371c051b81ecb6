"""Records of ``bench table`` for CSV, JSON and DataFrame: one for each cell, unrounded."""

from __future__ import annotations

from typing import Any

from bench.stats import Ceiling, CrossFit, PredictionErrors
from bench.tables.averages import AT_LEAST, Average, average, averages_by_kind, kind_of
from bench.tables.cell import VALUES, Cell, MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.evaluation import cross_fit
from bench.tables.leakage import Relation
from bench.tables.marks import Marks
from bench.tables.ratings import errors_after_mapping, find_ratings
from bench.tables.table import Table
from bench.views.records import Block, Words


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
        "remarks": c.remarks,
        "interval_kind": interval.kind,
        "interval_level": interval.level,
        "interval_draws": interval.draws,
        "interval_units": dataset.cluster or "image",
        "interval_dropped": interval.dropped,
        "groups": Block(vars(c.grouping)) if c.grouping else None,
        "within": Words(dataset.within),
        "middle": dataset.aggregate,
        "kind": dataset.kind,
        "family": method.family,
        "opinion_aware": method.opinion_aware,
        "trained_on": Words(method.trained_on),
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


def records(table: Table, marks: Marks) -> list[dict[str, Any]]:
    """Return a table's cells, unrounded, with their marks.

    The average of a row over the datasets stands in each of its records, so that all records are cells.
    """
    over, kinds = average(table), {each.kind: each for each in averages_by_kind(table)}
    found = []
    for column in table.columns:
        ratings = find_ratings(table, column)
        ceiling = ratings.ceiling()
        of_kind = kinds.get(kind_of(table, column))
        for row in table.rows:
            if cell := table.cells.get((row, column)):
                record = as_record(cell) | {"code_remark": table.code_remark(row, column)}
                record |= _averaged(table, over, row, column) | _averaged_in_kind(of_kind, row)
                record |= _marked(marks, row, column, "") | _marked(marks, row, over.kind, "average_srcc_")
                record |= _marked(marks, row, of_kind.kind if of_kind else None, "average_of_kind_")
                found.append(_bounded(record, ceiling, cross_fit(cell), errors_after_mapping(cell, ratings)))
    return found


def _marked(marks: Marks, row: MethodKey, place: DatasetKey | str | None, prefix: str) -> dict[str, Any]:
    rank = None if place is None else marks.rank(row, place)
    return {
        f"{prefix}mark": "" if place is None else marks.mark(row, place),
        f"{prefix}rank_low": rank[0] if rank else None,
        f"{prefix}rank_high": rank[1] if rank else None,
    } | ({} if prefix else {"marks": marks.rule})


def _averaged_in_kind(of_kind: Average | None, row: MethodKey) -> dict[str, Any]:
    return {
        "average_of_kind_srcc": of_kind.srcc[row].value if of_kind else None,
        "average_of_kind_over": [each.dataset for each in of_kind.over] if of_kind else [],
    }


def _bounded(record: dict[str, Any], ceiling: Ceiling, fitted: CrossFit, errors: PredictionErrors) -> dict[str, Any]:
    """Add what the noise of the MOS lets a metric reach, the cross-fitted PLCC, and the errors of P.1401."""
    found = {
        "ceiling_srcc": (ceiling.srcc, ceiling.reason),
        "ceiling_plcc": (ceiling.plcc, ceiling.reason),
        "plcc_log4_crossfitted": (fitted.plcc_log4_cv, fitted.reason),
        "rmse_log4_p1401": (errors.rmse, errors.reason),
        "rmse_star_log4": (errors.rmse_star, errors.reason),
        "outlier_ratio_log4": (errors.outlier_ratio, errors.reason),
    }
    reasons = record["reasons"] | {name: why for name, (value, why) in found.items() if value is None}
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
        "left_out_of_average": Block(
            {why: [table.labels[each] for each in rows] for why, rows in over.left_out.get(column, {}).items()}
        ),
    }
