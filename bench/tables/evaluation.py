"""Evaluation: correlations and intervals of stored scores."""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bench import stats
from bench.defaults import CONFIDENCE, DRAWS
from bench.tables.cell import NO_LABELS, VALUES, Bootstrapped, Cell, MethodKey, leaks_of, method_key
from bench.tables.columns import by_column, shown
from bench.tables.shared_images import SharedImages, share_images

if TYPE_CHECKING:
    import pandas as pd

    from bench.runs.entry import Entry


LARGE = 100_000
"""Images from which methods are correlated at once, each in a thread."""


class _Names(NamedTuple):
    """Names of images as an entry has them, the order that sorts them, and the sorted names."""

    given: pd.Series[str]
    order: np.ndarray[Any, np.dtype[np.intp]]
    images: tuple[str, ...]
    every: frozenset[str]


@dataclass
class _Rows:
    """One entry's usable rows, as arrays."""

    entry: Entry
    images: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    scores: np.ndarray[Any, np.dtype[np.float64]] = field(default_factory=lambda: np.empty(0))
    labels: np.ndarray[Any, np.dtype[np.float64]] = field(default_factory=lambda: np.empty(0))
    groups: list[str] | None = None
    clusters: list[str] | None = None
    scored: int = 0
    failed: int = 0
    unlabelled: int = 0
    reason: str = ""
    no_draws: str = ""
    shared: SharedImages[MethodKey] | None = None

    def only(self, images: frozenset[str]) -> _Rows:
        """Keep the rows of some images."""
        if images is self.names or images.issuperset(self.names):
            return self
        kept = np.array([image in images for image in self.images], dtype=bool)

        def of(values: list[str] | None) -> list[str] | None:
            return None if values is None else [value for value, keep in zip(values, kept, strict=True) if keep]

        return replace(
            self,
            images=tuple(of(list(self.images)) or ()),
            names=images & self.names,
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
        common: use only the images that every method shown scored, however few they are and whatever it was trained
            on. Else a column compares on what :func:`share_images` leaves.
        values: numbers that are wanted; others may be left out of the correlations, which saves time.

    Returns:
        One cell an entry, in order.
    """
    entries = list(entries)
    known: list[_Names] = []
    rows = {entry.key: _read(entry, known) for entry in entries}
    for column in by_column(entries).values():
        rows |= _on_shared_images([rows[entry.key] for entry in shown(column).values()], common)
    correlations = _correlate_all(rows, values)
    drawn: dict[str, Bootstrapped] = {}
    for alike in _on_same_images(list(rows.values())) if draws else []:
        drawn |= _draw(alike, draws, interval)
    return [_cell(rows[entry.key], correlations[entry.key], drawn.get(entry.key)) for entry in entries]


def _on_shared_images(column: Sequence[_Rows], common: bool) -> dict[str, _Rows]:
    """Keep of each row the images that its column compares on, by the entries' keys."""
    of = {method_key(row.entry): row for row in column}
    images = {key: row.names for key, row in of.items() if not row.reason}
    clean = [key for key in images if not _leaks(of[key].entry)]
    shared = share_images(images, [], least=0) if common else share_images(images, clean)
    kept = {row.entry.key: row if row.reason else row.only(shared.names) for row in column}
    return {key: replace(row, shared=shared) for key, row in kept.items()}


def _leaks(entry: Entry) -> bool:
    return any(leak.excludes for leak in leaks_of(entry, entry.method))


def _cell(rows: _Rows, correlations: stats.Correlations, drawn: Bootstrapped | None) -> Cell:
    return Cell(
        entry=rows.entry,
        correlations=correlations,
        scored=rows.scored,
        failed=rows.failed,
        unlabelled=rows.unlabelled,
        bootstrap=drawn,
        no_bootstrap=rows.reason or ("" if drawn else rows.no_draws or "not asked for"),
        images=rows.images,
        shared=rows.shared,
    )


def _read(entry: Entry, known: list[_Names]) -> _Rows:
    if not entry.complete:
        total = entry.dataset.n
        return _Rows(entry, reason=f"unfinished: {entry.outcomes_so_far()} of {total} images, run it again to go on")
    about = entry.dataset
    frame = entry.scores(("image", "score", "mos", *about.within, about.cluster))
    scored = frame["score"].notna()
    usable = frame[scored & frame["mos"].notna()]
    rows = _Rows(entry, scored=int(scored.sum()), failed=int((~scored).sum()))
    if frame["mos"].isna().all():
        rows.reason = NO_LABELS
        return rows
    if unknown := [name for name in about.within if not _known(usable, name)]:
        rows.reason = f"the {' and '.join(unknown)} of each image, inside which labels compare, is not known"
        return rows
    _fill(rows, usable, known)
    if about.cluster and rows.clusters is None:
        rows.no_draws = f"the {about.cluster} of each image is not known"
    rows.unlabelled = rows.scored - len(usable)
    return rows


def _known(frame: pd.DataFrame, attribute: str) -> bool:
    return attribute in frame and not frame[attribute].isna().any()


def _fill(rows: _Rows, usable: pd.DataFrame, known: list[_Names]) -> None:
    # Sorted, so that files of scores in different orders compare, image by image.
    names = _sort_names(usable["image"], known)
    rows.images, rows.names = names.images, names.every
    usable = usable.drop(columns="image").take(names.order)
    rows.scores, rows.labels = usable["score"].to_numpy(np.float64), usable["mos"].to_numpy(np.float64)
    about = rows.entry.dataset
    rows.groups = joined(usable, about.within)
    rows.clusters = joined(usable, [about.cluster]) if about.cluster and _known(usable, about.cluster) else None


def _sort_names(given: pd.Series[str], known: list[_Names]) -> _Names:
    """Sort names once for all methods that have them in the same order, so that these share them in memory."""
    given = given.reset_index(drop=True)
    for names in known:
        if names.given.equals(given):
            return names
    texts = given.tolist()
    order = np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.intp)
    images = tuple(texts[place] for place in order.tolist())
    known.append(_Names(given, order, images, frozenset(images)))
    return known[-1]


