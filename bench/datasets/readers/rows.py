"""Label rows: from rows of text to named labels, and the problems of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.datasets.card import Card, LabelSpec
from bench.datasets.dataset import Attribute
from bench.datasets.readers import text as table
from bench.datasets.readers.index import fold
from bench.datasets.readers.labels import LabelRows, cell, mean_vote
from bench.datasets.readers.problems import Problem
from bench.errors import UsageError
from bench.io.hashing import short_hash
from bench.io.patterns import search
from bench.io.visible import quoted

_NUMERIC = ("std", "n_raters")


@dataclass(frozen=True)
class LabelledName:
    """A row: an image's name, its label in the dataset's units, and what else is said of it."""

    name: str
    mos: float
    attributes: Mapping[str, Attribute]


def read_rows(card: Card, labels: LabelRows) -> tuple[list[LabelledName], list[Problem]]:
    """Turn a table's rows into names, labels and attributes; rows that cannot be used are problems."""
    faults: dict[str, list[str]] = {"unnamed": [], "unsafe": [], "score": [], "range": [], "pattern": [], "spread": []}
    read = []
    for number, row in enumerate(labels.rows, 1):
        try:
            name = table.image_name(labels.where, name_of(labels.spec, row))
        except UsageError:
            faults["unnamed"].append(f"row {number} ({name_of(labels.spec, row)!a})")
            continue
        if name in labels.spec.left_out:
            continue
        if not table.is_inside(name):
            faults["unsafe"].append(name)
            continue
        mos = _label(labels, row, name, faults)
        said = attributes_of_name(card, name)
        if said is None:
            faults["pattern"].append(name)
        elif mos is not None:
            read.append(LabelledName(name, mos, said | _attributes(card, labels, row, name, faults["spread"])))
    # Names that differ in case alone would find one file.
    twice = set(table.repeated(fold(row.name) for row in read))
    faults["duplicate"] = list({fold(row.name): row.name for row in read if fold(row.name) in twice}.values())
    return read, _problems(card, labels, faults)


def content_hash(labels: Iterable[tuple[str, float]]) -> str:
    """Return a hash of names and labels, whatever their order and the file that they came in.

    Example:
        >>> content_hash([("a.png", 1.0), ("b.png", 2.0)]) == content_hash([("b.png", 2.0), ("a.png", 1.0)])
        True
    """
    return short_hash(sorted((name, round(mos, 6)) for name, mos in labels))


def attributes_of_name(card: Card, name: str) -> dict[str, Attribute] | None:
    """Return what an image's name says by the card's pattern; None where it is not of that form."""
    if not card.pattern:
        return {}
    match = search(card.pattern, name)
    if match is None:
        return None
    return {key: _term(card, key, text) for key, text in match.groupdict().items() if text}


def _term(card: Card, attribute: str, text: str) -> str:
    return card.values.get(attribute, {}).get(text, text)


def name_of(spec: LabelSpec, row: table.TextRow) -> str:
    """Return what a row calls its image, as it stands there or as the card puts it together."""
    text = cell(row, spec.image, spec.names)
    match = search(spec.select, text) if spec.select else None
    return match[0] if match else text


def _label(labels: LabelRows, row: table.TextRow, name: str, faults: dict[str, list[str]]) -> float | None:
    spec = labels.spec
    text = ", ".join(row[column] for column in spec.votes) if spec.votes else cell(row, spec.score)
    try:
        if spec.votes:
            mos = mean_vote(labels.where, name, row, spec.votes)
        else:
            mos = table.number(labels.where, spec.score, name, text, spec.decimal)
    except UsageError:
        mos = None
    if mos is None:
        faults["score"].append(f"{name} ({quoted(text)})")
    elif not spec.range[0] <= mos <= spec.range[1]:
        faults["range"].append(f"{name} ({text})")
        return None
    return mos


def _problems(card: Card, labels: LabelRows, faults: dict[str, list[str]]) -> list[Problem]:
    low, high = labels.spec.range
    again = f"get the authors' file from {card.source}"
    told = {
        "unnamed": ("{} row(s) name no image", again),
        "unsafe": ("{} image name(s) leave the dataset's folder", "the file is not to be trusted"),
        "score": ("{} image(s) have no number for a label", again),
        "range": (f"{{}} label(s) are outside the card's range of {low} to {high}", again),
        "duplicate": ("{} image(s) are named more than once", "keep one row an image, as the authors' file has"),
        "pattern": (f"{{}} image name(s) are not of the form {card.pattern}", again),
    }
    where = labels.where
    spread = tuple(faults.pop("spread"))
    problems = [
        Problem(kind, f"{where}: {told[kind][0].format(len(items))}", tuple(items), told[kind][1], fatal=True)
        for kind, items in faults.items()
        if items
    ]
    if spread:
        text = f"{where}: {len(spread)} image(s) have no number, or one below 0, for a spread or a count of ratings"
        problems.append(Problem("spread", text, spread, again))
    return problems


def _attributes(
    card: Card, labels: LabelRows, row: table.TextRow, name: str, faults: list[str]
) -> dict[str, Attribute]:
    texts = {key: text for key, source in labels.spec.attributes.items() if (text := cell(row, source))}
    found: dict[str, Attribute] = {"n_raters": float(card.n_raters)} if card.n_raters else {}
    for key, text in texts.items():
        if key in _NUMERIC:
            try:
                value = table.number(labels.where, key, name, text, labels.spec.decimal)
            except UsageError:
                faults.append(f"{name} ({key} {quoted(text)})")
                continue
            if value is not None and value < 0:
                faults.append(f"{name} ({key} {quoted(text)})")
            elif value is not None:
                found[key] = value
        else:
            found[key] = _term(card, key, text)
    return found
