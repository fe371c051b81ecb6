"""Cells of a table: statistics of one method on one dataset, and possible leakage between them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from bench import stats
from bench.api import Family, FloatArray
from bench.datasets.catalogue import find_card
from bench.datasets.protocol import Protocol
from bench.defaults import CONFIDENCE
from bench.io.hashing import short_hash
from bench.tables.leakage import Leak, PhotoSet, find_leaks
from bench.tables.shared_images import SharedImages

if TYPE_CHECKING:
    from bench.runs.entry import DatasetRecord, Entry, MethodRecord

FEW = 30
"""Images below which a correlation is too uncertain to tell anything: at n = 100 its half-width is about 0.16."""
NO_LABELS = "the dataset has no labels"
"""Why there is no number where nobody rated an image."""
VALUES = stats.VALUES
"""The numbers of a cell, by their names in ``stats.Correlations``."""


class Statistic(NamedTuple):
    """Heading and meaning of a statistic in tables.

    Attributes:
        heading: of its column.
        meaning: what it is, for the caption.
        higher_is_better: its direction.
    """

    heading: str
    meaning: str
    higher_is_better: bool = True


STATISTICS = {
    "srcc": Statistic("SRCC", "SRCC"),
    "krcc": Statistic("KRCC", "KRCC (Kendall's tau-b)"),
    "plcc_raw": Statistic("PLCC (raw)", "PLCC without a mapping"),
    "plcc_log4": Statistic("PLCC", "PLCC after a 4-parameter logistic mapping"),
    "plcc_log5": Statistic("PLCC (log5)", "PLCC after a 5-parameter logistic mapping"),
    "rmse_log4": Statistic("RMSE", "RMSE after a 4-parameter logistic mapping, in units of the labels", False),
    "rmse_log5": Statistic("RMSE (log5)", "RMSE after a 5-parameter logistic mapping, in units of the labels", False),
}
"""The numbers that a table can show, by their names in ``stats.Correlations``."""
PAPER_VALUES = ("srcc", "plcc_log4")
"""Those that a table shows where nobody chooses."""


# Named in a row by themselves, or (the hash of imported scores) different for every dataset.
_OF_THE_ROW = ("name", "version", "fingerprint", "scores")


class MethodKey(NamedTuple):
    """Key of a row of a table: a method with its options.

    Attributes:
        label: name and options, for people.
        version: of the method.
        fingerprint: of its parameters or weights.
        settings: hash of what else identifies its scores: options in full, input policy, seed.
    """

    label: str
    version: str
    fingerprint: str
    settings: str


@dataclass(frozen=True, eq=False)
class Bootstrapped:
    """The draws of a bootstrap, which all methods on the same images share.

    Attributes:
        srcc: draws of all these methods.
        place: which of them is the cell's.
        scores: (methods, n) raw scores of all of them.
        labels: (n,) labels.
        signs: directions of the methods, +1 or -1, and of the labels.
    """

    srcc: stats.Bootstrap
    place: int
    scores: FloatArray
    labels: FloatArray
    signs: tuple[list[int], int]


@dataclass(frozen=True)
class Cell:
    """The numbers of one method on one dataset under one protocol.

    Attributes:
        entry: what they were computed from.
        correlations: see ``bench.stats``; all None with reasons where there are none.
        scored: images with a score.
        failed: images without.
        unlabelled: images with a score and no label, which no correlation uses.
        bootstrap: draws of the SRCC, shared with the other methods; None where there are none.
        no_bootstrap: why there are none; empty where there are.
        images: names of the images behind the correlations, sorted.
        shared: the images that the column of the cell compares on; None where the cell stands alone.
    """

    entry: Entry
    correlations: stats.Correlations
    scored: int = 0
    failed: int = 0
    unlabelled: int = 0
    bootstrap: Bootstrapped | None = None
    no_bootstrap: str = ""
    images: tuple[str, ...] = ()
    shared: SharedImages[MethodKey] | None = None

    @property
    def interval(self) -> stats.Interval:
        """The interval of the SRCC, or the reason why it has none."""
        if self.bootstrap is None:
            return stats.Interval(None, None, 0, CONFIDENCE, reason=self.no_bootstrap)
        return self.bootstrap.srcc.intervals[self.bootstrap.place]

    @property
    def too_few(self) -> bool:
        """Whether there are fewer than ``FEW`` images; inside series the number of images is not limited."""
        return 0 < self.correlations.n < FEW and not self.dataset.within

    @property
    def method(self) -> MethodRecord:
        """The method as recorded in the sidecar."""
        return self.entry.method

    @property
    def dataset(self) -> DatasetRecord:
        """The dataset as recorded in the sidecar."""
        return self.entry.dataset

    @property
    def protocol(self) -> Protocol:
        """The protocol of the scores."""
        return self.entry.protocol

    @property
    def family(self) -> Family:
        """The method's family."""
        return Family(self.method.family)

    @property
    def row(self) -> MethodKey:
        """Key of the cell's row."""
        return method_key(self.entry)

    @functools.cached_property
    def leaks(self) -> tuple[Leak, ...]:
        """Leaks between the method and the dataset, the worst first; empty if none is known."""
        return leaks_of(self.entry, self.method)

    @property
    def excluded(self) -> bool:
        """Whether a leak excludes the cell from best, averages and ranks."""
        return any(leak.excludes for leak in self.leaks)

    @property
    def compared(self) -> bool:
        """Whether the cell may be best: it has no leak, and its images are those that the column compares on."""
        return not self.excluded and (self.shared is None or self.row in self.shared.rows)


