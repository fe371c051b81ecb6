"""Weights that methods declare: found by name and fetched (`bench fetch weights`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.api import Download
from bench.errors import MissingRequirementError, UsageError, did_you_mean
from bench.io.download import describe_download, fetch, is_whole
from bench.io.progress import note
from bench.plugins.registry import catalogue

T = TypeVar("T")


def known_downloads() -> dict[str, Download]:
    """Return name → file over all registered methods; a name that several declare is the first's."""
    found: dict[str, Download] = {}
    for _, method in sorted(catalogue().methods.items()):
        for download in method.downloads():
            found.setdefault(download.name, download)
    return dict(sorted(found.items()))


def find_download(name: str) -> Download:
    """Return the file of that name.

    Raises:
        UsageError: no method declares it.
    """
    known = known_downloads()
    if name not in known:
        raise UsageError(f"no weights are called {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}")
    return known[name]


def fetch_weights(name: str) -> Path:
    """Fetch weights where they are not here yet, after saying what they are, and return the file.

    Raises:
        UsageError: no weights have that name, or they cannot be had.
    """
    download = find_download(name)
    if not is_whole(download):
        note(f"{describe_download(download)}; licence {download.licence}")
        fetch(download)
    return download.path


def with_fetching(work: Callable[[], T]) -> T:
    """Do work, and again after fetching weights that it lacks and that somebody publishes.

    Raises:
        MissingRequirementError: weights are not here and cannot be fetched.
    """
    fetched: set[str] = set()
    while True:
        try:
            return work()
        except MissingRequirementError as error:
            if not error.fetchable or error.fetchable in fetched:
                raise
            missing = error
        fetched.add(missing.fetchable)
        try:
            fetch_weights(missing.fetchable)
        except MissingRequirementError as error:
            raise MissingRequirementError(f"{missing}. Fetching it now failed: {error}") from None
