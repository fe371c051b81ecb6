"""Dataset: labelled images, and the meaning of their labels."""

from __future__ import annotations

import functools
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bench.datasets.protocol import LIMIT
from bench.errors import UsageError, listed
from bench.io.files import File
from bench.io.hashing import short_hash
from bench.io.images import format_of
from bench.io.visible import quoted

Direction = Literal["higher", "lower"]
Attribute = str | float

NO_LABELS = "none"
"""What names no column where a column of labels is asked for."""

MOST_OFF = 0.01
"""Share by which the number of images of a copy may differ from the complete set's without being asked for."""


@dataclass(frozen=True)
class Sample:
    """One image of a dataset.

    Attributes:
        name: its name in the label file, with ``/``; unique in the dataset.
        file: where the image should be; None where only scores were imported.
        mos: its label in the dataset's own units and direction; None without one.
        attributes: what else the labels say: split, reference, type, level, std, n_raters, ...
    """

    name: str
    file: File | None
    mos: float | None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Samples and what must be known to correlate with their labels.

    Attributes:
        id: short name, a column of the table.
        title: full name for captions.
        kind: authentic, synthetic, restoration, ai-generated, synthetic-order or unknown.
        direction: whether a higher or a lower label means better quality.
        samples: at least one.
        within: attributes inside whose groups alone labels compare; empty: over the whole set.
        aggregate: how correlations inside those groups are put together, ``mean`` or ``median``.
        cluster: attribute whose values are resampled for intervals; empty: images are.
        group: attribute that random splits keep together; empty: every image may go its own way.
        content: pools that the photographs come from (for leakage), e.g. ``pixabay``; empty if nobody says.
        shares: ids of datasets with photographs in common.
        resize: resize policy that its protocol asks for, where nobody asks for another.
        card_hash: hash of the card's text; empty for a bare folder or CSV.
        origin: where it was read from, for people.
        notes: sentences that go with every number of it.
        complete_n: number of images of the complete set, by its card; 0 where nobody says.
        here_n: how many of them have a label and a file in this copy, before any split.
        label_column: column that a CSV's labels were read from, where the user named it.
        image_column: column that a CSV's image names were read from, where the user named it.
        columns: what was read from which columns of a CSV, for people.
        suffix: what names of image files end in, in place of what the labels say, where the user said so.
        size: (width, height) that every image has, by the dataset's card; empty where they differ or nobody says.
        across_splits: number of images whose very file is in another official split too, as far as was looked.
        unread: columns with numbers of a CSV in which no column is known to hold labels.
        unnamed: number of images in the folder that its CSV does not name, and which are no part of the dataset.
    """

    id: str
    title: str
    kind: str
    direction: Direction
    samples: tuple[Sample, ...]
    within: tuple[str, ...] = ()
    aggregate: Literal["mean", "median"] = "mean"
    cluster: str = ""
    group: str = ""
    content: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    resize: str = "none"
    card_hash: str = ""
    origin: str = ""
    notes: tuple[str, ...] = ()
    complete_n: int = 0
    here_n: int = 0
    label_column: str = ""
    image_column: str = ""
    columns: str = ""
    suffix: str = ""
    unread: tuple[str, ...] = ()
    size: tuple[int, ...] = ()
    across_splits: int = 0
    unnamed: int = 0

    def __post_init__(self) -> None:
        for name, known in (("direction", ("higher", "lower")), ("aggregate", ("mean", "median"))):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"dataset {quoted(self.id)}: {name} is {quoted(getattr(self, name))}, use {' or '.join(known)}"
                )

    @functools.cached_property
    def labels_hash(self) -> str:
        """Identify names, labels and how they are meant: 12 hex digits."""
        rows = sorted((s.name, s.mos) for s in self.samples)
        return short_hash([self.direction, list(self.within), rows])

    @functools.cached_property
    def attributes_hash(self) -> str:
        """Identify what else the labels say, which no score depends on: 12 hex digits."""
        return short_hash(sorted((s.name, sorted(s.attributes.items()) if s.attributes else []) for s in self.samples))

    @property
    def saved_as(self) -> str:
        """Format that images were saved in again, ``PNG``; empty where they are in that of their names."""
        now = format_of(f"x{self.suffix}")
        return now if {format_of(sample.name) for sample in self.samples} - {"", now} and now else ""

    @property
    def contents(self) -> list[str]:
        """The content of each sample, which random splits keep together: its group's value, else its name."""
        return [str(s.attributes.get(self.group, s.name)) for s in self.samples]

    def check_count(self, n: int | None = None) -> None:
        """Refuse a copy that has over 1 % more or fewer images than the complete set.

        Args:
            n: how many there are; None: ``here_n``.

        Raises:
            UsageError: the copy is no such set; says both numbers.
        """
        n = self.here_n if n is None else n
        if abs(n - self.complete_n) > MOST_OFF * self.complete_n > 0:
            raise UsageError(
                f"dataset {quoted(self.id)} at {self.origin}: {told_count(n, self.complete_n)}, over {MOST_OFF:.0%} "
                "off: "
                "give the folder of the right set, get the whole of it, or add --allow-incomplete to use it as it is"
            )

    def check_labels(self) -> None:
        """Raise UsageError where a CSV has columns of numbers and none that is known to hold its labels."""
        if self.unread:
            raise UsageError(
                f"dataset {quoted(self.id)} at {self.origin} has no column score or mos, but numbers in "
                f"{listed(self.unread)}: say which column holds the labels with --score-column NAME (add "
                "--lower-is-better if lower labels mean better quality), or score without labels with --score-column "
                f"{NO_LABELS}"
            )

    def split(self, name: str) -> Dataset:
        """Keep the samples of one split.

        Args:
            name: ``all``; one of its official splits; ``random:SEED``, a fifth of its content, or
                ``random:SEED:training``, the rest; ``ATTRIBUTE=VALUE``; or ``limit:N``, N images for a trial, or
                ``limit:N:SPLIT``, N of another split.

        Raises:
            UsageError: the dataset has no such split.
        """
        if name == "all":
            return self
        if name.startswith(LIMIT):
            return self._limited(name)
        if name.startswith("random:"):
            kept = self._at_random(name)
        else:
            attribute, equals, value = name.partition("=")
            if not equals:
                attribute, value = "split", name
            kept = tuple(s for s in self.samples if str(s.attributes.get(attribute)) == value)
            if not kept:
                raise UsageError(
                    f"--split got {quoted(name)} for dataset {quoted(self.id)}: {self._splits_told(attribute)}"
                )
        return replace(self, samples=kept)

    def split_meant(self, name: str) -> str:
        """Return the split that a name means here: a trial of as many images as a split has, or more, is that split.

        Raises:
            UsageError: the dataset has no such split.
        """
        if not name.startswith(LIMIT):
            return name
        most, whole = _trial(name)
        return name if most < len(self.split(whole).samples) else whole

    def _limited(self, name: str) -> Dataset:
        most, whole = _trial(name)
        part = self.split(whole)
        kept = part._whole_groups() if part.within else spread_out([s.name for s in part.samples], part.contents)
        chosen = sorted(kept[:most])
        return replace(part, samples=tuple(part.samples[place] for place in chosen))

    def _whole_groups(self) -> list[int]:
        """Return the places of the samples, group after group inside which labels compare."""
        groups = [str([s.attributes.get(name) for name in self.within]) for s in self.samples]
        return sorted(range(len(groups)), key=lambda place: (_hashed(groups[place]), _hashed(self.samples[place].name)))

    def _splits_told(self, attribute: str) -> str:
        known = list(count_values(self.samples, attribute))
        if attribute != "split":
            return f"its {attribute} is {listed(known)}" if known else f"its labels say nothing of {quoted(attribute)}"
        if known:
            return f"its splits are {', '.join(known)} and all"
        return "its labels say no official splits: leave the option out, give random:SEED, or see `bench doctor`"

    def _at_random(self, name: str) -> tuple[Sample, ...]:
        match = re.fullmatch(r"random:(\d{1,9})(:training)?", name)
        if match is None:
            raise UsageError(
                f"--split got {quoted(name)}: write random:SEED for the test part, or random:SEED:training for the rest"
            )
        test = random_groups(self.contents, int(match[1]))
        pairs = zip(self.samples, self.contents, strict=True)
        return tuple(s for s, content in pairs if (content in test) != bool(match[2]))


