"""Dataset cards: TOML files that say everything about a dataset but its images.

The shipped cards lie in ``datasets/`` of the repository, inside the package once installed.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import UsageError, did_you_mean
from bench.samples import Direction

RESERVED = ("image", "score", "error", "mos")
"""Columns of a stored result, which no attribute may be named after."""

KINDS = ("authentic", "synthetic", "restoration", "ai-generated", "synthetic-order")


@dataclass(frozen=True)
class LabelSpec:
    """Where a dataset's labels are and what its columns mean.

    Attributes:
        files: names accepted for the label file, relative to the root; the first that exists is read.
        image: column of image names.
        score: column of the label.
        direction: whether a ``higher`` or a ``lower`` label is better.
        range: (low, high) that labels can take.
        attributes: attribute name (split, reference, type, level, std, n_raters, ...) → column.
    """

    files: tuple[str, ...]
    direction: Direction
    range: tuple[float, float]
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
    """Read every shipped card: id → card, sorted by id.

    Raises:
        UsageError: a card breaks the form, or two have one id.
    """
    cards: dict[str, Card] = {}
    taken: dict[str, Path] = {}
    for path in sorted(cards_folder().glob("*.toml")):
        card = read_card(path)
        for name in (card.id, *card.aliases):
            if name in taken:
                raise UsageError(f"the cards {taken[name]} and {path} both have the id or alias {name!r}: rename one")
            taken[name] = path
        cards[card.id] = card
    return dict(sorted(cards.items()))


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
    about = {**table, "labels": labels, "hash": hashlib.sha256(data).hexdigest()[:12]}
    card: Card = _fill(Card, about, str(path))
    _check_choice(path, "kind", card.kind, KINDS)
    _check_choice(path, "direction", labels.direction, ("higher", "lower"))
    if len(labels.range) != 2 or not labels.range[0] < labels.range[1]:
        raise UsageError(f"the card {path}: range is {list(labels.range)}, write [low, high]")
    _check_attributes(path, card)
    return card


def _check_choice(path: Path, key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"the card {path}: {key} is {value!r}, use one of {', '.join(choices)}")


def _check_attributes(path: Path, card: Card) -> None:
    known = card.labels.attributes
    for name in known:
        if name in RESERVED:
            raise UsageError(f"the card {path}: the attribute {name!r} is taken, choose another name for it")
    for name in (*card.within, *([card.cluster] if card.cluster else [])):
        if name not in known:
            raise UsageError(f"the card {path}: within or cluster names {name!r}, which [labels] attributes lacks")


def _fill(cls: type[Any], table: Any, where: str) -> Any:
    if not isinstance(table, dict):
        raise UsageError(f"the card {where}: got {table!r}, a TOML table is expected")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    hints = typing.get_type_hints(cls)
    for key in table:
        if key not in fields:
            raise UsageError(f"the card {where} has the unknown key {key!r}.{did_you_mean(key, fields)}")
    for name, spec in fields.items():
        required = spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
        if required and name not in table:
            raise UsageError(f"the card {where} lacks the key {name!r}")
    return cls(**{key: _typed(hints[key], value, f"{where}: {key}") for key, value in table.items()})


def _typed(hint: Any, value: Any, where: str) -> Any:
    """Check a TOML value against a field's type; lists become tuples."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        good = isinstance(value, list) and all(isinstance(item, _accepted(arguments[0])) for item in value)
    elif origin is dict:
        good = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    else:
        good = isinstance(value, str if origin is typing.Literal else _accepted(hint))
    if not good:
        raise UsageError(f"the card {where} is {value!r}, which is not of the type {hint}")
    return tuple(value) if origin is tuple else value


def _accepted(hint: Any) -> Any:
    return (int, float) if hint is float else hint
