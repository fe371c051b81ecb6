"""Every error that a user can cause or meet, and the exit code that it stands for.

A message is one or two plain sentences: which parameter, what it got, what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class BenchError(Exception):
    """The work was done but did not come out well (exit code 1)."""

    exit_code = 1


class UsageError(BenchError):
    """The work cannot start as asked: a wrong value, a missing file, an unknown name (exit code 2)."""

    exit_code = 2


class MissingRequirementError(UsageError):
    """A package, weight file or data folder that is not here; the message says how to get it.

    Attributes:
        fetchable: name of the weights that ``bench fetch weights`` would get; empty for anything else.
    """

    def __init__(self, message: str, fetchable: str = "") -> None:
        super().__init__(message)
        self.fetchable = fetchable


class StoppedError(BenchError):
    """The user or the system asked to stop; what was done is kept, and the message says how to go on."""

    exit_code = 130


class ImageError(BenchError):
    """One image that cannot be decoded or scored; a run records it and goes on."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence that points from an unknown name to the nearest known ones."""
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""


def listed(items: Sequence[str], most: int = 10) -> str:
    """Return the first of some names, and how many more there are; control characters are escaped."""
    shown = ", ".join(item if item.isprintable() else ascii(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
