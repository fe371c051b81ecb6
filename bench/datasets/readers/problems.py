"""Faults of a copy of a dataset, as sentences that name files and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.errors import listed


@dataclass(frozen=True)
class Problem:
    """One fault.

    Attributes:
        kind: short name, for programs.
        text: what is wrong.
        items: what it concerns, all of it: file names, rows.
        remedy: what to do.
        level: an ``error`` leaves the set incomplete or its numbers in doubt, a ``warning`` does not.
        fatal: whether the set cannot be used at all.
    """

    kind: str
    text: str
    items: tuple[str, ...] = ()
    remedy: str = ""
    level: Literal["error", "warning"] = "error"
    fatal: bool = False

    def sentence(self) -> str:
        """Return text, the first ten items with their number, and the remedy."""
        told = f"{self.text}: {listed(self.items)}" if self.items else self.text
        return f"{told}; {self.remedy}" if self.remedy else told
