"""A table across datasets: rows × test sets, each cell the SRCC over splits, on the same test images in every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bench import stats
from bench.datasets.protocol import Protocol
from bench.runs.entry import DatasetRecord, MethodRecord
from bench.tables.cell import MethodKey
from bench.tables.leakage import Leak


class Target(NamedTuple):
    """A dataset to predict, under one protocol (that of its splits)."""

    dataset: str
    labels: str
    images: str
    protocol: Protocol


@dataclass(frozen=True)
class TestSet:
    """Images and splits behind a column.

    Attributes:
        about: the sidecar's block on the dataset, ``n`` that of the whole set.
        mos: test image → label.
        parts: of each split the test images that have a label, and a score in every row.
        left_out: row → labelled test images that are in no part since it has no score of them.
    """

    about: DatasetRecord
    mos: Mapping[str, float]
    parts: tuple[tuple[str, ...], ...]
    left_out: Mapping[MethodKey, int]


@dataclass(frozen=True)
class CrossCell:
    """One row on one test set.

    Attributes:
        summary: SRCC over the splits, or the reason why there is none.
        own: whether the test images are other images of the row's training set.
        leaks: what else the row has to do with the test set, the worst first.
    """

    summary: stats.SplitSummary
    own: bool
    leaks: tuple[Leak, ...]

    @property
    def excluded(self) -> bool:
        """Whether it is excluded from averages and pairs."""
        return self.own or any(leak.excludes for leak in self.leaks)


@dataclass(frozen=True)
class CrossTable:
    """Rows × test sets.

    Attributes:
        tested: what each column's numbers rest on; in order of dataset id.
        groups: (heading, rows), opinion-unaware methods first, fitted ones last.
        methods: row → the sidecar's block on its method.
        trained: row → id of its training set, of fitted ones.
        cells: every row on every column.
        labels: what each row is called.
    """

    tested: dict[Target, TestSet]
    groups: list[tuple[str, list[MethodKey]]]
    methods: dict[MethodKey, MethodRecord]
    trained: dict[MethodKey, str]
    cells: dict[tuple[MethodKey, Target], CrossCell]
    labels: dict[MethodKey, str]

    @property
    def rows(self) -> list[MethodKey]:
        """Every row, from top to bottom."""
        return [row for _, rows in self.groups for row in rows]

    @property
    def unaware(self) -> list[MethodKey]:
        """The rows of methods that saw no opinion."""
        return [row for row in self.rows if self.methods[row].opinion_aware is False]
