"""From stored scores to numbers: correlations and intervals of every entry, nothing rendered."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from bench import stats
from bench.api import Family, FloatArray
from bench.cards import find_card
from bench.leakage import Leak, PhotoSet, find_leaks
from bench.samples import Protocol, short_hash

if TYPE_CHECKING:
    import pandas as pd

    from bench.store import Entry

DRAWS = 2000
LEVEL = 0.95
FEW = 30
"""Images below which a correlation is too uncertain to tell anything: at n = 100 its half-width is about 0.16."""
VALUES = stats.VALUES
"""The numbers of a cell, by their names in ``stats.Correlations``."""
PAPER_VALUES = ("srcc", "plcc_log4")
"""Those that a table in paper style shows."""


# Named in a row by themselves, or (the hash of imported scores) different for every dataset.
_OF_THE_ROW = ("name", "version", "fingerprint", "scores")


class Row(NamedTuple):
    """What makes a row of a table: the same method with the same options everywhere.

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
class Drawn:
    """The draws of a bootstrap, which all methods on the same images share.

    Attributes:
        of: ``srcc`` and, where labels compare over the whole set, ``plcc_log4`` → draws of all these methods.
        place: which of them is the cell's.
        scores: (methods, n) raw scores of all of them.
        labels: (n,) labels.
        signs: directions of the methods, +1 or -1, and of the labels.
    """

    of: dict[str, stats.Bootstrap]
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
        drawn: the bootstrap's draws; None where nothing was drawn.
        not_drawn: why nothing was; empty where it was.
    """

    entry: Entry
    correlations: stats.Correlations
    scored: int = 0
    failed: int = 0
    unlabelled: int = 0
    drawn: Drawn | None = None
    not_drawn: str = ""

    def interval(self, value: str = "srcc") -> stats.Interval:
        """Return the interval of ``srcc`` or ``plcc_log4``, or the reason why it has none."""
        if self.drawn is None:
            return stats.Interval(None, None, 0, LEVEL, reason=self.not_drawn)
        if value not in self.drawn.of:
            return stats.Interval(None, None, 0, LEVEL, reason=self.correlations.reasons[value])
        return self.drawn.of[value].intervals[self.drawn.place]

    @property
    def method(self) -> dict[str, Any]:
        """What the sidecar says of the method."""
        return dict(self.entry.meta["method"])

    @property
    def dataset(self) -> dict[str, Any]:
        """What the sidecar says of the dataset."""
        return dict(self.entry.meta["dataset"])

    @property
    def protocol(self) -> Protocol:
        """The protocol of the scores."""
        return self.entry.protocol

    @property
    def family(self) -> Family:
        """The method's family."""
        return Family(self.method["family"])

    @property
    def row(self) -> Row:
        """What makes a row of a table."""
        return row_of(self.entry)

    @functools.cached_property
    def leaks(self) -> tuple[Leak, ...]:
        """What the method has to do with the dataset, the worst first; empty where nothing speaks against a number."""
        return leaks_of(self.method, self.dataset)

    @property
    def excluded(self) -> bool:
        """Whether a leak keeps the cell out of best, of averages and of ranks."""
        return any(leak.excludes for leak in self.leaks)


def row_of(entry: Entry) -> Row:
    """Return what makes a row of a table."""
    method, identity = entry.meta["method"], entry.meta["identity"]["method"]
    rest = {key: value for key, value in identity.items() if key not in _OF_THE_ROW}
    return Row(method["label"], method["version"], identity["fingerprint"], short_hash(rest))


def leaks_of(method: Mapping[str, Any], dataset: Mapping[str, Any]) -> tuple[Leak, ...]:
    """Return what a method has to do with a dataset, the worst first, both as their sidecars describe them."""
    carded = photo_set(dataset["id"])
    # The sidecar may be older than what its card says now, and a folder named koniq10k is KonIQ.
    content = tuple(dict.fromkeys((*dataset["content"], *carded.content)))
    shares = tuple(dict.fromkeys((*dataset.get("shares", ()), *carded.shares)))
    scored = replace(carded, content=content, shares=shares)
    return find_leaks(scored, method["trained_on"], method["selected_on"], _seen_photos)


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


