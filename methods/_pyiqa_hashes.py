"""Hashes of pyiqa's weights: those that names tell, and those of the first use.

* torch.hub, pyiqa and OpenAI put the beginning of a file's SHA-256, or all of it, into its name or address.
* the cache of huggingface_hub names what it keeps by its SHA-256, small files by git's SHA-1.
* of every other file the hash is recorded in ``bench.lock`` in bench's cache when it is first used.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.api import Download
from bench.errors import BenchError
from bench.io.cache import cache_root
from bench.io.first_hashes import FILE_NAME, check_hash, hash_download, read_hashes, record_hashes

from ._pyiqa_weights import Weights

# The beginning in a file's name, as in resnet18-f37072fd.pth, or the whole in a folder of its address.
_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.\w+$|/([0-9a-f]{64})/")


def check_files(weights: Sequence[Weights]) -> None:
    """Compare the files that are here with the hashes that are known.

    Raises:
        BenchError: one is another file than its name says, or than it was when it was first used.
        UsageError: the file of hashes is damaged.
    """
    for one in weights:
        if one.store == "hub":
            _check_blobs(one.path)
        elif one.path.is_file():
            _check_file(one)


def record_files(weights: Sequence[Weights]) -> None:
    """Record the hashes of files that were loaded, where none was recorded before.

    Raises:
        UsageError: the file of hashes is damaged.
    """
    known = read_hashes(_hashes())
    new = [one for one in weights if one.store != "hub" and one.url not in known and one.path.is_file()]
    try:
        _hashes().parent.mkdir(parents=True, exist_ok=True)
        record_hashes(_hashes(), {one.url: hash_download(_download(one)) for one in new})
    except OSError:  # a cache that cannot be written: the next use is the first again
        pass


def _hashes() -> Path:
    return cache_root() / FILE_NAME


def _download(one: Weights) -> Download:
    return Download(one.name, one.url, one.path, "")


def _check_file(one: Weights) -> None:
    now = hash_download(_download(one))
    if one.url in read_hashes(_hashes()):
        check_hash(_hashes(), _download(one), now)
        return
    told = _IN_NAME.search(one.url)
    begins = (told[1] or told[2]) if told else ""
    if not now.sha256.startswith(begins):
        raise BenchError(
            f"{one.path} is not what its name says: its SHA-256 begins {now.sha256[:8]} and not {begins[:8]}. Delete "
            f"it, and it is downloaded again from {one.url}"
        )


def _check_blobs(folder: Path) -> None:
    for path in _blobs(folder):
        if path.name != _digest(path, path.name):
            raise BenchError(
                f"{path} is not what its name says, which is its hash: delete the folder {folder}, and it is "
                "downloaded again"
            )


def _blobs(folder: Path) -> Iterator[Path]:
    """Yield what the snapshots of a repository point to, where it has a hash for a name."""
    for link in sorted(folder.glob("snapshots/*/**/*")):
        path = link.resolve()
        if path.is_file() and re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", path.name):
            yield path


def _digest(path: Path, like: str) -> str:
    with path.open("rb") as file:
        if len(like) == 64:
            return hashlib.file_digest(file, "sha256").hexdigest()
        git = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        return hashlib.file_digest(file, lambda: git).hexdigest()
