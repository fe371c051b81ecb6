"""From what a user writes after ``--dataset`` to a dataset: an id of a card, or a path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.adapters.card import read_with_card
from bench.adapters.local import read_local
from bench.adapters.table import is_file
from bench.cards import Card, find_card, read_card, shipped_cards
from bench.errors import MissingRequirementError, UsageError, did_you_mean
from bench.samples import Dataset

DATA_VARIABLE = "BENCH_DATA"


@dataclass(frozen=True)
class Roots:
    """Where the folders of datasets are.

    Attributes:
        explicit: id → folder, from ``--root ID=PATH``; wins.
        data: the folder in ``BENCH_DATA``, holding one folder a dataset, named by id or alias.
    """

    explicit: Mapping[str, Path]
    data: Path | None

    @classmethod
    def parse(cls, assignments: Iterable[str]) -> Roots:
        """Read ``ID=PATH`` texts and the environment.

        Raises:
            UsageError: a malformed text, an unknown id, or a folder that is not there.
        """
        explicit = {}
        for text in assignments:
            name, equals, path = text.partition("=")
            card = find_card(name)
            if not equals or not path:
                raise UsageError(f"--root got {text!r}: write ID=PATH, for example koniq=/data/koniq10k")
            if card is None:
                raise UsageError(f"--root got the unknown dataset {name!r}.{did_you_mean(name, _names())}")
            if not Path(path).is_dir():
                raise UsageError(f"--root {card.id} got {path!r}, which is no folder")
            explicit[card.id] = Path(path)
        data = os.environ.get(DATA_VARIABLE)
        return cls(explicit, Path(data) if data else None)

    def find(self, card: Card) -> Path | None:
        """Return the folder of a card's dataset, or None."""
        if card.id in self.explicit:
            return self.explicit[card.id]
        folders = [self.data / name for name in (card.id, *card.aliases)] if self.data else []
        return next((folder for folder in folders if folder.is_dir()), None)


def resolve(text: str, roots: Roots, parameter: str = "--dataset") -> Dataset:
    """Return the dataset that a user means by an id or a path. An id wins over a path: write ``./id``.

    Args:
        text: what the user wrote.
        roots: where the folders of datasets are.
        parameter: what the user wrote it after, for messages.

    Raises:
        UsageError: there is no such id or path, or it cannot be read; says what to do.
    """
    if not text:
        raise UsageError(f"{parameter} got an empty text: give an id or a path")
    card = find_card(text)
    if card is not None:
        return read_with_card(card, locate(card, roots))
    path = Path(text).expanduser()
    if path.suffix == ".toml" and is_file(path):
        card = read_card(path)
        return read_with_card(card, roots.find(card) or path.parent)
    try:
        exists = path.exists()
    except OSError:  # longer than a path can be
        exists = False
    if exists:
        return read_local(path)
    raise UsageError(
        f"{parameter} got {text!r}, which is neither a known id nor a path that exists."
        f"{did_you_mean(text, _names())} See `bench list datasets`."
    )


def locate(card: Card, roots: Roots) -> Path:
    """Return a card's folder, building it where the harness brings the images itself.

    Raises:
        MissingRequirementError: nobody said where the dataset is.
    """
    if card.id == "sample":
        from bench.sample_set import ensure

        return ensure()
    root = roots.find(card)
    if root is None:
        raise MissingRequirementError(
            f"dataset {card.id!r} ({card.title}) is not here: get it from {card.source}, then give "
            f"--root {card.id}=FOLDER, or put it into ${DATA_VARIABLE}/{card.id}."
        )
    return root


def _names() -> list[str]:
    return [name for card in shipped_cards().values() for name in (card.id, *card.aliases)]
