"""Weights of methods: finding them by name, downloading missing ones, and comparing two files of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.api import Download, WeightComparison
from bench.errors import BenchError, MissingRequirementError, UsageError, did_you_mean
from bench.io.download import describe_download, fetch, is_whole
from bench.io.first_hashes import FILE_NAME, check_hash, hash_download, record_hashes
from bench.io.progress import say
from bench.io.visible import quoted
from bench.plugins.listing import comparing_methods
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
        raise UsageError(
            f"NAME got {quoted(name)}, which names no weights.{did_you_mean(name, known)} Use one of: "
            f"{', '.join(known)}"
        )
    return known[name]


def fetch_weights(name: str) -> Path:
    """Fetch weights where they are not here yet, after saying what they are, and return the file.

    Raises:
        UsageError: no weights have that name, or they cannot be had.
    """
    download = find_download(name)
    if not is_whole(download):
        say(f"{describe_download(download)}; licence {download.licence}")
        fetch(download)
        _compare(download)
    return download.path


def _compare(download: Download) -> None:
    """Compare weights without a published hash with those of an earlier download; what differs is not kept."""
    if download.checksum[0]:
        return
    hashes, now = download.path.with_name(FILE_NAME), hash_download(download)
    try:
        check_hash(hashes, download, now)
        record_hashes(hashes, {download.url: now})
    except BenchError:
        download.path.unlink()
        raise


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


def compare_weights(name: str, file: Path, against: Path) -> WeightComparison:
    """Tell how far the weights of a file are from those that its training began from.

    Args:
        name: of the method whose weights they are.
        file: the trained weights.
        against: what they began from.

    Raises:
        UsageError: the method cannot compare weights, a file cannot be read, or they are of different networks.
    """
    known = comparing_methods()
    if name not in known:
        raise UsageError(
            f"--method got {quoted(name)}, which cannot compare weights.{did_you_mean(name, known)} Use one of: "
            f"{', '.join(known)}"
        )
    return known[name].compare_weights(file, against)
