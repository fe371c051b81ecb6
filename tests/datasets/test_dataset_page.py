"""The page of datasets is what the cards say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from conftest import Ran

from bench.datasets.catalogue import shipped_cards

ROOT = Path(__file__).parents[2]


def test_the_page_is_current(bench: Callable[..., Ran]) -> None:
    written = bench("list", "datasets", "--format", "md")
    assert written.code == 0
    page = (ROOT / "docs" / "reference" / "datasets.md").read_text(encoding="utf-8")
    assert page == written.out, "write it again: bench list datasets --format md > docs/reference/datasets.md"


def test_every_card_has_a_row_and_a_section(bench: Callable[..., Ran]) -> None:
    out = bench("list", "datasets", "--format", "md").out
    for card in shipped_cards().values():
        assert f"| [{card.id}](#{card.id}) | {card.n:,} | {card.kind} |" in out
        assert len(re.findall(rf"^## {re.escape(card.id)}$", out, re.MULTILINE)) == 1
