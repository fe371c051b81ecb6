"""``bench list datasets``: a line a dataset, with what it takes to get it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bench.datasets.card import Card, download_size, unpacked_size
from bench.datasets.doctor import state
from bench.datasets.roots import Roots
from bench.io.visible import brief

_HEAD = ("id", "images", "kind", "download", "on disk", "licence", "here")
_NUMBERS = ("images", "download", "on disk")
_LICENCE = 28  # characters: the line then fits in 120 where the dataset is not here


def list_text(cards: Sequence[Card], roots: Roots) -> str:
    """Return the list, aligned, and below it where to read more.

    Args:
        cards: of the datasets, in the order of the list.
        roots: where the folders of datasets are.
    """
    if not cards:
        return "no dataset is like that\n"
    rows = [_HEAD, *(tuple(map(brief, _row(card, roots))) for card in cards)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(_aligned, row, _HEAD, widths)).rstrip() for row in rows]
    more = (
        "Sizes are of what `bench fetch dataset ID` downloads; by hand: it is got from a page.",
        "One dataset, and how to get it: bench list datasets ID",
        "A path works as a dataset too: a folder, a .zip or .tar, a URL, a table with image,score, or an image.",
    )
    return "\n".join([*lines, "", *more, ""])


def size_text(size: int) -> str:
    """Return a number of bytes shortly; 0 is not known.

    Example:
        >>> size_text(3067408471), size_text(326_000_000), size_text(445544), size_text(0)
        ('3.1 GB', '326 MB', '0.4 MB', 'unknown')
    """
    if not size:
        return "unknown"
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"


def _row(card: Card, roots: Roots) -> tuple[str, ...]:
    licence = textwrap.shorten(card.licence, _LICENCE, placeholder=" ...")
    return (card.id, f"{card.n:,}", card.kind, *_sizes(card), licence, _here(card, roots))


def _sizes(card: Card) -> tuple[str, str]:
    if card.id == "sample":
        return "-", "-"
    archives = card.default_archives
    return (size_text(download_size(archives)) if archives else "by hand", size_text(unpacked_size(archives)))


def _here(card: Card, roots: Roots) -> str:
    found = state(card, roots)
    return "no" if found.startswith("not here") else found.removeprefix("ready: ").partition(" (")[0]


def _aligned(text: str, name: str, width: int) -> str:
    return text.rjust(width) if name in _NUMBERS else text.ljust(width)
