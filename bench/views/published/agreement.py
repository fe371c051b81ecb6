"""Published correlations beside stored ones: which results compare, and who agrees.

Works on arranged tables, so that rows and what is superseded are those of ``bench table``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from bench.tables.cell import Cell, MethodKey
from bench.tables.table import Table
from bench.views.published.numbers import NOT_TOLD, Figure, PublishedResult
from bench.views.published.protocols import Piece, datasets_of, pieces

TOLERANCE = 0.005
"""Difference of two correlations of the same images that decoders, libraries and arithmetic may make."""


class State(StrEnum):
    """Comparability of a published correlation with one of ours."""

    SAME = "same protocol"
    NOT_TOLD = "protocol not told in full"
    DIFFERS = "another protocol"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class PublishedPair:
    """One number of theirs beside ours.

    Attributes:
        theirs: None where it is not published.
        ours: unrounded, None where there is none that it could be compared with.
        difference: ours minus theirs.
        deviates: whether the difference exceeds TOLERANCE and the rounding of theirs; None where nobody can tell.
        reason: why there is no difference, or no telling; empty where there is.
    """

    theirs: Figure | None = None
    ours: float | None = None
    difference: float | None = None
    deviates: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class PublishedComparison:
    """A published row beside one result of ours.

    Attributes:
        published: the row.
        srcc: the SRCCs.
        plcc: the PLCCs after the publisher's mapping.
        cell: ours; None where it was not run.
        label: of our method.
        protocol: both protocols, piece by piece; empty where it was not run.
    """

    published: PublishedResult
    srcc: PublishedPair
    plcc: PublishedPair
    cell: Cell | None = None
    label: str = ""
    protocol: tuple[Piece, ...] = ()

    @property
    def differing(self) -> list[Piece]:
        """Pieces of the protocol that differ."""
        return [piece for piece in self.protocol if piece.known and not piece.agrees]

    @property
    def untold(self) -> list[Piece]:
        """Pieces of the protocol that one side does not state."""
        return [piece for piece in self.protocol if not piece.known]

    @property
    def state(self) -> State:
        """Comparability of the two."""
        if self.cell is None:
            return State.NOT_RUN
        return State.DIFFERS if self.differing else State.NOT_TOLD if self.untold else State.SAME


def select(
    rows: Iterable[PublishedResult], tables: Sequence[Table], by_method: bool, datasets: AbstractSet[str]
) -> list[PublishedResult]:
    """Keep the rows that a table's choice of methods and datasets asks for.

    Args:
        rows: any.
        tables: the chosen results.
        by_method: whether methods were chosen; then those of the tables are.
        datasets: chosen ids; empty for all.
    """
    methods = {name for table in tables for cell in table.cells.values() for name in _names(cell)}
    return [
        row
        for row in rows
        if (not by_method or methods & _our_names(row)) and (not datasets or datasets & {*datasets_of(row)})
    ]


def compare_published(rows: Iterable[PublishedResult], tables: Sequence[Table]) -> list[PublishedComparison]:
    """Put each published row beside our results of that method on that dataset, one for each row of our tables.

    Of one method's results under several protocols the one nearest to the publisher's is taken.
    """
    cells = [(table.labels[row], cell) for table in tables for (row, _), cell in table.cells.items()]
    return [comparison for row in rows for comparison in _of_row(row, cells)]


def _of_row(published: PublishedResult, cells: Iterable[tuple[str, Cell]]) -> list[PublishedComparison]:
    datasets, methods = datasets_of(published), _our_names(published)
    nearest: dict[MethodKey, PublishedComparison] = {}
    for label, cell in cells:
        if cell.dataset.id in datasets and methods & _names(cell):
            found = _beside(published, label, cell)
            nearest[cell.row] = min(nearest.get(cell.row, found), found, key=_distance)
    return list(nearest.values()) or [_not_run(published)]


def _our_names(published: PublishedResult) -> set[str]:
    return {published.method, f"pyiqa:{published.method}"}


def _names(cell: Cell) -> set[str]:
    return {cell.method.label, cell.entry.identity.method["name"]}


def _distance(comparison: PublishedComparison) -> tuple[int, int, bool]:
    other = comparison.cell is None or comparison.cell.dataset.id != comparison.published.dataset
    return len(comparison.differing), len(comparison.untold), other


def _not_run(published: PublishedResult) -> PublishedComparison:
    srcc, plcc = (PublishedPair(theirs, reason=State.NOT_RUN) for theirs in (published.srcc, published.plcc))
    return PublishedComparison(published, srcc, plcc)


def _beside(published: PublishedResult, label: str, cell: Cell) -> PublishedComparison:
    protocol = tuple(pieces(published, cell))
    same = all(piece.agrees for piece in protocol)
    return PublishedComparison(
        published, _srcc(published, cell, same), _plcc(published, cell, same), cell, label, protocol
    )


def _srcc(published: PublishedResult, cell: Cell, same: bool) -> PublishedPair:
    return _pair(published.srcc, cell.correlations.srcc, cell.correlations.reasons.get("srcc", ""), same)


def _plcc(published: PublishedResult, cell: Cell, same: bool) -> PublishedPair:
    theirs, name = published.plcc, f"plcc_{published.plcc_mapping}"
    if theirs is not None and published.plcc_mapping == NOT_TOLD:
        return PublishedPair(theirs, reason="not compared: the publisher does not tell the mapping")
    return _pair(theirs, getattr(cell.correlations, name, None), cell.correlations.reasons.get(name, ""), same)


def _pair(theirs: Figure | None, ours: float | None, reason: str, same: bool) -> PublishedPair:
    if theirs is None or ours is None:
        return PublishedPair(theirs, ours, reason="not published" if theirs is None else reason)
    difference = ours - theirs.value
    if not same:
        return PublishedPair(theirs, ours, difference, reason="not the same protocol")
    # Both are of the same images, so that chance has no part in the difference, and our interval does not judge it.
    room = TOLERANCE + theirs.rounding + 1e-12  # their decimals are not exact in binary
    return PublishedPair(theirs, ours, difference, abs(difference) > room)
