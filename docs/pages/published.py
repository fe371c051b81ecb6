"""Published correlations, as the pages of methods and of datasets show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from bench.views.published.numbers import NOT_TOLD, PublishedResult

from . import text

NOTE = (
    "Numbers of others, as printed, with the protocol that they tell; see "
    "[Comparison with published results](../../guides/published.md). "
    "Second hand: the number was not read at its source."
)


def table(rows: Iterable[PublishedResult], first: Literal["method", "dataset"], links: dict[str, str]) -> str:
    """Return a table of published correlations; empty without any.

    Args:
        rows: of one method or of one dataset.
        first: what the first column names.
        links: method or dataset → its page.
    """
    lines = [_line(row, getattr(row, first), links) for row in rows]
    return f"{NOTE}\n\n{text.table([first, 'SRCC', 'PLCC', 'protocol', 'source'], lines)}" if lines else ""


def _line(row: PublishedResult, name: str, links: dict[str, str]) -> list[str]:
    shown = text.prose(name)
    second_hand = "" if row.verified or "second hand" in row.source else " (second hand)"
    return [
        f"[{shown}]({links[name]})" if name in links else shown,
        *(str(value or "-") for value in (row.srcc, row.plcc)),
        text.prose(_protocol(row)),
        text.prose(row.source) + second_hand,
    ]


def _protocol(row: PublishedResult) -> str:
    said = {
        "images": row.resolution,
        "split": row.split,
        "trained on": ", ".join(row.trained_on) or NOT_TOLD,
        "mapping of PLCC": row.plcc_mapping if row.plcc else NOT_TOLD,
    }
    return "; ".join(f"{name}: {value}" for name, value in said.items() if value != NOT_TOLD) or "not told"
