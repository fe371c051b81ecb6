"""Scores and labels of each cell of a table, with the fitted mapping and its residuals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.api import FloatArray
from bench.defaults import CONFIDENCE
from bench.stats import Band, LogisticMapping, mapping_band
from bench.tables.cell import Cell
from bench.tables.evaluation import joined, signs_of, usable_rows
from bench.tables.table import Table

STEPS = 200
"""Scores, evenly spaced over their range, at which a curve is drawn."""


@dataclass(frozen=True)
class FittedPoints:
    """One method on one dataset, image by image.

    Attributes:
        method: label of its row.
        cell: its numbers.
        scores: (n,) raw scores.
        labels: (n,) raw labels.
        clusters: what intervals resample; None for images.
    """

    method: str
    cell: Cell
    scores: FloatArray
    labels: FloatArray
    clusters: list[str] | None

    @property
    def mapping(self) -> LogisticMapping | None:
        """The 4-parameter mapping; None where there is none."""
        return self.cell.correlations.mapping

    @property
    def reason(self) -> str:
        """Why there is no mapping; empty where there is."""
        return "" if self.mapping else self.cell.correlations.reasons["plcc_log4"]

    def steps(self) -> FloatArray:
        """Return evenly spaced scores over their range, (STEPS,)."""
        return np.linspace(self.scores.min(), self.scores.max(), STEPS)

    def band(self, draws: int) -> Band | None:
        """Return the interval of the mapping at ``steps``; None where too few draws have one."""
        method, label = signs_of(self.cell.entry)
        return mapping_band(
            self.scores, self.labels, self.steps(), method * label, self.clusters, draws=draws, level=CONFIDENCE
        )


def fitted(table: Table) -> Iterator[FittedPoints]:
    """Yield each cell of a table that has images with a score and a label, dataset by dataset."""
    for column in table.columns:
        for row in table.rows:
            cell = table.cells.get((row, column))
            if cell is None or not cell.correlations.n:
                continue
            usable = usable_rows(cell)
            cluster = cell.dataset.cluster
            yield FittedPoints(
                table.labels[row],
                cell,
                usable["score"].to_numpy(np.float64),
                usable["mos"].to_numpy(np.float64),
                joined(usable, [cluster]) if cluster in usable else None,
            )


def running_median(x: FloatArray, y: FloatArray, share: float = 0.1, least: int = 15) -> tuple[FloatArray, FloatArray]:
    """Return medians of x and of y in windows of neighbouring x, which overlap by half.

    Args:
        x: (n,) values.
        y: (n,) values.
        share: of the points in one window.
        least: points in one window, where there are as many.
    """
    order = np.argsort(x, kind="stable")
    size = min(x.size, max(least, round(share * x.size)))
    starts = np.unique(np.linspace(0, x.size - size, max(1, round(2 * x.size / size) - 1)).astype(int))
    windows = [order[start : start + size] for start in starts]
    return tuple(np.array([np.median(values[w]) for w in windows]) for values in (x, y))  # type: ignore[return-value]