@dataclass
class _Rows:
    """One entry's usable rows, as arrays."""

    entry: Entry
    images: tuple[str, ...] = ()
    scores: np.ndarray[Any, np.dtype[np.float64]] = field(default_factory=lambda: np.empty(0))
    labels: np.ndarray[Any, np.dtype[np.float64]] = field(default_factory=lambda: np.empty(0))
    groups: list[str] | None = None
    clusters: list[str] | None = None
    scored: int = 0
    failed: int = 0
    unlabelled: int = 0
    reason: str = ""

    @property
    def task(self) -> tuple[str, Protocol]:
        """What the scores are for: the labels and the protocol."""
        return self.entry.meta["identity"]["dataset"]["labels"], self.entry.protocol

    def only(self, images: set[str]) -> _Rows:
        """Keep the rows of some images."""
        kept = np.array([image in images for image in self.images], dtype=bool)

        def of(values: list[str] | None) -> list[str] | None:
            return None if values is None else [value for value, keep in zip(values, kept, strict=True) if keep]

        return replace(
            self,
            images=tuple(of(list(self.images)) or ()),
            scores=self.scores[kept],
            labels=self.labels[kept],
            groups=of(self.groups),
            clusters=of(self.clusters),
        )


def evaluate(
    entries: Iterable[Entry],
    draws: int = DRAWS,
    interval: stats.IntervalKind = "percentile",
    common: bool = False,
    values: Collection[str] = VALUES,
) -> list[Cell]:
    """Compute every entry's numbers; entries on the same images share the bootstrap's draws.

    Args:
        entries: any, complete or not.
        draws: bootstrap draws; 0 for no intervals.
        interval: kind of interval.
        common: use only the images that every entry on the same labels under the same protocol scored.
        values: numbers that are wanted; others may be left out of the correlations, which saves time.

    Returns:
        One cell an entry, in order.
    """
    rows = [_read(entry) for entry in entries]
    if common:
        rows = _on_common_images(rows)
    correlations = {row.entry.key: _correlate(row, values) for row in rows}
    drawn: dict[str, Drawn] = {}
    for alike in _on_same_images(rows) if draws else []:
        drawn |= _draw(alike, [correlations[row.entry.key] for row in alike], draws, interval)
    return [_cell(row, correlations[row.entry.key], drawn.get(row.entry.key)) for row in rows]


def _on_common_images(rows: Sequence[_Rows]) -> list[_Rows]:
    shared: dict[object, set[str]] = {}
    for row in rows:
        if not row.reason:
            shared[row.task] = shared.get(row.task, set(row.images)) & set(row.images)
    return [row if row.reason else row.only(shared[row.task]) for row in rows]


def _cell(rows: _Rows, correlations: stats.Correlations, drawn: Drawn | None) -> Cell:
    return Cell(
        entry=rows.entry,
        correlations=correlations,
        scored=rows.scored,
        failed=rows.failed,
        unlabelled=rows.unlabelled,
        drawn=drawn,
        not_drawn=rows.reason or ("" if drawn else "not asked for"),
    )


def _read(entry: Entry) -> _Rows:
    if not entry.complete:
        total = entry.meta["dataset"]["n"]
        return _Rows(entry, reason=f"unfinished: {entry.outcomes_so_far()} of {total} images, run it again to go on")
    frame = entry.scores()
    scored = frame["score"].notna()
    usable = frame[scored & frame["mos"].notna()]
    rows = _Rows(entry, scored=int(scored.sum()), failed=int((~scored).sum()))
    if frame["mos"].isna().all():
        rows.reason = "the dataset has no labels"
        return rows
    _fill(rows, usable)
    rows.unlabelled = rows.scored - len(usable)
    return rows


def _fill(rows: _Rows, usable: pd.DataFrame) -> None:
    rows.images = tuple(usable["image"].tolist())
    rows.scores, rows.labels = usable["score"].to_numpy(np.float64), usable["mos"].to_numpy(np.float64)
    about = rows.entry.meta["dataset"]
    rows.groups = joined(usable, about["within"])
    rows.clusters = joined(usable, [about["cluster"]]) if about["cluster"] in usable else None


