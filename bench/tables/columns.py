"""Columns of a table: which results stand in one, and which of them it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bench.datasets.protocol import Protocol
from bench.runs.entry import Entry
from bench.tables.cell import MethodKey, method_key


@dataclass(frozen=True)
class DatasetKey:
    """A dataset under one protocol: everything in it compares."""

    dataset: str
    labels: str
    images: str
    protocol: Protocol


def by_column(entries: Iterable[Entry]) -> dict[DatasetKey, list[Entry]]:
    """Group entries by the column that they stand in."""
    entries = list(entries)
    newest: dict[tuple[str, str, Protocol], str] = {}
    for entry in sorted(entries, key=lambda each: each.finished):
        about = entry.identity
        if about.images:
            newest[entry.dataset.id, about.labels, entry.protocol] = about.images
    columns: dict[DatasetKey, list[Entry]] = defaultdict(list)
    for entry in entries:
        about = entry.identity
        # Imported scores know no image files: they join the images that were scored here last.
        images = about.images or newest.get((entry.dataset.id, about.labels, entry.protocol), "")
        columns[DatasetKey(entry.dataset.id, about.labels, images, entry.protocol)].append(entry)
    return columns


def shown(entries: Iterable[Entry]) -> dict[MethodKey, Entry]:
    """Return the entry that each row of a column shows: the newest, and a complete one before an unfinished one."""
    return {method_key(entry): entry for entry in sorted(entries, key=lambda each: (each.complete, each.finished))}
