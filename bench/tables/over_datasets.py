"""Methods compared on a table's datasets as a sample of datasets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

import numpy as np

from bench import stats
from bench.tables.averages import Average, draws_inside
from bench.tables.cell import MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.table import Table


@dataclass(frozen=True)
class Standing:
    """What the datasets tell of one method.

    Attributes:
        row: the method.
        mean: mean SRCC by Fisher's z.
        interval: of that mean over all datasets such as these; undefined without draws.
        rank: lowest and highest rank that its mean may have among the methods; None without draws.
        ranks: dataset → rank by SRCC, 1 is best.
        mean_rank: mean of these.
        won: the datasets on which no method has a higher SRCC.
        better_than: the methods whose mean rank is worse by the critical difference or more.
        worse_than: those whose mean rank is better by as much.
    """

    row: MethodKey
    mean: stats.Mean
    interval: stats.Interval | None
    rank: tuple[int, int] | None
    ranks: dict[DatasetKey, float]
    mean_rank: float
    won: list[DatasetKey]
    better_than: list[MethodKey]
    worse_than: list[MethodKey]


@dataclass(frozen=True)
class Standings:
    """What the datasets tell of all methods.

    Attributes:
        rows: by mean rank, the best first.
        critical_difference: of two mean ranks, by Nemenyi.
        drawn: whether there are intervals.
    """

    rows: list[Standing]
    critical_difference: float
    drawn: bool


def compare_over_datasets(table: Table, over: Average) -> Standings:
    """Compare the rows of a table on the datasets of its average, taken as a sample of datasets.

    Args:
        table: of at least two methods.
        over: its average, over at least ``stats.MIN_DATASETS`` datasets.
    """
    values = np.array(
        [[table.cells[row, column].correlations.srcc for column in over.over] for row in table.rows], float
    )
    test, inside = stats.nemenyi(values), draws_inside(table, over.over)
    drawn = stats.bootstrap_over_datasets(inside) if inside else None
    ranks = stats.rank_intervals(drawn) if drawn else [None] * len(table.rows)
    found = []
    for place, row in enumerate(table.rows):
        found.append(
            Standing(
                row,
                over.srcc[row],
                drawn.intervals[place] if drawn else None,
                ranks[place],
                dict(zip(over.over, test.ranks[place].tolist(), strict=True)),
                float(test.means[place]),
                list(compress(over.over, test.ranks[place] == test.ranks.min(axis=0))),
                list(compress(table.rows, test.better[place])),
                list(compress(table.rows, test.better[:, place])),
            )
        )
    found.sort(key=lambda each: each.mean_rank)
    return Standings(found, test.critical_difference, drawn is not None)
