"""Import of per-image scores that somebody else computed."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.api import UNKNOWN, Family, FloatArray, MethodInfo
from bench.datasets.card import Card
from bench.datasets.dataset import Attribute, Dataset, Direction, Sample, references_repeat
from bench.datasets.protocol import Protocol
from bench.datasets.readers import text as table
from bench.datasets.readers.index import Index, fold
from bench.datasets.readers.rows import attributes_of_name
from bench.errors import UsageError
from bench.io.hashing import NamedValues
from bench.io.visible import quoted
from bench.runs.columns import LabelColumns
from bench.runs.entry import Entry, Identity
from bench.runs.journal import Outcome
from bench.runs.runner import describe_entry
from bench.runs.store import Store
from bench.runs.versions import versions

VERSION = "imported"
_NAMES = ("image", "mos")
_MOST_BYTES = 256 * 2**20  # a million images by ten methods
_TEXTS, _NUMBERS = ("reference", "type", "level"), ("std", "n_raters")
_ATTRIBUTES = (*_TEXTS, *_NUMBERS)
_MISSING = ("", "nan", "na")  # other people's tables write a missing score as nan; it is a recorded failure
_NO_SCORE = "no score in the imported file"


@dataclass(frozen=True)
class ScoreFile:
    """A CSV of scores.

    Attributes:
        path: where it was read.
        images: names, unique.
        scores: column → one score an image, NaN where the file has none.
        mos: labels, when the file has them; they win over a card's.
        attributes: what else the file says of each image.
    """

    path: Path
    images: tuple[str, ...]
    scores: Mapping[str, FloatArray]
    mos: FloatArray | None
    attributes: tuple[Mapping[str, Attribute], ...] = ()

    @property
    def labels(self) -> dict[str, float]:
        """The labels that are there, by image."""
        return {image: mos for image, mos in zip(self.images, self.given_mos, strict=False) if mos is not None}

    @property
    def given_mos(self) -> list[float | None]:
        """The labels, None where an image has none; empty where the file has none at all."""
        return [] if self.mos is None else [None if math.isnan(mos) else mos for mos in self.mos.tolist()]


def read_scores(path: Path, column: str | None) -> ScoreFile:
    """Read ``image``, an optional ``mos`` and one column of scores, or with None every other column.

    Columns ``reference``, ``type``, ``level``, ``std`` and ``n_raters`` describe the images, and are no scores.

    Raises:
        UsageError: the file is no such CSV, or names an image twice.
    """
    read = _named_as_here(table.read_csv(path, _MOST_BYTES))
    header = read.header
    columns = [column] if column is not None else [name for name in header if name not in (*_NAMES, *_ATTRIBUTES)]
    table.need_columns(path, header, ["image", *columns])
    if not columns or not read.rows:
        raise UsageError(f"{path} has no scores: it needs the columns image and score, and one row for each image")
    texts = read.texts("image")
    images = table.image_names(path, texts)
    table.check_unique(path, images)
    numbers = {name: read.numbers(name, texts, _MISSING) for name in (*columns, *_NAMES[1:]) if name in header}
    told = [name for name in header if name in _ATTRIBUTES and name not in columns]
    attributes = tuple(_attributes(path, row, told) for row in read.rows) if told else ({},) * len(images)
    return ScoreFile(path, tuple(images), {name: numbers[name] for name in columns}, numbers.get("mos"), attributes)


def _attributes(path: Path, row: table.TextRow, names: Iterable[str]) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for name in names:
        if text := row[name].strip():
            value = table.number(path, name, row["image"], text) if name in _NUMBERS else text
            found |= {} if value is None else {name: value}
    return found


def _named_as_here(read: table.TextTable) -> table.TextTable:
    """Return a table whose columns of names and labels, in any case, are called as here."""
    header = read.header
    known = {
        name: name.lower() for name in header if name.lower() in (*_NAMES, *_ATTRIBUTES) and name.lower() not in header
    }
    return read if len(set(known.values())) < len(known) else read.renamed(known)


def aligned(file: ScoreFile, dataset: Dataset) -> ScoreFile:
    """Name the file's images as the dataset does, where only the folder was left out or the case is another.

    Raises:
        UsageError: two of the file's names then are one image.
    """
    there = {sample.name for sample in dataset.samples}
    if not there or there.issuperset(file.images):
        return file
    known = Index(sample.name for sample in dataset.samples)
    by_base: dict[str, list[str]] = {}
    for name in known.names:
        by_base.setdefault(fold(name.rpartition("/")[2]), []).append(name)

    def full(image: str) -> str:
        found = by_base.get(fold(image), [])
        return known.find(image) or (found[0] if len(found) == 1 else image)

    images = [full(image) for image in file.images]
    table.check_unique(file.path, images)
    return replace(file, images=tuple(images))


def unknown_images(file: ScoreFile, dataset: Dataset) -> list[str]:
    """Return the file's images that the dataset does not have."""
    known = {sample.name for sample in dataset.samples}
    return [image for image in file.images if image not in known]


