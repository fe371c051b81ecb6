"""gMAD contest of two stored methods on one dataset, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.errors import UsageError
from bench.gmad.pairs import ImagePair, Level, Opinion, differentiate, judge, standardised
from bench.tables.cell import Cell
from bench.tables.columns import DatasetKey
from bench.tables.evaluation import joined, signs_of
from bench.tables.ratings import SAID
from bench.tables.table import Table, find_pair

if TYPE_CHECKING:
    import pandas as pd

    from bench.api import FloatArray


DIFFERENT = 1.96
"""Standard errors that two labels must differ by to be different: a two-sided z-test at 5 %."""


@dataclass(frozen=True)
class JudgedPair:
    """A pair and what the labels say of it.

    Attributes:
        pair: places in ``Contest.images``.
        label_gap: label of the image that the attacker holds better less that of the other, oriented, in standard
            deviations; None without one.
        label_z: the same difference in its standard errors; None where the ratings' spread or number is not known.
        verdict: whose opinion the labels share; None without one.
        reason: why there is none; empty where there is.
    """

    pair: ImagePair
    label_gap: float | None
    verdict: Opinion | None
    reason: str = ""
    label_z: float | None = None


@dataclass(frozen=True)
class Direction:
    """One method holds equal what the other holds different.

    Attributes:
        defender: label of the method that holds pairs equal.
        attacker: label of the method that holds them different.
        levels: with their pairs.
        judged: every pair, from the worst level to the best.
    """

    defender: str
    attacker: str
    levels: list[Level]
    judged: list[JudgedPair]


@dataclass(frozen=True)
class Contest:
    """Two methods on the images that both scored.

    Attributes:
        column: the dataset.
        cells: of the two.
        images: names, sorted.
        scores: label of a method → (n,) raw scores.
        labels: (n,) labels, NaN where there is none.
        failed: images that one of the two did not score.
        equal: standard deviations within which scores are held equal, and labels whose error is not known.
        directions: the first attacked by the second, then the second by the first.
    """

    column: DatasetKey
    cells: tuple[Cell, Cell]
    images: list[str]
    scores: dict[str, FloatArray]
    labels: FloatArray
    failed: int
    equal: float
    directions: tuple[Direction, Direction]


def run_contest(
    tables: Sequence[Table], names: tuple[str, str], dataset: str, levels: int, pairs: int, equal: float
) -> Contest:
    """Hold a contest on the first table that has both methods on the dataset under one protocol.

    Args:
        tables: arranged.
        names: two methods, by label or name.
        dataset: id.
        levels: of the defender's quality.
        pairs: wanted a level.
        equal: standard deviations within which scores, and labels, are held equal.

    Raises:
        UsageError: a method is not there or has no complete result, or its scores cannot be parted so.
    """
    found = ((table, column) for table in tables for column in table.columns if column.dataset == dataset)
    for table, column in found:
        rows = find_pair(table, names)
        if rows and all((row, column) in table.cells for row in rows):
            first, second = rows
            cells = table.cells[first, column], table.cells[second, column]
            return run_contest_on(column, cells, (table.labels[first], table.labels[second]), levels, pairs, equal)
    raise UsageError(f"A and B got {' and '.join(names)}, which have no results on {dataset} under the same protocol")


def run_contest_on(
    column: DatasetKey, cells: tuple[Cell, Cell], labels: tuple[str, str], levels: int, pairs: int, equal: float
) -> Contest:
    """Hold a contest between two cells of one column.

    Args:
        column: of both.
        cells: of the two methods.
        labels: what they are called.
        levels: of the defender's quality.
        pairs: wanted a level.
        equal: standard deviations within which scores, and labels, are held equal.

    Raises:
        UsageError: one has no complete result, or its scores cannot be parted so.
    """
    for cell, label in zip(cells, labels, strict=True):
        if not cell.entry.complete:
            raise UsageError(f"A and B got {label}, whose result on {column.dataset} is {cell.no_bootstrap}")
    frame, failed = _on_both(cells)
    people = _Labels.of(cells[0], frame, equal)
    raw = {label: frame[side].to_numpy(np.float64) for label, side in zip(labels, ("a", "b"), strict=True)}
    signed = [signs_of(cell.entry)[0] * raw[label] for cell, label in zip(cells, labels, strict=True)]
    names = frame["image"].tolist()
    if len(names) < 2 * levels:
        raise UsageError(
            f"--levels got {levels}, too many for the {len(names)} images that both scored: 2 for each level"
        )
    for scores, label in zip(signed, labels, strict=True):
        if np.ptp(scores) == 0:
            raise UsageError(f"A and B got {label}, which gives all images of {column.dataset} the same score")
    both = []
    for d, a in ((0, 1), (1, 0)):
        parts = differentiate(signed[d], signed[a], names, levels, pairs, equal)
        both.append(Direction(labels[d], labels[a], parts, [people.on(pair) for part in parts for pair in part.pairs]))
    mos = frame["mos"].to_numpy(np.float64)
    return Contest(column, cells, names, raw, mos, failed, equal, (both[0], both[1]))


def _on_both(cells: tuple[Cell, Cell]) -> tuple[pd.DataFrame, int]:
    """Return the rows that both scored, sorted by image, their scores as ``a`` and ``b``; and how many others are."""
    a, b = (cell.entry.scores() for cell in cells)
    frame = a.rename(columns={"score": "a"}).merge(b[["image", "score"]].rename(columns={"score": "b"}), on="image")
    usable = frame[frame["a"].notna() & frame["b"].notna()].sort_values("image", ignore_index=True)
    return usable, len(frame) - len(usable)


@dataclass(frozen=True)
class _Labels:
    """Labels as judges: oriented, in standard deviations, with their squared standard errors (NaN where not known)."""

    values: FloatArray
    squared_errors: FloatArray
    groups: list[str] | None
    equal: float

    @classmethod
    def of(cls, cell: Cell, frame: pd.DataFrame, equal: float) -> _Labels:
        values = signs_of(cell.entry)[1] * frame["mos"].to_numpy(np.float64)
        squared = _squared_errors(frame)
        known = ~np.isnan(values)
        if known.any() and np.ptp(values[known]) > 0:
            squared /= values[known].var()
            values[known] = standardised(values[known])
        return cls(values, squared, joined(frame, cell.dataset.within), equal)

    def on(self, pair: ImagePair) -> JudgedPair:
        if self.groups is not None and self.groups[pair.better] != self.groups[pair.worse]:
            return JudgedPair(pair, None, None, "labels compare only inside a group")
        gap = float(self.values[pair.better] - self.values[pair.worse])
        if np.isnan(gap):
            return JudgedPair(pair, None, None, "no label")
        error = float(np.sqrt(self.squared_errors[pair.better] + self.squared_errors[pair.worse]))
        if not error > 0:
            return JudgedPair(pair, gap, judge(gap, self.equal))
        return JudgedPair(pair, gap, judge(gap / error, DIFFERENT), label_z=gap / error)


def _squared_errors(frame: pd.DataFrame) -> FloatArray:
    """Return the squared standard error of each label; NaN where the spread or number of its ratings is not known."""
    if not {*SAID} <= {*frame.columns}:
        return np.full(len(frame), np.nan)
    std, n_raters = (frame[name].to_numpy(np.float64) for name in SAID)
    told = (std >= 0) & (n_raters >= 2)
    return np.where(told, std**2 / np.where(told, n_raters, 1.0), np.nan)
