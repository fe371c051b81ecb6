"""What a dataset is once it is read: labelled images and how their labels are meant."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from bench.errors import UsageError

Direction = Literal["higher", "lower"]
Attribute = str | float


@dataclass(frozen=True)
class Sample:
    """One image of a dataset.

    Attributes:
        name: its name in the label file, with ``/``; unique in the dataset.
        path: where the file should be; None where only scores were imported.
        mos: its label in the dataset's own units and direction; None without one.
        attributes: what else the labels say: split, reference, type, level, std, n_raters, ...
    """

    name: str
    path: Path | None
    mos: float | None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """Samples and what must be known to correlate with their labels.

    Attributes:
        id: short name, a column of the table.
        title: full name for captions.
        kind: authentic, synthetic, restoration, ai-generated, synthetic-order or unknown.
        direction: whether a higher or a lower label means better quality.
        samples: at least one.
        within: attributes inside whose groups alone labels compare; empty: over the whole set.
        cluster: attribute whose values are resampled for intervals; empty: images are.
        content: where the photographs come from (for leakage), e.g. ``flickr``; empty if nobody says.
        card_hash: hash of the card's text; empty for a bare folder or CSV.
        origin: where it was read from, for people.
        notes: sentences that go with every number of it.
    """

    id: str
    title: str
    kind: str
    direction: Direction
    samples: tuple[Sample, ...]
    within: tuple[str, ...] = ()
    cluster: str = ""
    content: tuple[str, ...] = ()
    card_hash: str = ""
    origin: str = ""
    notes: tuple[str, ...] = ()

    @property
    def labels_hash(self) -> str:
        """Identify names, labels and how they are meant: 12 hex digits."""
        rows = sorted((s.name, s.mos) for s in self.samples)
        return short_hash([self.direction, list(self.within), rows])

    @property
    def attributes_hash(self) -> str:
        """Identify what else the labels say, which no score depends on: 12 hex digits."""
        return short_hash(sorted((s.name, sorted(s.attributes.items())) for s in self.samples))

    def split(self, name: str) -> Dataset:
        """Keep the samples of one split; ``all`` keeps everything.

        Raises:
            UsageError: the dataset has no such split.
        """
        if name == "all":
            return self
        kept = tuple(s for s in self.samples if s.attributes.get("split") == name)
        if not kept:
            known = sorted({str(s.attributes["split"]) for s in self.samples if "split" in s.attributes})
            there = f"its splits are {', '.join(known)} and all" if known else "it has no splits: leave the option out"
            raise UsageError(f"--split got {name!r} for dataset {self.id!r}: {there}")
        return replace(self, samples=kept)


@dataclass(frozen=True)
class Protocol:
    """What was done with a dataset to get a number; numbers of different protocols do not compare.

    Attributes:
        split: which part of the dataset.
        resize: resize policy applied to every image before any method's own (see ``Resize``).
        mos: ``dataset`` labels, or those of an ``imported`` file.
    """

    split: str = "all"
    resize: str = "none"
    mos: Literal["dataset", "imported"] = "dataset"

    def __str__(self) -> str:
        parts = ["all images" if self.split == "all" else f"split {self.split}"]
        if self.resize != "none":
            parts.append(f"resize {self.resize}")
        elif self.mos == "dataset":
            parts.append("full size")
        if self.mos == "imported":
            parts.append("MOS of the imported file")
        return ", ".join(parts)


def short_hash(value: object) -> str:
    """Return 12 hex digits of the SHA-256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
