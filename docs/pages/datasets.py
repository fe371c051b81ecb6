"""A page for every dataset with a card: what the card says, which methods were trained on it, published numbers."""

from __future__ import annotations

import re
from collections import defaultdict

from bench.datasets.card import Card, download_size
from bench.datasets.catalogue import shipped_cards
from bench.plugins.listing import listed_methods
from bench.views.dataset_card import card_parts
from bench.views.dataset_list import size_text
from bench.views.dataset_page import label_form
from bench.views.published.numbers import PublishedResult, read_published

from . import published, text
from .methods import links


def pages() -> dict[str, str]:
    """Return file name → page of every dataset, and the page that lists them."""
    cards = list(shipped_cards().values())
    numbers = read_published()
    return {"index": _index(cards), **{text.file_name(card.id): _page(card, numbers) for card in cards}}


def _index(cards: list[Card]) -> str:
    kinds: dict[str, list[list[str]]] = defaultdict(list)
    for card in cards:
        size = size_text(download_size(card.default_archives)) if card.default_archives else "by hand"
        row = [f"[{card.id}]({text.file_name(card.id)}.md)", text.prose(card.title), f"{card.n:,}", size]
        kinds[card.kind].append(row)
    parts = [
        text.section(kind.capitalize(), text.table(["id", "", "images", "download"], kinds[kind])) for kind in kinds
    ]
    about = (
        "Every dataset with a card. [Datasets](../../reference/datasets.md) has all cards on one page and says where "
        "folders are looked for; [Your own images and labels](../../guides/own_data.md) need no card."
    )
    hidden = "\n".join(["```{toctree}", ":hidden:", "", *(text.file_name(card.id) for card in cards), "```"])
    return text.page("Datasets", about, *parts, hidden)


def _page(card: Card, numbers: list[PublishedResult]) -> str:
    names = f"`{card.id}`" + "".join(f", `{alias}`" for alias in card.aliases)
    said = {label: "<br>".join(map(_line, lines)) for label, lines in card_parts(card).items()}
    return text.page(
        text.prose(card.title),
        text.facts({"id": names, **said, "label files": "<br>".join(map(label_form, card.labels))}),
        text.section("Use it", text.code(_commands(card))),
        text.section("Methods trained on it", _trained(card)),
        text.section("Published numbers", published.table(_of(card, numbers), "method", links())),
    )


def _of(card: Card, numbers: list[PublishedResult]) -> list[PublishedResult]:
    return [row for row in numbers if row.dataset == card.id]


def _line(said: str) -> str:
    said = said.strip()
    if said.startswith("bench "):
        return f"`{said}`"
    if said.startswith("BibTeX: "):
        return f"BibTeX: `{said.removeprefix('BibTeX: ')}`"
    return re.sub(r"https?://\S+", r"<\g<0>>", text.prose(said))


def _commands(card: Card) -> list[str]:
    root = "" if card.id == "sample" else f" --root {card.id}=FOLDER"
    return [f"bench doctor {card.id}{root}", f"bench run --method niqe --dataset {card.id}{root}"]


def _trained(card: Card) -> str:
    pages = links()
    names = [m.info.name for m in listed_methods() if card.id in (*m.info.trained_on, *m.info.selected_on)]
    found = ", ".join(f"[{text.prose(name)}]({pages[name]})" for name in names)
    note = "`bench table` marks their results on this dataset, and leaves them out of best and of averages."
    return f"{found}. {note}" if found else ""