def told_count(here: int, complete: int) -> str:
    """Say that a copy has another number of images than the complete set; empty where it has not.

    Example:
        >>> told_count(1700, 3000)
        'this copy has 1,700 images, the complete set 3,000'
    """
    return f"this copy has {here:,} images, the complete set {complete:,}" if complete and here != complete else ""


def references_repeat(samples: Iterable[Sample]) -> bool:
    """Return whether several images have one reference; one image a reference makes the same draws as images alone."""
    told = [s.attributes["reference"] for s in samples if "reference" in s.attributes]
    return len(set(told)) < len(told)


def count_values(samples: Iterable[Sample], attribute: str) -> dict[str, int]:
    """Return how many samples have each value of an attribute, sorted by value; those without it are not counted."""
    found = Counter(str(s.attributes[attribute]) for s in samples if attribute in s.attributes)
    return dict(sorted(found.items()))


def spread_out(names: Sequence[str], contents: Sequence[str]) -> list[int]:
    """Order images so that the first ones are of as many contents as possible, the same order on every machine.

    Args:
        names: of the images.
        contents: of each, such as its reference.

    Returns:
        The place of each image, in the new order: one of every content, then a second of every content, and so on.
    """
    turns: Counter[str] = Counter()
    ranked = []
    for place in sorted(range(len(names)), key=lambda place: _hashed(names[place])):
        ranked.append((turns[contents[place]], _hashed(contents[place]), place))
        turns[contents[place]] += 1
    return [place for *_, place in sorted(ranked)]


def _hashed(text: str) -> bytes:
    # Not by a generator: numpy does not promise its streams from one version to the next.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def random_groups(groups: Sequence[str], seed: int, share: float = 0.2) -> set[str]:
    """Choose groups at random that hold a share of the samples, the same ones on every machine.

    Args:
        groups: the group of each sample.
        seed: another seed, another choice.
        share: of the samples, reached or just passed by whole groups.

    Returns:
        The groups of the test part; never all of them, where there are two or more.
    """
    sizes = Counter(groups)
    order = sorted(sizes, key=lambda group: _hashed(f"{seed}/{group}"))
    chosen: set[str] = set()
    held = 0
    for group in order[: max(1, len(order) - 1)]:
        if held >= share * len(groups):
            break
        chosen.add(group)
        held += sizes[group]
    return chosen


def _trial(name: str) -> tuple[int, str]:
    """Return the number of images of a trial, and the split that they are of."""
    match = re.fullmatch(rf"{LIMIT}([1-9]\d{{0,8}})(?::(.+))?", name)
    if match is None:
        raise UsageError(f"--split got {name!r}: write limit:N, or limit:N:SPLIT for N images of a split")
    return int(match[1]), match[2] or "all"
