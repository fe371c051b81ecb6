"""Pairs of images on which two methods differ most, for each dataset, with their pictures."""

from __future__ import annotations

from collections.abc import Sequence

from bench.gmad.contest import Contest, Direction, JudgedPair, run_contest_on
from bench.gmad.pairs import EQUAL
from bench.report.data import PairedImage, PicturePair
from bench.report.pictures import BUDGET, EmbeddedPictures, PictureFiles, take_pictures
from bench.tables.cell import Cell, MethodKey
from bench.tables.columns import DatasetKey
from bench.tables.table import Table, find_pair

QUALITY_LEVELS = 4
"""Quality levels of each method; a pair at each, both ways round."""
_SIDES = {
    "attacker": "people side with the latter",
    "defender": "people call them equal",
    "neither": "people say the opposite",
}


def find_pairs(tables: Sequence[Table], files: PictureFiles, names: tuple[str, str] | None) -> list[PicturePair]:
    """Return pairs on every dataset that has the two methods.

    Args:
        tables: from ``arrange``.
        files: where photographs lie.
        names: of the methods; None for the two with the highest SRCC of the eligible ones on each dataset.
    """
    rows = [
        (table, column, rows)
        for table in tables
        for column in table.columns
        if (rows := _two(table, column, names)) is not None
    ]
    return [pair for place in rows for pair in _on(*place, files, BUDGET // len(rows))]


def _two(table: Table, column: DatasetKey, names: tuple[str, str] | None) -> tuple[MethodKey, MethodKey] | None:
    if names is None:
        known = {row: table.cells[row, column].correlations.srcc for row in table.eligible[column]}
        best = sorted((row for row, srcc in known.items() if srcc is not None), key=lambda row: -(known[row] or 0))
        chosen = (best[0], best[1]) if len(best) > 1 else None
    else:
        chosen = find_pair(table, names)
    cells = [table.cells.get((row, column)) for row in chosen or ()]
    # Without an SRCC of both there is nothing to part; with fewer images than this a level has no two.
    told = [cell for cell in cells if cell and cell.correlations.srcc is not None]
    enough = len(told) == 2 and min(cell.correlations.n for cell in told) >= 4 * QUALITY_LEVELS
    return chosen if enough else None


def _on(
    table: Table, column: DatasetKey, rows: tuple[MethodKey, MethodKey], files: PictureFiles, room: int
) -> list[PicturePair]:
    cells: tuple[Cell, Cell] = (table.cells[rows[0], column], table.cells[rows[1], column])
    labels = (table.labels[rows[0]], table.labels[rows[1]])
    contest = run_contest_on(column, cells, labels, levels=QUALITY_LEVELS, pairs=1, equal=EQUAL)
    both = [(way, judged) for way in contest.directions for judged in way.judged]
    names = [contest.images[place] for _, each in both for place in (each.pair.worse, each.pair.better)]
    cell = max(cells, key=lambda each: each.entry.source == "run")
    pictures = take_pictures(cell, list(dict.fromkeys(names)), files, room)
    return [_pair(contest, way, judged, pictures) for way, judged in both]


def _pair(contest: Contest, way: Direction, judged: JudgedPair, pictures: EmbeddedPictures) -> PicturePair:
    said = _SIDES[judged.verdict] if judged.verdict else judged.reason
    title = (
        f"{contest.column.dataset}: {way.defender} calls them equal (level {judged.pair.level} of {QUALITY_LEVELS}), "
        f"{way.attacker} tells them apart; {said}"
    )
    worse, better = (_shown(contest, way, place, pictures) for place in (judged.pair.worse, judged.pair.better))
    return PicturePair(title, worse, better, contest.column.dataset)


def _shown(contest: Contest, way: Direction, place: int, pictures: EmbeddedPictures) -> PairedImage:
    name = contest.images[place]
    said = ", ".join(f"{label} {contest.scores[label][place]:.4g}" for label in (way.defender, way.attacker))
    return PairedImage(name, said, pictures.of.get(name))
