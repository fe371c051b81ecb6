"""Comparison of two sets of images: near-duplicates and distinctive names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.datasets.dataset import Dataset
from bench.datasets.readers import text as table
from bench.datasets.readers.index import Index
from bench.datasets.readers.labels import read_labels
from bench.datasets.readers.local import SCORES_FILE
from bench.datasets.readers.rows import name_of
from bench.datasets.resolve import find_named, resolve
from bench.datasets.roots import Roots
from bench.errors import BenchError, UsageError
from bench.io.files import expand
from bench.io.progress import bar
from bench.overlap.hashing import HashedSet, hash_samples
from bench.overlap.names import Names, SharedNames, looks_like_name, shared_names
from bench.overlap.near import BLOCK, NearPairs, near_pairs

_MOST_PAIRS = 2_000_000


@dataclass(frozen=True)
class NameList:
    """A set of which only names are known.

    Attributes:
        id: its short name.
        names: each image with all the names it goes by.
        origin: where they were read from, for people.
    """

    id: str
    names: Names
    origin: str


@dataclass(frozen=True, eq=False)
class NearDuplicates:
    """Pairs of images that look alike.

    Attributes:
        a: the hashed images of one set.
        b: those of the other, or of the same.
        pairs: rows of ``a`` and ``b``, the nearest first.
        inside: ``a`` and ``b`` are the same set.
    """

    a: HashedSet
    b: HashedSet
    pairs: NearPairs
    inside: bool

    def counts(self) -> tuple[int, int]:
        """Return how many images of ``a`` and of ``b`` have a near-duplicate; inside a set the two agree."""
        if self.inside:
            inside = len(np.unique(np.concatenate([self.pairs.a, self.pairs.b])))
            return inside, inside
        return len(np.unique(self.pairs.a)), len(np.unique(self.pairs.b))

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """Yield name, name and distance in bits, the nearest first."""
        for a, b, distance in zip(*(column.tolist() for column in self.pairs), strict=True):
            yield self.a.names[a], self.b.names[b], distance


@dataclass(frozen=True, eq=False)
class Overlap:
    """Images and names that two sets share.

    Attributes:
        a: the one set.
        b: the other, or the same.
        names: what they share by name.
        near: what they share by looks; None where names alone were compared.
        threshold: largest distance of near-duplicates, in bits.
    """

    a: NameList
    b: NameList
    names: SharedNames
    near: NearDuplicates | None = None
    threshold: int | None = None

    def named(self) -> tuple[int, int]:
        """Return how many images of ``a`` and of ``b`` share a telling name."""
        a = {image for shared in self.names.telling for image in shared.a}
        b = {image for shared in self.names.telling for image in shared.b}
        return (len(a | b), len(a | b)) if self.a == self.b else (len(a), len(b))


def compare_sets(a: Dataset, b: Dataset, threshold: int) -> Overlap:
    """Find what two sets share by looks, at most ``threshold`` bits apart, and by name.

    Two equal sets are one, looked at inside.

    Raises:
        BenchError: no image of a set could be read, or the pairs are too many to list.
    """
    first = hash_dataset(a)
    near = compare_hashed(first, first if a == b else hash_dataset(b), threshold)
    return replace(compare_names(_names_of(a), _names_of(b)), near=near, threshold=threshold)


def compare_names(a: NameList, b: NameList) -> Overlap:
    """Find what two sets share by name; two equal sets are one, looked at inside."""
    return Overlap(a, b, shared_names(a.names, None if a == b else b.names))


def compare_hashed(first: HashedSet, second: HashedSet, threshold: int) -> NearDuplicates:
    """Find what two sets share by looks, at most ``threshold`` bits apart; one given twice is looked at inside.

    Raises:
        BenchError: the pairs are too many to list.
    """
    inside = first is second
    found, count = [], 0
    with bar(len(first.names), "comparing", delay=1.0) as shown:
        for pairs in near_pairs(first.hashes, second.hashes, threshold, inside=inside):
            shown.update(min(BLOCK, len(first.names) - shown.n))
            count += len(pairs.a)
            if count > _MOST_PAIRS:
                raise BenchError(f"more than {_MOST_PAIRS:,} pairs at {threshold} bits: use a smaller --threshold")
            found.append(pairs)
    joined = NearPairs(*(np.concatenate(column) for column in zip(*found, strict=True)))
    order = np.lexsort((joined.b, joined.a, joined.distance))
    return NearDuplicates(first, second, NearPairs(*(column[order] for column in joined)), inside)


def hash_dataset(dataset: Dataset) -> HashedSet:
    """Return the hashes of a dataset's images.

    Raises:
        BenchError: no image of it can be compared.
    """
    hashed = hash_samples(dataset.samples, f"hashing {dataset.id}")
    if not hashed.names:
        name, reason = hashed.failed[0]
        raise BenchError(f"no image of {dataset.id} could be compared; the first is {name}: {reason}")
    return hashed


def _names_of(dataset: Dataset) -> NameList:
    names = {
        sample.name: (
            sample.name,
            *(v for v in sample.attributes.values() if isinstance(v, str) and looks_like_name(v)),
        )
        for sample in dataset.samples
    }
    return NameList(dataset.id, names, dataset.origin)


def read_names(text: str, roots: Roots, parameter: str) -> NameList:
    """Read the names of the images that a user means by an id or a path, from the labels alone.

    Of a label file these are the card's (or ``image``) column and whatever else looks like the name of an
    image or a web address, wherever it stands. Without labels they are the names of files.

    Raises:
        UsageError: there is no such id or path, or no name in it.
    """
    path = expand(text, parameter)
    named = find_named(text, roots)
    if named is not None and named[0].labels:
        card, folder = named
        labels = read_labels(card, folder, Index(folder.files()))
        rows = ((name_of(labels.spec, row), row) for row in labels.rows)
        return _from_rows(card.id, labels.where, rows)
    if path.suffix.lower() in (".csv", ".tsv", ".txt") and table.is_file(path):
        return _from_csv(path.stem, path)
    if table.is_file(path / SCORES_FILE):
        return _from_csv(path.resolve().name, path / SCORES_FILE)
    return _names_of(resolve(text, roots, parameter))


def _from_csv(name: str, path: Path) -> NameList:
    rows = table.read_csv(path).rows
    return _from_rows(name, str(path), ((row.get("image", ""), row) for row in rows))


def _from_rows(name: str, where: str, rows: Iterable[tuple[str, table.TextRow]]) -> NameList:
    names: dict[str, tuple[str, ...]] = {}
    for image, row in rows:
        texts = [image] if image else []
        texts += [text for text in row.values() if looks_like_name(text) and text.isprintable()]
        if texts:
            image = table.image_name(where, texts[0])
            names[image] = (*names.get(image, ()), *texts)
    if not names:
        raise UsageError(f"{where}: there is no column 'image', and no value looks like the name of an image")
    return NameList(name, names, where)
