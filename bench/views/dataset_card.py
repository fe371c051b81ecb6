"""``bench list datasets ID``: one card as a person reads it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping

from bench.datasets.card import Archive, Card, download_size, paper_link, unpacked_size
from bench.datasets.catalogue import shipped_cards
from bench.datasets.doctor import state
from bench.datasets.roots import PRECEDENCE, Roots
from bench.views.dataset_list import size_text

_WIDTH, _LABEL = 110, 12
_CHECKED = {
    "authors' file": "the label file that the authors distribute",
    "copy": "the authors' numbers in a file that somebody else wrote",
    "stand-in": "a file that the tests write after the documented layout; no file of the authors was at hand",
}


def card_text(card: Card, roots: Roots) -> str:
    """Return what a card says of a dataset, in sentences under short headings.

    Args:
        card: of the dataset.
        roots: where the folders of datasets are, to say whether it is here.
    """
    parts = card_parts(card, roots)
    names = f"also called {', '.join(card.aliases)}" if card.aliases else ""
    head = [f"{card.title} ({card.id})", *textwrap.wrap(names, _WIDTH), ""]
    return "\n".join([*head, *(line for label, said in parts.items() for line in _block(label, said))]) + "\n"


def card_parts(card: Card, roots: Roots | None = None) -> dict[str, list[str]]:
    """Return what a card says of a dataset: short heading → sentences.

    Args:
        card: of the dataset.
        roots: where the folders of datasets are, to say whether it is here; None leaves that out.
    """
    parts = {
        "rated": [_sentence(card.rated or _unrated(card))],
        "labels": _labels(card),
        "images": _images(card),
        "splits": _splits(card),
        "protocol": _protocol(card),
        "to know": list(map(_sentence, card.notes)),
        "licence": [_sentence(card.licence)],
        "cite": _citation(card),
        "get it": _ways(card),
        "here": [] if roots is None else _here(card, roots),
        "related": _related(card),
        "checked on": [_sentence(_CHECKED[card.checked])] if card.checked else [],
    }
    return {label: said for label, said in parts.items() if said}


def _block(label: str, sentences: Iterable[str]) -> list[str]:
    """Return sentences, each on lines of its own, beside a label."""
    indent = " " * _LABEL
    lines = [
        line
        for text in sentences
        for line in textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
    return [label.ljust(_LABEL) + lines[0][_LABEL:], *lines[1:]] if lines else []


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _unrated(card: Card) -> str:
    if not card.labels:
        return "nothing: these are images without labels"
    return "by nobody" if card.kind == "synthetic-order" else "what people were asked is not known here"


def _labels(card: Card) -> list[str]:
    if not card.labels:
        return []
    first = card.labels[0]
    low, high = first.range
    told = [name for name in ("std", "n_raters") if any(name in spec.attributes for spec in card.labels)]
    words = {"std": "the spread of the ratings", "n_raters": "the number of ratings"}
    beside = f"; with {' and '.join(words[name] for name in told)} of each image" if told else ""
    same = f"; {card.n_raters} ratings of each image" if card.n_raters else ""
    return [f"{low:g} to {high:g}, {first.direction} is better{same}{beside}."]


def _images(card: Card) -> list[str]:
    size = f" of {card.size[0]} x {card.size[1]} pixels" if card.size else ""
    content = f" Photographs from: {', '.join(card.content)}." if card.content else ""
    lines = [f"{card.n:,} to score{size}; {card.kind}.{content}"]
    if card.groups:
        lines.append(f"Different values: {_counted(card.groups)}.")
    if attributes := card_attributes(card):
        lines.append(f"Attributes for --by and --split: {', '.join(sorted(attributes))}.")
    return lines


def card_attributes(card: Card) -> set[str]:
    """Return the names of all that a card knows of an image besides its label."""
    named = {name for spec in card.labels for name in spec.attributes}
    return named | set(re.compile(card.pattern).groupindex) | ({"n_raters"} if card.n_raters else set())


def _splits(card: Card) -> list[str]:
    unsized = "Official, by its labels; how large, the card does not know." if "split" in card_attributes(card) else ""
    official = f"Official: {_counted(card.splits)}." if card.splits else unsized or "No official split."
    together = card.group or card.cluster
    return [f"{official} random:SEED {f'keeps images of one {together} together' if together else 'draws images'}."]


def _protocol(card: Card) -> list[str]:
    resize = "at full size" if card.resize == "none" else f"resized ({card.resize})"
    if not card.labels:
        return [f"Images are read {resize}."]
    inside = (
        f"labels compare only inside one {' and '.join(card.within)}, and the {card.aggregate} over these is taken"
        if card.within
        else "correlations are over all images"
    )
    return [f"Images are scored {resize}; {inside}; intervals resample {card.cluster or 'image'}s."]


def _citation(card: Card) -> list[str]:
    if card.citation.startswith("none"):
        return [_sentence(card.citation)]
    address = paper_link(card.doi, card.arxiv)
    return [_sentence(card.citation), *([address] if address else []), f"BibTeX: bench cite {card.id}"]


def _ways(card: Card) -> list[str]:
    if card.id == "sample":
        return [_sentence(card.source)]
    page = f"Page: {card.source}"
    if not card.archives:
        return ["No command downloads it: get it from the page.", page]
    return [*(line for source, archives in card.sources.items() for line in _way(card, source, archives)), page]


def _way(card: Card, source: str, archives: tuple[Archive, ...]) -> list[str]:
    asked = f" --mirror {source}" if source and source != next(iter(card.sources)) else ""
    sizes = f"download {size_text(download_size(archives))}, on the disk {size_text(unpacked_size(archives))}"
    return [
        f"bench fetch dataset {card.id} --output FOLDER{asked}",
        f"  from {source or 'the authors'}: {sizes}",
    ]


def _here(card: Card, roots: Roots) -> list[str]:
    found = state(card, roots)
    if not found.startswith("not here"):
        return [_sentence(found)]
    return [f"No. Looked for it: {', '.join(PRECEDENCE)}.", f"Once you have it: --root {card.id}=FOLDER"]


def _related(card: Card) -> list[str]:
    cards = shipped_cards()
    family = [each for each in cards.values() if each.family == card.family and each.id != card.id]
    forms = "; ".join(f"{each.id} ({each.title})" for each in family)
    shared = ", ".join(card.shares)
    return [
        *([f"Other forms of the set: {forms}."] if forms else []),
        *([f"Shares photographs with: {shared}."] if shared else []),
    ]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in counts.items())
