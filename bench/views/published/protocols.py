"""The protocol of a published correlation against that of a stored result, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.api import UNKNOWN
from bench.datasets.card import Card
from bench.datasets.catalogue import canonical, find_card, other_sizes
from bench.tables.cell import Cell
from bench.views.published.numbers import NOT_TOLD, PublishedResult


@dataclass(frozen=True)
class Piece:
    """One part of a protocol in words.

    Attributes:
        what: which part.
        theirs: as published; None where the publisher does not say.
        ours: as stored; None where nobody declared it.
    """

    what: str
    theirs: str | None
    ours: str | None

    @property
    def known(self) -> bool:
        """Whether both sides are stated."""
        return self.theirs is not None and self.ours is not None

    @property
    def agrees(self) -> bool:
        """Whether both sides are equal."""
        return self.known and self.theirs == self.ours

    def __str__(self) -> str:
        return f"{self.what}: theirs {self.theirs or 'not told'}, ours {self.ours or 'not declared'}"


def datasets_of(published: PublishedResult) -> tuple[str, ...]:
    """Return the ids that a paper may mean by a dataset: its card's, and those of its images at another size."""
    card = find_card(published.dataset)
    return (published.dataset, *(each.id for each in other_sizes(card))) if card else (published.dataset,)


def pieces(published: PublishedResult, cell: Cell) -> list[Piece]:
    """Lay both protocols side by side; that PLCC is mapped in several ways is no part of it."""
    own = find_card(cell.dataset.id)
    ours = cell.protocol
    told = [
        Piece("split", _their_split(published.split), ours.split),
        Piece("resolution", _their_resolution(published), _our_resolution(cell, own)),
        _training(published, cell),
        Piece("labels", "the dataset's", "the dataset's" if ours.mos == "dataset" else "MOS of the imported file"),
    ]
    whole = _whole(own, ours.split)
    if whole and cell.correlations.n:
        told.append(Piece("images", f"all {whole}", f"{'all ' * (cell.correlations.n == whole)}{cell.correlations.n}"))
    return told


def _their_split(text: str) -> str | None:
    return None if text == NOT_TOLD else text.removeprefix("official ")


def _their_resolution(published: PublishedResult) -> str | None:
    if published.resolution == NOT_TOLD:
        return None
    if published.resolution == "full":
        return _size(find_card(published.dataset))
    return published.resolution.replace("short side ", "short:")


def _our_resolution(cell: Cell, card: Card | None) -> str | None:
    protocol = cell.protocol
    if protocol.saved_as:
        return f"saved again as {protocol.saved_as}"
    if protocol.size:
        return protocol.size + (f", then {protocol.resize}" if protocol.resize != "none" else "")
    if protocol.resize != "none":
        return protocol.resize
    # An import with labels of its own says nothing of sizes, unless a policy was given; older runs measured none.
    unmeasured = cell.entry.source == "run" and cell.entry.sizes is None and card is not None and card.size
    return None if protocol.mos == "imported" or unmeasured else _size(card)


def _size(card: Card | None) -> str:
    """Return how large the images of a set are as distributed: one size, or each its own."""
    return f"{card.size[0]}x{card.size[1]}" if card and card.size else "full size"


def _whole(card: Card | None, split: str) -> int:
    """Return how many images the whole set, or the official split of it, has; 0 where no card counts them."""
    if card is None:
        return 0
    return card.n if split == "all" else card.splits.get(split, 0)


def _training(published: PublishedResult, cell: Cell) -> Piece:
    ours = _rated_sets(cell.method.opinion_aware, cell.method.trained_on)
    # Who leaves it out may mean none, which is believed of a method that sees no MOS.
    theirs = None if not published.trained_on and ours != () else tuple(sorted(published.trained_on))
    return Piece("training MOS", _named(theirs), _named(ours))


def _rated_sets(opinion_aware: bool | None, trained_on: Iterable[str]) -> tuple[str, ...] | None:
    """Return the sets whose MOS a method was trained on, as far as it declares them; None where it does not."""
    if opinion_aware is False:
        return ()
    cards = {name: find_card(name) for name in trained_on if name != UNKNOWN}
    rated = {canonical(name) for name, card in cards.items() if card is None or card.kind != "pristine"}
    return tuple(sorted(rated)) or None


def _named(sets: tuple[str, ...] | None) -> str | None:
    return None if sets is None else " ".join(sets) or "none"
