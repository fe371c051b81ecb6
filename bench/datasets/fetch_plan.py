"""Plan of a dataset's download, checked before anything is downloaded or created."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.api import Download
from bench.datasets.card import Archive, Card
from bench.datasets.catalogue import find_card, names
from bench.datasets.roots import DATA_VARIABLE, Roots
from bench.errors import BenchError, MissingRequirementError, UsageError, did_you_mean
from bench.io import download as fetching
from bench.io import unpacking
from bench.io.files import expand, is_url
from bench.io.first_hashes import FILE_NAME
from bench.io.visible import quoted

_BY_HAND = (".rar", ".7z", ".tar.bz2", ".tar.xz", ".tar.zst")


@dataclass(frozen=True)
class FetchPlan:
    """Archives to download, and the target folder.

    Attributes:
        card: the dataset's card.
        archives: what it is downloaded as, all from one source.
        target: the folder that it is to be; not there yet, or empty.
    """

    card: Card
    archives: tuple[Archive, ...]
    target: Path

    @property
    def work(self) -> Path:
        """The folder of what is not done yet; beside the target, so that a rename puts it in place."""
        return self.target.with_name(f"{self.target.name}.download")

    @property
    def lock(self) -> Path:
        """The file that keeps other processes out, and by which a work folder is known for one."""
        return self.work / "lock"

    @property
    def hashes(self) -> Path:
        """The file of hashes of earlier fetches, for all datasets of a folder."""
        return self.target.with_name(FILE_NAME)

    def download(self, archive: Archive) -> Download:
        """Return how an archive is fetched, and to where."""
        path = self.work / "archives" / archive.file_name
        size = archive.size or None
        return Download(archive.file_name, archive.url, path, self.card.licence, size, archive.sha256, archive.md5)

    def describe(self) -> str:
        """Return lines that say what would come, from whom, on which terms and to where."""
        lines = [f"{self.card.id}: {self.card.title}", f"licence: {self.card.licence}", f"source: {self.card.source}"]
        if mirror := self.archives[0].mirror:
            lines.append(f"mirror: {mirror}")
        lines += [fetching.describe_download(self.download(archive)) for archive in self.archives]
        lines.append(f"to: {self.target}, where {_megabytes(free_bytes(self.target))} are free")
        return "\n".join(lines)


def plan(name: str, folder: Path | None, mirror: str = "") -> FetchPlan:
    """Lay out how a dataset is fetched; nothing is written.

    Args:
        name: id or alias of a card.
        folder: where the dataset is to lie; None for its place below ``BENCH_DATA``.
        mirror: whose copy, as much of the name as tells them apart; empty for the authors' own.

    Raises:
        MissingRequirementError: the dataset has no archives that can be fetched or unpacked here.
        UsageError: there is no such dataset or mirror, no folder is given, the folder exists, or the disk is too full.
    """
    card = find_card(name)
    if card is None:
        raise UsageError(
            f"ID got {quoted(name)}, which is not a known dataset.{did_you_mean(name, names())} See `bench list "
            "datasets`"
        )
    if card.id == "sample":
        raise UsageError("dataset 'sample' needs no download: it is built at its first use")
    if not card.archives:
        raise MissingRequirementError(
            f"dataset {quoted(card.id)} cannot be downloaded by a command: get it by hand from {card.source}, "
            f"then give --root {card.id}=FOLDER, or put it into ${DATA_VARIABLE}/{card.id}"
        )
    laid_out = FetchPlan(card, _from_mirror(card, mirror), _target(card, folder))
    _check_names(laid_out)
    _check_work(laid_out)
    _check_disk(laid_out)
    return laid_out


def _from_mirror(card: Card, mirror: str) -> tuple[Archive, ...]:
    """Return the archives of one source: the authors' own, or of the one mirror whose name begins as asked."""
    sources = list(dict.fromkeys(archive.mirror for archive in card.archives))
    mirrors = [source for source in sources if source]
    if not mirror:
        fitting = [""] if "" in sources else mirrors
    elif mirror in mirrors:
        fitting = [mirror]
    else:
        fitting = [source for source in mirrors if source.casefold().startswith(mirror.casefold())]
    if len(fitting) != 1:
        got = f"--mirror got {quoted(mirror)}" if mirror else "there are several mirrors"
        known = ", ".join(map(repr, mirrors)) or "there are no mirrors"
        raise UsageError(f"dataset {quoted(card.id)}: {got}; give the beginning of one mirror's name: {known}")
    return tuple(archive for archive in card.archives if archive.mirror == fitting[0])


