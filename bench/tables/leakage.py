"""Leakage: whether a method was trained or tuned on a dataset's photographs or MOS.

All that is known is what was declared: what methods were trained on, and where cards say that photographs
come from. No relation therefore means that nothing declared speaks against a number. A training set without a
card, and a dataset whose content nobody declared, are known by their ids alone.

Every shared content counts, and what is a content is decided on the card: a pool in which two sets drawn from
it must be expected to overlap, or were known to. Kodak's 24 photographs are one, TID's references, and Pixabay, of
whose few million photographs KADIS-700k took 140,000, so that of the 6,073 of UHD-IQA some hundreds would be among
them by chance (n₁ n₂ / N). Flickr is none: of its billions two sets of ten thousand share less than one photograph,
and counting it would take nearly all authentic sets from every method that learned from one of them. A card names
the part of it that a set was drawn from, or in ``shares`` the sets that it has photographs in common with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.api import UNKNOWN


class Relation(StrEnum):
    """Relations of a method to a dataset, the worst first."""

    TRAINED_ON = "trained-on"
    SAME_SOURCE = "same-source"
    SELECTED_ON = "selected-on"
    UNKNOWN = "unknown"
    CLEAN = "clean"


@dataclass(frozen=True)
class PhotoSet:
    """Origin of a set of photographs.

    Attributes:
        id: of its card, or as it was declared where it has none.
        title: for people.
        content: pools that its photographs come from, as on its card.
        shares: ids of sets known to have photographs in common with it; one of the two need say so.
    """

    id: str
    title: str
    content: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leak:
    """One relation of a method to a dataset, and why in words."""

    relation: Relation
    why: str

    @property
    def excludes(self) -> bool:
        """Whether it excludes a result from best, averages and ranks."""
        return self.relation in (Relation.TRAINED_ON, Relation.SAME_SOURCE)


def find_leaks(
    dataset: PhotoSet,
    trained_on: Sequence[str],
    selected_on: Iterable[str],
    find: Callable[[str], PhotoSet],
    twins: Collection[str] = (),
    seen: bool = False,
) -> tuple[Leak, ...]:
    """Return what was found, the worst first; nothing for a clean number.

    Where a method was trained on the dataset, or on its source, no more is said of its training.

    Args:
        dataset: what was scored.
        trained_on: names of training sets, UNKNOWN among them where not all is known.
        selected_on: names of sets with some of whose MOS it was tuned.
        find: gives the set that a name or an alias stands for.
        twins: names of sets that have the same labels or the same image files.
        seen: whether the labels or image files are known to be among those that it was trained on.
    """
    training = [find(name) for name in trained_on if name != UNKNOWN]
    same = {find(name).id for name in twins}
    found = _trained_on(dataset, training, same, seen) or _same_source(dataset, training)
    unknown = [] if found else _unknown(trained_on)
    return (*found, *_selected_on(dataset, map(find, selected_on), same), *unknown)


def _trained_on(dataset: PhotoSet, training: Sequence[PhotoSet], same: Collection[str], seen: bool) -> list[Leak]:
    if any(each.id == dataset.id for each in training):
        return [Leak(Relation.TRAINED_ON, "trained on this dataset")]
    names = [each.title for each in training if each.id in same]
    if not names and not seen:
        return []
    under = f" under the name {' and '.join(names)}" if names else " under another name"
    return [Leak(Relation.TRAINED_ON, f"trained on this dataset{under}")]


def _same_source(dataset: PhotoSet, training: Iterable[PhotoSet]) -> list[Leak]:
    found = []
    for each in training:
        pools = [name for name in each.content if name in dataset.content]
        if _share(dataset, each):
            found.append(f"on {each.title}, which has photographs in common with this dataset")
        elif pools:
            found.append(f"on {each.title}, whose photographs come from {' and '.join(pools)} too")
    return [Leak(Relation.SAME_SOURCE, f"trained {'; and '.join(found)}")] if found else []


def _selected_on(dataset: PhotoSet, chosen: Iterable[PhotoSet], same: Collection[str]) -> list[Leak]:
    whose = []
    for each in chosen:
        if each.id == dataset.id:
            whose.append("this dataset's MOS")
        elif each.id in same:
            whose.append(f"this dataset's MOS under the name {each.title}")
        elif _share(dataset, each):
            whose.append(f"the MOS of {each.title}, which has photographs in common with this dataset")
    why = f"tuned with some of {' and '.join(whose)}"
    return [Leak(Relation.SELECTED_ON, why)] if whose else []


def _unknown(trained_on: Sequence[str]) -> list[Leak]:
    if UNKNOWN not in trained_on:
        return []
    part = "part of " if len(trained_on) > 1 else ""
    return [Leak(Relation.UNKNOWN, f"{part}what it was trained on is unknown")]


def _share(one: PhotoSet, other: PhotoSet) -> bool:
    return one.id in other.shares or other.id in one.shares
