"""Inside a dataset: the correlation of every row on the images of each distortion type, group or generator.

Works on an arranged table, so that rows, columns and what is superseded are those of ``bench table``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench import stats
from bench.datasets.card import RESERVED
from bench.errors import UsageError
from bench.tables.cell import MethodKey
from bench.tables.evaluation import correlate_part
from bench.tables.table import DatasetKey, Table

if TYPE_CHECKING:
    import pandas as pd

_MEASURED = ("std", "n_raters")  # of the ratings behind a MOS: numbers that part nothing
MOST_COLUMNS = 30
"""Values above which a breakdown is summed up: nobody reads 81 columns of references."""


@dataclass(frozen=True)
class Breakdown:
    """One dataset of a table, its images parted by an attribute.

    Attributes:
        column: the dataset.
        attribute: by what.
        sizes: value → images with a label, of the row that scored most; in natural order.
        parts: (row, value) → its correlations on those images.
    """

    column: DatasetKey
    attribute: str
    sizes: dict[str, int]
    parts: dict[tuple[MethodKey, str], stats.Correlations]

    def summary(self, row: MethodKey) -> tuple[float, str, float, str, float] | None:
        """Return mean SRCC over values, the lowest with its value, the highest with its value; None without any."""
        found = {v: c.srcc for v in self.sizes if (c := self.parts.get((row, v))) and c.srcc is not None}
        if not found:
            return None
        low, high = min(found, key=lambda v: found[v]), max(found, key=lambda v: found[v])
        return float(np.mean(list(found.values()))), low, found[low], high, found[high]


def break_down(tables: Iterable[Table], attribute: str) -> list[tuple[Table, list[Breakdown]]]:
    """Part every dataset of some tables whose labels say the attribute.

    Images without a label, or of which the labels do not say it, are in no part.

    Raises:
        UsageError: no dataset has the attribute; names those that there are.
    """
    if attribute in _MEASURED:
        raise UsageError(f"--by got {attribute!r}, which is measured anew for each image and parts nothing")
    parted, known = [], set()
    for table in tables:
        frames = {place: cell.entry.scores() for place, cell in table.cells.items() if cell.entry.complete}
        known |= {name for frame in frames.values() for name in frame.columns} - {*RESERVED, *_MEASURED}
        found = (_of_column(table, column, attribute, frames) for column in table.columns)
        parted.append((table, [one for one in found if one.sizes]))
    if not any(found for _, found in parted):
        there = f"they say {', '.join(sorted(known))}" if known else "they say nothing but labels"
        raise UsageError(f"--by got {attribute!r}, which no labels of these results say of images: {there}")
    return parted


def _of_column(
    table: Table, column: DatasetKey, attribute: str, frames: dict[tuple[MethodKey, DatasetKey], pd.DataFrame]
) -> Breakdown:
    sizes: dict[str, int] = {}
    parts: dict[tuple[MethodKey, str], stats.Correlations] = {}
    for row in table.rows:
        frame = frames.get((row, column))
        if frame is None or attribute not in frame:
            continue
        labelled = frame[frame["mos"].notna() & frame[attribute].notna()]
        for key, part in labelled.groupby(labelled[attribute].astype(str)):
            value = str(key)
            sizes[value] = max(sizes.get(value, 0), len(part))
            parts[row, value] = correlate_part(table.cells[row, column].entry, part[part["score"].notna()])
    return Breakdown(column, attribute, {value: sizes[value] for value in _natural(sizes)}, parts)


def _natural(values: Iterable[str]) -> list[str]:
    # Level 10 comes after level 9. Texts and numbers take turns, so that like is compared with like.
    return sorted(values, key=lambda value: [int(x) if x.isdecimal() else x for x in re.split(r"(\d+)", value)])
