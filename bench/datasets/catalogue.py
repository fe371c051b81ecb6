"""Catalogue of datasets: reading and finding cards, TOML files that describe a dataset without its images.

The shipped cards lie in ``datasets/`` of the repository, inside the package once installed.
"""

from __future__ import annotations

import codecs
import functools
import re
import tomllib
from pathlib import Path
from typing import Any

from bench.api import Resize
from bench.datasets.card import RESERVED, Card, LabelSpec
from bench.defaults import KINDS
from bench.errors import UsageError
from bench.io.hashing import hash_bytes
from bench.io.shipped import shipped_folder
from bench.io.toml import fill
from bench.io.visible import quoted


def cards_folder() -> Path:
    """Return the folder of the shipped cards.

    Raises:
        UsageError: this installation has none.
    """
    return shipped_folder("_cards", "datasets", "*.toml")


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
                raise UsageError(
                    f"the cards {taken[name]} and {path} both have the id or alias {quoted(name)}: rename one"
                )
            taken[name] = path
        cards[card.id] = card
    return dict(sorted(cards.items()))


def find_card(name: str) -> Card | None:
    """Return the shipped card with that id or alias, or None."""
    cards = shipped_cards()
    return cards.get(name) or next((card for card in cards.values() if name in card.aliases), None)


def card_of(text: str) -> Card | None:
    """Return the card with that id or alias, or that of a file whose path is given; None where it is neither.

    Raises:
        UsageError: the file cannot be read, or is no valid card.
    """
    return find_card(text) or (read_card(Path(text)) if text.endswith(".toml") else None)


def other_sizes(card: Card) -> list[Card]:
    """Return the cards that vary this one in the size of its images."""
    return [each for each in shipped_cards().values() if each.extends == card.id and each.size != card.size]


def canonical(name: str) -> str:
    """Return the id of the card with that id or alias; the name itself where there is none."""
    card = find_card(name)
    return card.id if card else name


def names() -> list[str]:
    """Return every id and alias of the shipped cards."""
    return [name for card in shipped_cards().values() for name in (card.id, *card.aliases)]


def read_card(path: Path) -> Card:
    """Read one card.

    Raises:
        UsageError: the file is missing, is not TOML, or is not a valid card; the message has the key.
    """
    data, table = _read_toml(path)
    if "extends" in table:
        if not _is_id(table["extends"]):
            raise UsageError(f"the card {path}: extends is {quoted(table['extends'])}: write the id of another card")
        base = path.with_name(f"{table['extends']}.toml")
        base_data, base_table = _read_toml(base)
        if "extends" in base_table:
            raise UsageError(
                f"the card {path} extends {quoted(base.stem)}, which extends another card: extend that one"
            )
        data, table = base_data + data, {**base_table, "aliases": [], "checked": "", **table}
    if isinstance(table.get("labels"), dict):
        table["labels"] = [table["labels"]]
    card: Card = fill(Card, {**table, "hash": hash_bytes(data)}, f"the card {path}")
    _check(path, card)
    return card


def _read_toml(path: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        data = path.read_bytes()
        return data, tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"the card {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the card {path} is not valid TOML: {error}") from None


def _is_id(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}", text) is not None


def _check(path: Path, card: Card) -> None:
    if card.kind not in KINDS:
        raise UsageError(f"the card {path}: kind is {quoted(card.kind)}: use one of {', '.join(KINDS)}")
    wrong = next((name for name in (card.id, *card.aliases) if not _is_id(name)), None)
    if wrong is not None:
        raise UsageError(
            f"the card {path}: {quoted(wrong)} is not a valid id or alias: use letters, digits and . _ + -"
        )
    if not re.fullmatch(r"(10\.[0-9]{4,9}/[!-~]+)?", card.doi) or not re.fullmatch(
        r"([0-9]{4}\.[0-9]{4,5})?", card.arxiv
    ):
        raise UsageError(
            f"the card {path}: doi is {quoted(card.doi)} and arxiv {quoted(card.arxiv)}: write ids such as "
            "10.1109/TIP.2020.2967829 and 1910.06180, without an address"
        )
    if not card.layouts or not all(card.layouts) or len(card.size) not in (0, 2) or card.n < 0 or card.n_raters < 0:
        raise UsageError(
            f"the card {path}: layouts must name folders, size must be [width, height], n and n_raters at least 0"
        )
    try:
        pattern = re.compile(card.pattern)
        for text in (text for labels in card.labels for text in (labels.select, *labels.only.values())):
            re.compile(text)
        Resize.parse(card.resize)
    except (re.error, ValueError) as error:
        raise UsageError(f"the card {path}: pattern, select, only or resize is not valid: {error}") from None
    for labels in card.labels:
        _check_labels(path, labels)
    _check_attributes(path, card, set(pattern.groupindex))


def _check_labels(path: Path, labels: LabelSpec) -> None:
    if not labels.range[0] < labels.range[1]:
        raise UsageError(f"the card {path}: range is {list(labels.range)}: write [low, high]")
    if any(size < 1 for size in (*labels.blocks.values(), *labels.grid.values())):
        raise UsageError(f"the card {path}: blocks and grid are numbers of rows: write numbers above 0")
    if any(len(width) > 2 for width in re.findall(r"\{[^{}:]+:(\d+)\}", labels.image)):
        raise UsageError(f"the card {path}: image is {quoted(labels.image)}: a width has at most two digits")
    for spec in (labels, *labels.beside):
        if spec.header < 1 or spec.decimal not in (".", ",") or not _is_delimiter(spec.delimiter):
            raise UsageError(
                f"the card {path}: header must be at least 1, decimal . or , and delimiter one character or space"
            )
        try:
            codecs.lookup(spec.encoding)
        except LookupError:
            raise UsageError(
                f"the card {path}: encoding is {quoted(spec.encoding)}: use one that Python knows, such as utf-8"
            ) from None


def _is_delimiter(text: str) -> bool:
    return text in ("", "space") or (len(text) == 1 and text not in '"\r\n')


def _check_attributes(path: Path, card: Card, from_names: set[str]) -> None:
    for labels in card.labels or [None]:
        known = from_names | set(labels.attributes if labels else ())
        for name in known & set(RESERVED):
            raise UsageError(f"the card {path}: the attribute name {quoted(name)} is reserved: choose another")
        for name in filter(None, (*card.within, card.cluster, card.group, *card.groups)):
            if name not in known:
                raise UsageError(
                    f"the card {path}: within, cluster, group or groups has {quoted(name)}, which [labels] attributes "
                    "lacks"
                )
