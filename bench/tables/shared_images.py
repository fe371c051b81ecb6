"""The images that several methods compare on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row", bound=Hashable)

LEAST_SHARED = 0.95
"""Share of a column's images that all compared methods must have scored."""


@dataclass(frozen=True)
class SharedImages(Generic[Row]):
    """The images that a column compares on: those that all its compared methods scored.

    Attributes:
        names: of the images.
        rows: the methods that are compared.
        missing: for each of these that did not score them all, how many images were left out for its sake.
        left_out: images that some compared method scored, and another did not.
    """

    names: frozenset[str]
    rows: tuple[Row, ...]
    missing: Mapping[Row, int]
    left_out: int


def share_images(
    images: Mapping[Row, frozenset[str]], eligible: Sequence[Row], least: float = LEAST_SHARED
) -> SharedImages[Row]:
    """Find the images that a column compares on.

    A method that would cost the others more than a few images is not compared: of the eligible ones, the method whose
    absence leaves most images goes first, until at least ``least`` of the images of the fullest are left.

    Args:
        images: for each row the images that it has a score for, and that have a label.
        eligible: the rows that may be compared; empty: every row.
        least: share of the images of the fullest row, 0..1.

    Example:
        >>> every = frozenset(map(str, range(100)))
        >>> found = share_images({"a": every, "b": every - {"7"}, "c": frozenset(map(str, range(50)))}, "abc")
        >>> found.rows, len(found.names), found.missing, found.left_out
        (('a', 'b'), 99, {'b': 1}, 1)
    """
    rows = [row for row in eligible or images if images[row]]
    wanted = least * max((len(images[row]) for row in rows), default=0)
    common = _common(images, rows)
    while len(rows) > 1 and len(common) < wanted:
        rest = {row: [other for other in rows if other != row] for row in rows}
        dearest = max(rows, key=lambda row: (len(_common(images, rest[row])), -len(images[row])))
        rows, common = rest[dearest], _common(images, rest[dearest])
    every = frozenset().union(*_different(images, rows))
    missing = {row: len(every - images[row]) for row in rows if len(images[row]) < len(every)}
    return SharedImages(common, tuple(rows), missing, len(every) - len(common))


def _common(images: Mapping[Row, frozenset[str]], rows: Sequence[Row]) -> frozenset[str]:
    different = _different(images, rows)
    return different[0].intersection(*different[1:]) if len(different) > 1 else next(iter(different), frozenset())


def _different(images: Mapping[Row, frozenset[str]], rows: Sequence[Row]) -> list[frozenset[str]]:
    """Return the sets of some rows; one that several rows share once."""
    return list({id(images[row]): images[row] for row in rows}.values())
