"""One method against another on every dataset of a table that holds the two, on the images that both scored."""

from __future__ import annotations

from dataclasses import dataclass

from bench import stats
from bench.tables.cell import Cell, MethodKey
from bench.tables.significance import Comparison, compare_columns
from bench.tables.table import DatasetKey, Table


@dataclass(frozen=True)
class Versus:
    """Two rows on one dataset.

    Attributes:
        column: the dataset.
        cells: of the one and of the other; None where it was not run.
        comparison: of their SRCCs by a paired bootstrap, adjusted over all datasets; None without one.
        meng: Meng's test of the same; None where images are not independent, or labels compare only in groups.
        reason: why there is no comparison; empty where there is.
    """

    column: DatasetKey
    cells: tuple[Cell | None, Cell | None]
    comparison: Comparison | None
    meng: stats.MengTest | None
    reason: str

    @property
    def difference(self) -> stats.Difference | None:
        """SRCC of the one less that of the other; None without one."""
        return self.comparison.difference if self.comparison and not self.reason else None


def compare_rows(table: Table, a: MethodKey, b: MethodKey) -> list[Versus]:
    """Compare two rows of a table in each of its columns.

    Args:
        table: of these two rows, evaluated with draws on the images that both scored.
        a: the one.
        b: the other.
    """
    found = {each.place: each for each in compare_columns(table, rows=(a, b)).comparisons}
    return [_in_column(table, column, a, b, found.get(column)) for column in table.columns]


def _in_column(table: Table, column: DatasetKey, a: MethodKey, b: MethodKey, found: Comparison | None) -> Versus:
    cells = table.cells.get((a, column)), table.cells.get((b, column))
    reason = found.difference.reason if found else _why_not(table, cells, a, b)
    return Versus(column, cells, found, None if reason else _meng(cells), reason)


def _why_not(table: Table, cells: tuple[Cell | None, Cell | None], a: MethodKey, b: MethodKey) -> str:
    pairs = list(zip((a, b), cells, strict=True))
    if missing := [table.labels[row] for row, cell in pairs if cell is None]:
        return f"{' and '.join(missing)} not run"
    return next(cell.no_bootstrap for _, cell in pairs if cell and cell.no_bootstrap)


def _meng(cells: tuple[Cell | None, Cell | None]) -> stats.MengTest | None:
    first, second = cells
    if not (first and second and first.bootstrap and second.bootstrap):
        return None
    if first.dataset.cluster or first.dataset.within:
        return None
    pair = (first.bootstrap.place, second.bootstrap.place)
    (test,) = stats.meng_tests(first.bootstrap.scores, first.bootstrap.labels, *first.bootstrap.signs, pairs=[pair])
    return test
