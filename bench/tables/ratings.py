"""Standard deviations and numbers of a dataset's ratings, and the noise ceiling of correlations.

Works on an arranged table, as all of ``bench table`` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from bench import stats
from bench.api import FloatArray
from bench.tables.cell import Cell
from bench.tables.columns import DatasetKey
from bench.tables.evaluation import usable_rows
from bench.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

SAID = ("std", "n_raters")
"""Attributes of an image: standard deviation of its single ratings, in the labels' units, and their number."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """The labelled images of a dataset with the spread and the number of their ratings.

    Attributes:
        labels: (n,) MOS.
        std: (n,) standard deviation of the single ratings.
        n_raters: (n,) their number.
        rows: image → its row in these arrays.
        reason: why there are none; empty where there are.
    """

    labels: FloatArray = field(default_factory=lambda: np.empty(0))
    std: FloatArray = field(default_factory=lambda: np.empty(0))
    n_raters: FloatArray = field(default_factory=lambda: np.empty(0))
    rows: dict[str, int] = field(default_factory=dict)
    reason: str = ""

    def ceiling(self) -> stats.Ceiling:
        """Return what the noise of these MOS leaves to reach."""
        if self.reason:
            return stats.Ceiling(reason=self.reason)
        return stats.noise_ceiling(self.labels, self.std, self.n_raters)


def find_ratings(table: Table, column: DatasetKey) -> Ratings:
    """Return what is stored of the ratings of a dataset; its labels are the same in every row."""
    cells = complete_cells(table, column)
    if not cells:
        return Ratings(reason="no result is complete")
    if column.protocol.mos == "imported":
        return Ratings(reason="its labels came with imported scores, without the spread of their ratings")
    if cells[0].dataset.within:
        return Ratings(reason="labels compare only inside a group")
    frame = _telling_frame(cells)
    labelled = frame[frame["mos"].notna()]
    return _read(labelled) if len(labelled) else Ratings(reason="the dataset has no labels")


def errors_after_mapping(cell: Cell, ratings: Ratings) -> stats.PredictionErrors:
    """Return the errors of a cell's scores after the 4-parameter mapping, as ITU-T P.1401 has them.

    Args:
        cell: the numbers of one method on one dataset.
        ratings: of the same dataset.
    """
    mapping = cell.correlations.mapping
    if mapping is None:
        return stats.PredictionErrors(reason=cell.correlations.reasons["plcc_log4"])
    usable = usable_rows(cell)
    scores, labels = (usable[name].to_numpy(np.float64) for name in ("score", "mos"))
    rows = [] if ratings.reason else [ratings.rows[image] for image in usable["image"]]
    std, n_raters = (None, None) if ratings.reason else (ratings.std[rows], ratings.n_raters[rows])
    found = stats.prediction_errors(mapping.predict(scores), labels, len(mapping.parameters), std, n_raters)
    return replace(found, reason=ratings.reason) if found.rmse is not None and ratings.reason else found


def complete_cells(table: Table, column: DatasetKey) -> list[Cell]:
    """Return the complete results on a dataset, in the order of the rows."""
    return [cell for cell in table.column(column).values() if cell.entry.complete]


def _telling_frame(cells: Iterable[Cell]) -> pd.DataFrame:
    # A result may be older than what its dataset's card tells of ratings by now.
    newest_first = sorted(cells, key=lambda cell: cell.entry.finished, reverse=True)
    frames = (cell.entry.scores() for cell in newest_first)
    first = next(frames)
    return next((frame for frame in (first, *frames) if {*SAID} <= {*frame.columns}), first)


def _read(labelled: pd.DataFrame) -> Ratings:
    labels = labelled["mos"].to_numpy(np.float64)
    std, n_raters = (labelled[name].to_numpy(np.float64) if name in labelled else None for name in SAID)
    if std is not None and (std < 0).any():
        return Ratings(reason=f"the labels give {int((std < 0).sum())} images a spread below 0")
    _, reason = stats.squared_errors(labels, std, n_raters)
    if reason or std is None or n_raters is None:
        return Ratings(reason=reason)
    return Ratings(labels, std, n_raters, {image: row for row, image in enumerate(labelled["image"])})
