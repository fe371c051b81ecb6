"""Whose folder it is: choosing among several below a root by the names of datasets."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from bench.datasets.card import Card
from bench.datasets.catalogue import shipped_cards
from bench.errors import UsageError, listed
from bench.io.files import Folder
from bench.io.visible import quoted


class _Named(IntEnum):
    AFTER_IT = 0
    AFTER_A_VARIANT = 1
    AFTER_NOTHING_KNOWN = 2
    AFTER_ANOTHER = 3


def choose_folder(card: Card, root: Folder, folders: Iterable[str]) -> str | None:
    """Return the folder of a dataset among those below a root that could be it; None where there are none.

    A folder named after the dataset wins, then one named after a variant of it, then one whose name says nothing.
    What lies in a folder of the same kind is a part of that.

    Args:
        card: the dataset's.
        root: where they lie, for messages.
        folders: relative to the root, which is empty itself.

    Raises:
        UsageError: several are equally likely, or all are named after other datasets.
    """
    kinds = {folder: _named(card, folder) for folder in folders}
    if not kinds:
        return None
    likeliest = min(kinds.values())
    chosen = [folder for folder, kind in kinds.items() if kind == likeliest]
    if likeliest == _Named.AFTER_ANOTHER:
        raise UsageError(
            f"the root of dataset {quoted(card.id)}, {root}, has only folders named after other datasets: "
            f"{listed(sorted(chosen))}; give the folder of {card.id} itself: --root {card.id}=FOLDER"
        )
    outermost = sorted(one for one in chosen if not any(one != other and _is_below(one, other) for other in chosen))
    if len(outermost) > 1:
        raise UsageError(
            f"the root of dataset {quoted(card.id)}, {root}, has several folders that could be it: "
            f"{listed(outermost)}; "
            f"give the right one: --root {card.id}=FOLDER"
        )
    return outermost[0]


def _is_below(folder: str, other: str) -> bool:
    return not other or folder.startswith(f"{other}/")


def _named(card: Card, folder: str) -> _Named:
    for part in reversed(folder.lower().split("/")):
        if part in _names(card):
            return _Named.AFTER_IT
        others = [other for other in shipped_cards().values() if part in _names(other)]
        if others:
            kin = any(other.family == card.family for other in others)
            return _Named.AFTER_A_VARIANT if kin else _Named.AFTER_ANOTHER
    return _Named.AFTER_NOTHING_KNOWN


def _names(card: Card) -> set[str]:
    return {name.lower() for name in (card.id, *card.aliases)}
