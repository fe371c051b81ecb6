"""Hashes of downloads that nobody publishes a hash of: recorded at the first download, compared at every later one.

They are in the file ``bench.lock`` beside what was downloaded, in TOML, one line a download::

    "https://example.org/set.zip" = { sha256 = "0f34...", size = 1234, date = "2026-01-31", file = "set.zip" }

A file that was replaced on its server is noticed so, and accepted by deleting its line. What was false from the first
download on is not.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.api import Download
from bench.errors import BenchError, UsageError
from bench.io.atomic import write_atomically
from bench.io.toml import fill

FILE_NAME = "bench.lock"
_MOST_BYTES = 2**24
_HEADER = """\
# Hashes of downloads that nobody publishes a hash of, as `bench fetch` found them at the first download.
# A later download that differs is refused: delete its line here to accept it.
"""


@dataclass(frozen=True)
class FirstHash:
    """What a download was.

    Attributes:
        sha256: 64 hex digits.
        size: bytes.
        date: the day in UTC, as 2026-01-31.
        file: name of the file, for people.
    """

    sha256: str
    size: int
    date: str
    file: str


def hash_download(download: Download) -> FirstHash:
    """Return what the file of a download is now."""
    with download.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FirstHash(sha256, download.path.stat().st_size, f"{datetime.now(UTC):%Y-%m-%d}", download.path.name)


def read_hashes(path: Path) -> dict[str, FirstHash]:
    """Return URL → what was recorded of it; empty where nothing was.

    Raises:
        UsageError: the file is damaged or cannot be read.
    """
    if not path.exists():
        return {}
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        found = {url: fill(FirstHash, about, url) for url, about in table.items()}
        if wrong := [url for url, each in found.items() if not re.fullmatch("[0-9a-f]{64}", each.sha256)]:
            raise ValueError(f"{wrong[0]}: sha256 needs 64 hex digits")
    except (OSError, ValueError, RecursionError, UsageError) as error:  # TOML's and Unicode's are ValueErrors
        raise UsageError(
            f"{path} holds hashes of downloads, but cannot be read ({error}): repair it, or delete it so that they are "
            "recorded again"
        ) from None
    return found


def check_hash(path: Path, download: Download, now: FirstHash) -> None:
    """Compare a download with what was recorded of its URL.

    Args:
        path: the file of hashes.
        download: what was downloaded.
        now: what it is.

    Raises:
        BenchError: it is another file.
        UsageError: the file of hashes is damaged.
    """
    before = read_hashes(path).get(download.url)
    if before is None or before.sha256 == now.sha256:
        return
    raise BenchError(
        f"{download.name}: {download.url} is another file than on {before.date}: its SHA-256 began "
        f"{before.sha256[:12]} ({before.size:,} bytes) and now begins {now.sha256[:12]} ({now.size:,} bytes). If you "
        f"trust it, delete its line from {path} and run the command again; to download it again, "
        f"delete {download.path}"
    )


def record_hashes(path: Path, found: Mapping[str, FirstHash]) -> None:
    """Record what downloads are; what was recorded of a URL before stays.

    Args:
        path: the file of hashes, made where it is not there.
        found: URL → what it is.

    Raises:
        UsageError: the file is damaged.
    """
    known = read_hashes(path)
    if new := {url: each for url, each in found.items() if url not in known}:
        lines = [f"{_quoted(url)} = {_inline(each)}\n" for url, each in sorted({**known, **new}.items())]
        write_atomically(path, (_HEADER + "".join(lines)).encode())


def _inline(each: FirstHash) -> str:
    pairs = (f"{key} = {_quoted(value)}" for key, value in asdict(each).items())
    return f"{{ {', '.join(pairs)} }}"


def _quoted(value: str | int) -> str:
    # JSON's texts are TOML's but for this one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
