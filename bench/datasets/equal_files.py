"""Equal image files under several names of a dataset, by the hashes of their content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bench.datasets.dataset import Sample
from bench.errors import listed
from bench.io.hashing import UNREADABLE

_SHOWN = 3


def equal_files(digests: Mapping[str, str]) -> list[list[str]]:
    """Return the names that have one content, at least two each time; unreadable files equal nothing.

    Args:
        digests: hash of the content, by name.

    Example:
        >>> equal_files({"a": "0f", "b": "1e", "c": "0f", "d": "unreadable", "e": "unreadable"})
        [['a', 'c']]
    """
    names: dict[str, list[str]] = defaultdict(list)
    for name, digest in digests.items():
        if digest != UNREADABLE:
            names[digest].append(name)
    return [alike for alike in names.values() if len(alike) > 1]


def equal_files_told(digests: Mapping[str, str]) -> str:
    """Say how many files are equal to another and which; empty where none is."""
    groups = equal_files(digests)
    more = sum(map(len, groups)) - len(groups)
    which = listed([_equated(names) for names in groups], _SHOWN)
    return f"{more} image(s) are the same file as another and count all the same: {which}" if groups else ""


def _equated(names: list[str]) -> str:
    shown = " = ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} = {len(names) - _SHOWN} more"


def across_splits(samples: Iterable[Sample], digests: Mapping[str, str]) -> set[str]:
    """Return the names whose very file is in another official split too.

    Args:
        samples: images of all splits.
        digests: hash of their content, by name; images without one are left out.
    """
    split_of = {s.name: s.attributes["split"] for s in samples if "split" in s.attributes}
    groups = equal_files({name: digests[name] for name in split_of if name in digests})
    return {name for names in groups if len({split_of[name] for name in names}) > 1 for name in names}
