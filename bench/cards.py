"""Dataset cards: TOML files that say everything about a dataset but its images.

The shipped cards lie in ``datasets/`` of the repository, inside the package once installed.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import UsageError, did_you_mean
from bench.samples import Direction

KINDS = ("authentic", "synthetic", "restoration", "ai-generated", "synthetic-order")


@dataclass(frozen=True)
class LabelSpec:
    """Where a dataset's labels are and what its columns mean.

    Attributes:
        files: names accepted for the label file, relative to the root; the first that exists is read.
        reader: name of the reader (``table``).
        image: column of image names.
        score: column of the label.
        direction: whether a ``higher`` or a ``lower`` label is better.
        range: (low, high) that labels can take.
        attributes: attribute name (split, reference, type, level, std, n_raters, ...) → column.
    """

    files: tuple[str, ...]
    direction: Direction
    range: tuple[float, float]
    reader: str = "table"
    image: str = "image"
    score: str = "score"
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """One dataset.

    Attributes:
        id: what ``--dataset`` takes.
        title: full name.
        kind: one of KINDS.
        n: how many labelled images the complete set has.
        licence: terms of the images.
        source: page to get it from.
        citation: paper, one line.
        content: where the photographs come from (for leakage), e.g. ``flickr``, ``pixabay``.
        labels: see LabelSpec.
        image_folders: folders to look for images in, relative to the root, the first match wins.
        aliases: other ids, also names of its folder below ``BENCH_DATA``.
        within: attributes inside whose groups alone labels compare.
        cluster: attribute that intervals resample (the reference image of synthetic sets).
        notes: sentences that go with every number.
        hash: 12 hex digits over the card's text.
    """

    id: str
    title: str
    kind: str
    n: int
    licence: str
    source: str
    citation: str
    labels: LabelSpec
    content: tuple[str, ...] = ()
    image_folders: tuple[str, ...] = (".",)
    aliases: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    cluster: str = ""
    notes: tuple[str, ...] = ()
    hash: str = ""


def cards_folder() -> Path:
    """Return the folder of the shipped cards.

    Raises:
        UsageError: this installation has none.
    """
    package = Path(__file__).parent
    candidates = [package / "_cards"]
    # Beside an installed `bench`, a folder named datasets is somebody else's package.
    if (package.parent / "pyproject.toml").is_file():
        candidates.append(package.parent / "datasets")
    for folder in candidates:
        if any(folder.glob("*.toml")):
            return folder
    raise UsageError(f"no dataset cards in {package / '_cards'}: the installation is incomplete, install it again")


@functools.cache
def shipped_cards() -> dict[str, Card]:
    """Read every shipped card: id → card, sorted by id."""
    cards = [read_card(path) for path in sorted(cards_folder().glob("*.toml"))]
    return {card.id: card for card in cards}


def find_card(name: str) -> Card | None:
    """Return the shipped card with that id or alias, or None."""
    cards = shipped_cards()
    return cards.get(name) or next((card for card in cards.values() if name in card.aliases), None)


def read_card(path: Path) -> Card:
    """Read one card.

    Raises:
        UsageError: the file is missing, is no TOML, or breaks the form of a card; names the key.
    """
    try:
        data = path.read_bytes()
        table = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"the card {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the card {path} is not valid TOML: {error}") from None
    labels = _fill(LabelSpec, table.pop("labels", {}), f"{path} [labels]")
    card: Card = _fill(Card, {**table, "labels": labels, "hash": hashlib.sha256(data).hexdigest()[:12]}, str(path))
    if card.kind not in KINDS:
        raise UsageError(f"the card {path}: kind is {card.kind!r}, use one of {', '.join(KINDS)}")
    if labels.direction not in ("higher", "lower"):
        raise UsageError(f"the card {path}: direction is {labels.direction!r}, use higher or lower")
    return card


def _fill(cls: type[Any], table: dict[str, Any], where: str) -> Any:
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for key in table:
        if key not in fields:
            raise UsageError(f"the card {where} has the unknown key {key!r}.{did_you_mean(key, fields)}")
    for name, spec in fields.items():
        required = spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
        if required and name not in table:
            raise UsageError(f"the card {where} lacks the key {name!r}")
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})