def shared_draws(cells: Sequence[Cell]) -> stats.Bootstrap | None:
    """Return the draws of some cells, in their order; None where they do not share them."""
    drawn = [cell.bootstrap for cell in cells]
    if not drawn or drawn[0] is None or any(each is None or each.srcc is not drawn[0].srcc for each in drawn):
        return None
    shared, places = drawn[0].srcc, [each.place for each in drawn if each]
    intervals = tuple(shared.intervals[place] for place in places)
    return stats.Bootstrap(intervals, shared.samples[places], shared.estimates[places], shared.units)


def method_key(entry: Entry) -> MethodKey:
    """Return what makes a row of a table."""
    method, identity = entry.method, entry.identity
    rest = {key: value for key, value in identity.method.items() if key not in _OF_THE_ROW}
    return MethodKey(method.label, method.version, identity.fingerprint, short_hash(rest))


def leaks_of(entry: Entry, method: MethodRecord) -> tuple[Leak, ...]:
    """Return what a method has to do with an entry's dataset, the worst first, both as their sidecars describe them."""
    dataset = entry.dataset
    carded = photo_set(dataset.id)
    # The sidecar may be older than what its card says now, and a folder named koniq10k is KonIQ.
    content = tuple(dict.fromkeys((*dataset.content, *carded.content)))
    shares = tuple(dict.fromkeys((*dataset.shares, *carded.shares)))
    scored = replace(carded, content=content, shares=shares)
    seen = not entry.content_hashes.isdisjoint(method.trained_on_hashes)
    return find_leaks(scored, method.trained_on, method.selected_on, _seen_photos, entry.twins, seen)


def photo_set(name: str) -> PhotoSet:
    """Return what is known of the origin of a set of photographs, by a card's id or alias."""
    card = find_card(name)
    if card is None:
        return PhotoSet(name, name)
    # A card that extends another describes the same photographs.
    return PhotoSet(card.id, card.title, card.content, (*card.shares, *([card.extends] if card.extends else [])))


def _seen_photos(name: str) -> PhotoSet:
    # What a method names and no card describes may be a pool itself: ava, yfcc100m.
    found = photo_set(name)
    return found if find_card(name) else replace(found, content=(name,))
