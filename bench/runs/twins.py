"""Datasets that are the same under another name, by what is stored of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bench.runs.entry import Entry


def with_twins(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries that know which datasets among them are the same under another name."""
    ids: dict[str, set[str]] = {}
    for entry in entries:
        for known in entry.content_hashes:
            ids.setdefault(known, set()).add(entry.dataset.id)

    def told(entry: Entry) -> Entry:
        others = set().union(*(ids[known] for known in entry.content_hashes)) - {entry.dataset.id}
        return dataclasses.replace(entry, twins=tuple(sorted(others))) if others else entry

    return [told(entry) for entry in entries]