def correlate_part(entry: Entry, frame: pd.DataFrame) -> stats.Correlations:
    """Return the correlations of an entry on some of its images.

    Args:
        entry: gives the directions and what labels compare inside.
        frame: rows of ``entry.scores()`` that have a score and a label.
    """
    rows = _Rows(entry)
    _fill(rows, frame)
    return _correlate(rows)


def usable_rows(entry: Entry) -> pd.DataFrame:
    """Return the rows of ``entry.scores()`` that have a score and a label."""
    frame = entry.scores()
    return frame[frame["score"].notna() & frame["mos"].notna()]


def joined(frame: pd.DataFrame, columns: Sequence[str]) -> list[str] | None:
    """Return the values of some columns as one text a row; None without columns."""
    if not columns:
        return None
    return ["\x1f".join(values) for values in zip(*(frame[c].astype(str) for c in columns), strict=True)]


def middle_of(entry: Entry) -> Literal["mean", "median"]:
    """Return what correlations inside groups are put together by; older sidecars do not say it."""
    return "median" if entry.meta["dataset"].get("middle") == "median" else "mean"


def signs_of(entry: Entry) -> tuple[int, int]:
    """Return +1 where higher means better and -1 where lower does, of an entry's scores and of its labels."""
    method, dataset = entry.meta["method"], entry.meta["dataset"]
    return (1 if method["higher_is_better"] else -1), (1 if dataset["direction"] == "higher" else -1)


def _correlate(rows: _Rows, values: Collection[str] = VALUES) -> stats.Correlations:
    if rows.reason:
        return stats.Correlations(n=0, reasons=dict.fromkeys(VALUES, rows.reason))
    if rows.groups is not None:
        return stats.correlate_within(
            rows.scores, rows.labels, rows.groups, *signs_of(rows.entry), middle=middle_of(rows.entry)
        )
    return stats.correlate(rows.scores, rows.labels, *signs_of(rows.entry), values=values)


def _on_same_images(rows: Sequence[_Rows]) -> list[list[_Rows]]:
    groups: dict[object, list[_Rows]] = {}
    for row in rows:
        if not row.reason:
            about = row.entry.meta["dataset"]
            key = (
                about["id"],
                about["direction"],
                tuple(about["within"]),
                middle_of(row.entry),
                row.images,
                row.labels.tobytes(),
            )
            groups.setdefault(key, []).append(row)
    return list(groups.values())


def _draw(
    rows: Sequence[_Rows], found: Sequence[stats.Correlations], draws: int, interval: stats.IntervalKind
) -> dict[str, Drawn]:
    first = rows[0]
    method_signs, label_sign = [signs_of(row.entry)[0] for row in rows], signs_of(first.entry)[1]
    scores = np.stack([row.scores for row in rows])
    common: dict[str, Any] = {"clusters": first.clusters, "draws": draws, "level": LEVEL, "interval": interval}
    signs: dict[str, Any] = {"score_signs": method_signs, "label_sign": label_sign}
    if first.groups is not None:
        inside = stats.bootstrap_within(
            scores, first.labels, first.groups, middle=middle_of(first.entry), **signs, **common
        )
        of = {"srcc": inside}
    else:
        of = {"srcc": stats.bootstrap_srcc(scores, first.labels, **signs, **common)}
        if any(each.mapping for each in found):
            mapped = np.stack([_mapped(row, each) for row, each in zip(rows, found, strict=True)])
            of["plcc_log4"] = stats.bootstrap_plcc(mapped, first.labels, **common)
    signed = (method_signs, label_sign)
    return {row.entry.key: Drawn(of, place, scores, first.labels, signed) for place, row in enumerate(rows)}


def _mapped(rows: _Rows, found: stats.Correlations) -> FloatArray:
    # Scores as the mapping has them, turned where it falls; without a mapping constant, which has no PLCC.
    if found.mapping is None:
        return np.zeros(rows.scores.size)
    return stats.mapped_sign(found.mapping, rows.scores) * found.mapping.predict(rows.scores)