def _target(card: Card, folder: Path | None) -> Path:
    target = folder or _own_place(card)
    if target is None:
        raise UsageError(
            f"--output is needed for {quoted(card.id)}, as ${DATA_VARIABLE} is not set: give --output FOLDER"
        )
    # A link is followed here: the rename at the end would replace it by the folder.
    target = expand(str(target), "--output").resolve()
    check_vacant(target)
    if os.path.ismount(target):
        raise UsageError(f"--output got {target}, which is a mount point: give a folder below it")
    return target


def _own_place(card: Card) -> Path | None:
    """Return where the dataset would be found: a folder that is named for it already, or one below the data folder."""
    roots = Roots.parse(())
    place, data = roots.find(card), roots.data or roots.configured_data
    text = place.text if place else f"{data}/{card.id}" if data else ""
    return Path(text) if text and not is_url(text) else None


def check_vacant(target: Path) -> None:
    """Raise UsageError where a dataset would overwrite something; an empty folder is nothing."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        kept = f"{target} already exists and is not overwritten"
        raise UsageError(f"{kept}: give another folder by --output, or delete it")


def _check_names(laid_out: FetchPlan) -> None:
    """Refuse what this command cannot unpack, and names that would not be one file each in the work folder."""
    card, names = laid_out.card, set()
    for archive in laid_out.archives:
        name = archive.file_name
        if name.lower().endswith(_BY_HAND):
            raise MissingRequirementError(
                f"dataset {quoted(card.id)}: {name} cannot be unpacked here: download it from {archive.url}, "
                f"unpack it by hand with unrar or 7z to {laid_out.target.joinpath(archive.into)}{_or_mirror(laid_out)}"
            )
        if name in names or not _is_safe(archive):
            raise UsageError(
                f"the card {quoted(card.id)} has an archive with the unsafe file name {quoted(name)}: {archive.url}"
            )
        names.add(name)


def _or_mirror(laid_out: FetchPlan) -> str:
    here = laid_out.archives[0].mirror
    others = dict.fromkeys(archive.mirror for archive in laid_out.card.archives if archive.mirror not in ("", here))
    return f", or give --mirror {' or '.join(others)} for that copy" if others else ""


def _is_safe(archive: Archive) -> bool:
    """Say whether it comes over HTTP and stays in the folder that it belongs to."""
    try:
        unpacking.safe_parts(archive.into)
        single = unpacking.safe_parts(archive.file_name) == (archive.file_name,)
    except BenchError:
        return False
    return single and urlsplit(archive.url).scheme in ("http", "https")


def _check_work(laid_out: FetchPlan) -> None:
    work = laid_out.work
    if work.exists() and not laid_out.lock.is_file():
        raise UsageError(f"{work} is needed as a work folder, but exists: move it, or give another folder by --output")


def _check_disk(laid_out: FetchPlan) -> None:
    downloads = [(archive, laid_out.download(archive)) for archive in laid_out.archives]
    lacking = sum(max(archive.size - kept_bytes(download.path), 0) for archive, download in downloads)
    unpacked = sum(archive.unpacked or archive.size for archive in laid_out.archives)
    free = free_bytes(laid_out.target)
    if lacking + unpacked > free:
        raise UsageError(
            f"dataset {quoted(laid_out.card.id)} needs about {_megabytes(lacking + unpacked)} at {laid_out.target} "
            f"({_megabytes(lacking)} to download, {_megabytes(unpacked)} unpacked), but {_megabytes(free)} are free: "
            "free some space, or give another folder by --output"
        )


def kept_bytes(path: Path) -> int:
    """Return how much of a file an earlier call has fetched."""
    found = [p for p in (path, path.with_name(f"{path.name}.part")) if p.is_file()]
    return found[0].stat().st_size if found else 0


def free_bytes(folder: Path) -> int:
    """Return the free space of the disk that a folder is on or would be made on."""
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