def with_own_labels(file: ScoreFile, base: Dataset, direction: Direction | None, card: Card | None = None) -> Dataset:
    """Return a dataset with the file's ``mos`` for labels; ``base`` gives everything else.

    Args:
        file: scores with labels, aligned with the base.
        base: the dataset as it is here, or what is known of it, without samples.
        direction: of the file's ``mos``; None takes the base's.
        card: of the dataset; its pattern tells the attributes of images that the base does not have.
    """
    named = {sample.name: sample.attributes for sample in base.samples}
    samples = tuple(
        Sample(image, None, mos, {**_known_of(image, named, card), **told} if named or card else told)
        for image, mos, told in zip(file.images, file.given_mos, file.attributes, strict=True)
    )
    base = replace(base, cluster=base.cluster or ("reference" if references_repeat(samples) else ""))
    # What labels compare inside, or intervals resample, must be known of every image.
    needed = {*base.within, *([base.cluster] if base.cluster else [])}
    known = all(needed <= set(sample.attributes) for sample in samples)
    lost = f"the {' and '.join(sorted(needed))} of each image is not known here: there is no interval and no test"
    return replace(
        base,
        samples=samples,
        notes=base.notes if known else (*base.notes, lost),
        direction=direction or base.direction,
        origin=str(file.path),
    )


def _known_of(image: str, named: Mapping[str, Mapping[str, Attribute]], card: Card | None) -> Mapping[str, Attribute]:
    return named[image] if image in named else (card and said_by_name(card, image)) or {}


def said_by_name(card: Card, image: str) -> Mapping[str, Attribute] | None:
    """Return what an image's name, with or without its folders, says by a card's pattern; None: it has no such form."""
    said = attributes_of_name(card, image)
    return attributes_of_name(card, image.rpartition("/")[2]) if said is None else said


def without_shared_folders(file: ScoreFile, card: Card) -> ScoreFile:
    """Take the folders away that all of a file's images are in, so that every copy of a set has the same names."""
    shared = posixpath.commonpath([posixpath.dirname(image) for image in file.images])
    bare = tuple(posixpath.relpath(image, shared) if shared else image for image in file.images)
    # Where the card's names begin with a folder, it is a part of them.
    return file if any(attributes_of_name(card, image) is None for image in bare) else replace(file, images=bare)


def import_scores(
    file: ScoreFile, infos: Mapping[str, MethodInfo], dataset: Dataset, store: Store, protocol: Protocol
) -> list[Entry]:
    """Store columns of scores as the results of methods on a dataset.

    Images of the dataset that the file lacks, or has no score for, are recorded as failed.

    Args:
        file: scores, aligned with the dataset.
        infos: the method of each column.
        dataset: what was scored.
        store: where the results go.
        protocol: under which it was scored.

    Raises:
        UsageError: the file names images that the dataset does not have.
    """
    unknown = unknown_images(file, dataset)
    if unknown:
        shown = ", ".join(map(repr, unknown[:5]))
        raise UsageError(
            f"{file.path} names {len(unknown)} image(s) that dataset {quoted(dataset.id)} does not have: {shown}"
        )
    named, labels = NamedValues(file.images), LabelColumns(dataset.samples)
    place_of = {name: place for place, name in enumerate(file.images)}
    places = np.array([place_of.get(sample.name, -1) for sample in dataset.samples], dtype=np.intp)
    entries = []
    for column, info in infos.items():
        scores = np.asarray(file.scores[column], dtype=np.float64)
        method = {
            "name": info.name,
            "version": VERSION,
            "options": {},
            "fingerprint": "",
            "scores": named.hash(scores),
            "higher_is_better": info.higher_is_better,
        }
        about = {"id": dataset.id, "labels": dataset.labels_hash, "images": ""}
        described = {**describe_entry(info.name, info, dataset), "source": "import", "source_file": str(file.path)}
        with store.write(Identity(method, about, protocol), described) as writer:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            session = {"started": now, "finished": now, "versions": versions()}
            found = np.append(scores, np.nan)[places]
            data = labels.to_parquet(found, [_NO_SCORE if lacking else None for lacking in np.isnan(found).tolist()])
            failed = [Outcome(labels.images[place], None, _NO_SCORE) for place in np.flatnonzero(np.isnan(found))]
            writer.write_whole(data, found.size, failed, session)
            entries.append(Entry(writer.folder, writer.meta))
    return entries


def imported_method(
    name: str, family: Family, opinion_aware: bool | None, higher_is_better: bool, trained_on: tuple[str, ...]
) -> MethodInfo:
    """Describe a method of which only scores are known; without ``trained_on`` its training is unknown.

    Raises:
        UsageError: the name is not one that a method can have.
    """
    try:
        return MethodInfo(
            name=name,
            version=VERSION,
            family=family,
            opinion_aware=opinion_aware,
            trained_on=trained_on or (UNKNOWN,),
            score_range=(-math.inf, math.inf),
            higher_is_better=higher_is_better,
            licence="not declared",
            citation="not declared",
            summary="imported scores",
        )
    except ValueError as error:
        raise UsageError(f"--method, or with --wide a column's name: {error}") from None
