"""``bench table --style cross`` as records, unrounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.tables.cell import MethodKey
from bench.tables.leakage import Relation
from bench.views.cross.averages import RowAverage
from bench.views.cross.table import CrossTable, Target


def records(table: CrossTable, means: Mapping[MethodKey, RowAverage]) -> list[dict[str, Any]]:
    """Return one record a row and test set.

    What a row reaches over the test sets stands in each of its records, so that all records are cells.

    Args:
        table: with at least one column.
        means: of all its rows.
    """
    return [_of_cell(table, row, target) | _of_row(table, means[row]) for row in table.rows for target in table.tested]


def _of_cell(table: CrossTable, row: MethodKey, target: Target) -> dict[str, Any]:
    cell, tested, method = table.cells[row, target], table.tested[target], table.methods[row]
    return {
        "method": table.labels[row],
        "train": table.trained.get(row),
        "dataset": target.dataset,
        "resize": target.protocol.resize,
        "srcc": cell.summary.median,
        "srcc_lower_quartile": cell.summary.low,
        "srcc_upper_quartile": cell.summary.high,
        "srcc_iqr": cell.summary.iqr,
        "srcc_of_splits": list(cell.summary.values),
        "reason": cell.summary.reason,
        "n_of_splits": [len(part) for part in tested.parts],
        "left_out": {table.labels[other]: n for other, n in tested.left_out.items()},
        "own_training_set": cell.own,
        "leakage": cell.leaks[0].relation if cell.leaks else Relation.CLEAN,
        "leakage_why": "; ".join(leak.why for leak in cell.leaks),
        "family": method.family,
        "opinion_aware": method.opinion_aware,
        "trained_on": method.trained_on,
        "higher_is_better": method.higher_is_better,
        "method_version": row.version,
        "fingerprint": row.fingerprint,
        "labels_hash": target.labels,
        "images_hash": target.images,
    }


def _of_row(table: CrossTable, found: RowAverage) -> dict[str, Any]:
    return {
        "average_srcc": found.mean.value,
        "average_over": [each.dataset for each in found.over],
        "average_reason": found.mean.reason,
        "average_minus_unaware": {table.labels[other]: value for other, value in found.minus.items()},
    }
