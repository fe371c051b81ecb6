"""Download of a dataset: archives are downloaded to a work folder, unpacked there, and moved into place at the end.

The work folder keeps what was downloaded until everything is unpacked, so that a stop at any moment costs the
unpacking at most. Hashes that nobody publishes are recorded beside the dataset (:mod:`bench.io.first_hashes`) once the
archives have proved whole.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.datasets.card import Archive
from bench.datasets.fetch_plan import FetchPlan, check_vacant, free_bytes, kept_bytes
from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.io import download as fetching
from bench.io import unpacking
from bench.io.first_hashes import FirstHash, check_hash, hash_download, read_hashes, record_hashes

_MARGIN = 1.5  # sizes that cards declare are rough
_SMALL = 2**24
_MOST_UNSAID = 200 * 10**9  # bytes of an archive of which no card says the size; the disk has less, as a rule


def carry_out(laid_out: FetchPlan, *, keep_archives: bool = False) -> list[str]:
    """Fetch, unpack and put in place. Stopped at any moment, the same call goes on.

    Returns:
        Sentences for the user: where the dataset is, what was left out, what to do next.

    Raises:
        MissingRequirementError: an archive cannot be fetched.
        UsageError: another process fetches the same.
        BenchError: a download failed, is damaged or is another file than at an earlier fetch, or an archive cannot
            be unpacked.
    """
    card, target = laid_out.card, laid_out.target
    with _alone(laid_out):
        check_vacant(target)  # again, for between plan and now the user was asked
        read_hashes(laid_out.hashes)  # before hours of downloading: it may be damaged
        _fetch_archives(laid_out)
        found = _check_hashes(laid_out)
        left_out = _unpack_archives(laid_out)
        record_hashes(laid_out.hashes, found)
        if target.is_dir():
            target.rmdir()  # empty, or the plan had refused it
        (laid_out.work / "unpacked").rename(target)
    if not keep_archives:
        shutil.rmtree(laid_out.work)
    said = [f"{card.id} is in {target}"]
    if left_out:
        examples = ", ".join(map(repr, left_out[:5]))
        said.append(f"left out, being neither files nor folders: {len(left_out)}, such as {examples}")
    if keep_archives:
        said.append(f"the archives are kept in {laid_out.work / 'archives'}")
    return [*said, f"see whether all is there: bench doctor {card.id} --root {shlex.quote(f'{card.id}={target}')}"]


@contextmanager
def _alone(laid_out: FetchPlan) -> Iterator[None]:
    from filelock import FileLock, Timeout

    laid_out.work.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(laid_out.lock, timeout=0):
            yield
    except Timeout:
        raise UsageError(f"another process is using {laid_out.work}: wait until it has ended") from None


def _fetch_archives(laid_out: FetchPlan) -> None:
    for archive in laid_out.archives:
        download = laid_out.download(archive)
        if fetching.is_whole(download):
            continue
        free = free_bytes(laid_out.work) + kept_bytes(download.path)
        try:
            fetching.fetch(download, min(free, _most(archive)))
        except MissingRequirementError as error:
            raise MissingRequirementError(f"{error}. The dataset's page is {laid_out.card.source}") from None


def _most(archive: Archive) -> int:
    """Return at how many bytes an archive is given up: its size is rough, and a list gains columns."""
    return max(int(_MARGIN * archive.size), _SMALL) if archive.size else _MOST_UNSAID


def _check_hashes(laid_out: FetchPlan) -> dict[str, FirstHash]:
    """Compare archives without a published hash with those of an earlier fetch; return URL → what they are."""
    downloads = [laid_out.download(archive) for archive in laid_out.archives]
    found = {each.url: (each, hash_download(each)) for each in downloads if not each.checksum[0]}
    for download, now in found.values():
        check_hash(laid_out.hashes, download, now)
    return {url: now for url, (_, now) in found.items()}


def _unpack_archives(laid_out: FetchPlan) -> list[str]:
    """Unpack everything into a fresh folder; return what was left out."""
    unpacked = laid_out.work / "unpacked"
    if unpacked.exists():
        shutil.rmtree(unpacked)  # an earlier call was stopped here
    left_out: list[str] = []
    try:
        for archive in laid_out.archives:
            left_out += _unpack(archive, laid_out.download(archive).path, unpacked / archive.into)
    except (BenchError, OSError) as error:  # the disk may be full
        shutil.rmtree(unpacked, ignore_errors=True)
        raise BenchError(
            f"{error}. The download is kept in {laid_out.work}: delete it to download again, or unpack it by hand"
        ) from None
    return left_out


def _unpack(archive: Archive, path: Path, into: Path) -> list[str]:
    if unpacking.is_archive(path.name):
        total = int(_MARGIN * archive.unpacked) if archive.unpacked else None
        return unpacking.unpack(path, into, unpacking.Limits(total))
    into.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as source, (into / path.name).open("xb") as file:
        shutil.copyfileobj(source, file)
    return []