def correlate_part(entry: Entry, frame: pd.DataFrame) -> stats.Correlations:
    """Return the correlations of an entry on some of its images.

    Args:
        entry: gives the directions and what labels compare inside.
        frame: rows of ``entry.scores()`` that have a score and a label.
    """
    rows = _Rows(entry)
    _fill(rows, frame, [])
    return _correlate(rows)


def usable_rows(cell: Cell) -> pd.DataFrame:
    """Return the rows of ``entry.scores()`` behind a cell's correlations, sorted by image."""
    frame = cell.entry.scores()
    return frame[frame["image"].isin(cell.images)].sort_values("image", kind="stable")


def joined(frame: pd.DataFrame, columns: Sequence[str]) -> list[str] | None:
    """Return the values of some columns as one text a row; None without columns."""
    if not columns:
        return None
    return ["\x1f".join(values) for values in zip(*(frame[c].map(str) for c in columns), strict=True)]


def signs_of(entry: Entry) -> tuple[int, int]:
    """Return +1 where higher means better and -1 where lower does, of an entry's scores and of its labels."""
    return entry.sign, entry.dataset.sign


def _correlate(rows: _Rows, values: Collection[str] = VALUES) -> stats.Correlations:
    if rows.reason:
        return stats.Correlations(n=0, reasons=dict.fromkeys(VALUES, rows.reason))
    if rows.groups is not None:
        return stats.correlate_within(
            rows.scores, rows.labels, rows.groups, *signs_of(rows.entry), aggregate=rows.entry.dataset.aggregate
        )
    return stats.correlate(rows.scores, rows.labels, *signs_of(rows.entry), values=values)


def _correlate_all(rows: Mapping[str, _Rows], values: Collection[str]) -> dict[str, stats.Correlations]:
    # Threads share the images; fits and sorting of fewer cost less than the threads.
    large = max((row.scores.size for row in rows.values()), default=0) >= LARGE
    with ThreadPoolExecutor((os.cpu_count() or 1) if large else 1) as pool:
        found = pool.map(lambda row: _correlate(row, values), rows.values())
        return dict(zip(rows, found, strict=True))


def _on_same_images(rows: Sequence[_Rows]) -> list[list[_Rows]]:
    groups: dict[object, list[_Rows]] = {}
    for row in rows:
        if not row.reason and not row.no_draws:
            about = row.entry.dataset
            key = (
                about.id,
                about.direction,
                about.within,
                row.entry.dataset.aggregate,
                row.images,
                row.labels.tobytes(),
            )
            groups.setdefault(key, []).append(row)
    return list(groups.values())


def _draw(rows: Sequence[_Rows], draws: int, interval: stats.IntervalKind) -> dict[str, Bootstrapped]:
    first = rows[0]
    signs = [signs_of(row.entry)[0] for row in rows], signs_of(first.entry)[1]
    scores = np.stack([row.scores for row in rows])
    common: dict[str, Any] = {"clusters": first.clusters, "draws": draws, "level": CONFIDENCE}
    common |= {"interval": interval, "score_signs": signs[0], "label_sign": signs[1]}
    if first.groups is not None:
        drawn = stats.bootstrap_within(
            scores, first.labels, first.groups, aggregate=first.entry.dataset.aggregate, **common
        )
    else:
        drawn = stats.bootstrap_srcc(scores, first.labels, **common)
    return {row.entry.key: Bootstrapped(drawn, place, scores, first.labels, signs) for place, row in enumerate(rows)}


def cross_fit(cell: Cell) -> stats.CrossFit:
    """Return the PLCC after a 4-parameter mapping that is cross-fitted over five content-disjoint folds.

    Folds keep together what random splits do: a reference, a scene, a prompt; else each image stands for itself.
    """
    if cell.correlations.plcc_log4 is None:
        return stats.CrossFit(reason=cell.correlations.reasons["plcc_log4"])
    usable = usable_rows(cell)
    content = cell.dataset.group or cell.dataset.cluster or "image"
    if content not in usable:
        return stats.CrossFit(reason=f"the labels do not say the {content} that folds keep together")
    folds = _folds(tuple(joined(usable, [content]) or ()))
    if len(set(folds)) < 2:
        return stats.CrossFit(reason=f"all images have the same {content}: there is nothing else to fit on")
    return stats.cross_fit(usable["score"], usable["mos"], folds, *signs_of(cell.entry))


@functools.lru_cache(maxsize=8)
def _folds(contents: tuple[str, ...]) -> tuple[int, ...]:
    # The rows of a dataset share them, and hashing ten thousand names takes as long as the fits.
    return tuple(stats.content_folds(contents).tolist())
