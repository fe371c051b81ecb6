"""Downloads over HTTP: resumed after an interruption, verified by a hash, complete or absent.

Written on urllib because the usual helpers (pooch, torch.hub) begin again from nothing after a cut.
"""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO, cast

from bench.api import Download
from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.io.progress import bytes_bar

_CHUNK = 2**18
_TIMEOUT = 30.0
_ATTEMPTS = 5
_WEIGHTS_LIMIT = 8 * 2**30
_HASHES = {"sha256": "SHA-256", "md5": "MD5"}


def is_whole(download: Download) -> bool:
    """Say whether the file is here.

    Raises:
        UsageError: it is, but with another hash than it should have.
    """
    if not download.path.is_file():
        return False
    if mismatch := _mismatch(download, download.path):
        raise UsageError(
            f"{download.path} exists but is not {download.name}: {mismatch}; delete it and run the command again"
        )
    return True


def describe_download(download: Download) -> str:
    """Say what would be fetched: size, source, and what it would be checked by."""
    size = "size not known" if download.size is None else f"about {download.size / 1e6:,.0f} MB"
    algorithm, _ = download.checksum
    check = f"checked by its {_HASHES[algorithm]}" if algorithm else "no hash is published to check it by"
    return f"{download.name}: {size}, from {download.url}; {check}"


def fetch(download: Download, most: int = _WEIGHTS_LIMIT) -> None:
    """Download a file; resumes from ``NAME.part`` if it exists.

    Args:
        download: the file.
        most: bytes at which it is given up, for servers that send without end.

    Raises:
        MissingRequirementError: the server cannot be reached or has no such file.
        BenchError: the connection failed repeatedly, or the hash is wrong.
    """
    from filelock import FileLock

    download.path.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(download.path, ".part")
    with FileLock(_beside(download.path, ".lock")):
        if download.path.is_file():
            return  # another process was faster
        for _ in range(_ATTEMPTS):
            if _continue(download, part, most):
                break
        else:
            raise BenchError(
                f"{download.name}: the connection to {download.url} failed {_ATTEMPTS} times; "
                f"{part.stat().st_size:,} bytes are kept in {part}: run the same command again to resume"
            )
        _accept(download, part)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _accept(download: Download, part: Path) -> None:
    mismatch = _mismatch(download, part)
    _beside(part, ".etag").unlink(missing_ok=True)
    if mismatch:
        part.unlink()
        raise BenchError(
            f"{download.name}: the download from {download.url} is wrong, {mismatch}; it was deleted: "
            f"try again, or download the file by hand to {download.path}"
        )
    part.replace(download.path)


def _mismatch(download: Download, path: Path) -> str:
    """Compare a file with the published hash; say how they differ, or nothing."""
    algorithm, wanted = download.checksum
    if not algorithm:
        return ""
    with path.open("rb") as file:
        got = hashlib.file_digest(file, algorithm).hexdigest()
    return "" if got == wanted else f"the {_HASHES[algorithm]} begins {got[:12]} and should begin {wanted[:12]}"


def _continue(download: Download, part: Path, most: int) -> bool:
    """Download the missing part; True if the file is complete, False if the connection failed."""
    response = _open(download, part)
    if response is None:
        return True
    with response:
        start = _start(download, response, part)
        left = response.headers.get("Content-Length")
        _remember_version(response.headers, part)
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            total = None if left is None else start + int(left)
            ended = _copy(response, file, total, download.name, most)
    return ended and (total is None or part.stat().st_size == total)


def _open(download: Download, part: Path) -> HTTPResponse | None:
    """Ask for the file from where the part ends; None when the server says that nothing is lacking."""
    try:
        return cast(HTTPResponse, urllib.request.urlopen(_request(download, part), timeout=_TIMEOUT))
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 416 or not part.is_file():
                raise _unreachable(download, f"HTTP {error.code} {error.reason}") from None
            if error.headers.get("Content-Range", "") == f"bytes */{part.stat().st_size}":
                return None
    except (OSError, HTTPException) as error:  # URLError is an OSError
        raise _unreachable(download, str(getattr(error, "reason", error)) or type(error).__name__) from None
    part.unlink()  # longer than the file, so not of it
    return _open(download, part)


def _request(download: Download, part: Path) -> urllib.request.Request:
    request = urllib.request.Request(download.url, headers={"User-Agent": "iqa-bench", "Accept-Encoding": "identity"})
    have = part.stat().st_size if part.is_file() else 0
    version = _beside(part, ".etag")
    known = version.read_text(encoding="utf-8") if version.is_file() else ""
    # Without a hash, two halves may only be joined if the server says that they are of one file.
    if have and (known or download.checksum[0]):
        request.add_header("Range", f"bytes={have}-")
        if known:
            request.add_header("If-Range", known)
    return request


def _remember_version(headers: Message, part: Path) -> None:
    etag = headers.get("ETag", "")
    version = "" if etag.startswith("W/") else etag
    _beside(part, ".etag").write_text(version or headers.get("Last-Modified", ""), encoding="utf-8")


def _start(download: Download, response: HTTPResponse, part: Path) -> int:
    """Return at which byte the answer begins: 0, unless the server goes on where the part ends."""
    if response.status != 206:
        return 0
    have = part.stat().st_size
    if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        raise _unreachable(download, f"asked to go on at byte {have}, the server sent another part")
    return have


def _copy(response: HTTPResponse, file: BinaryIO, total: int | None, name: str, most: int) -> bool:
    """Write what the server sends; True if the server ended it, False if the connection failed."""
    with bytes_bar(total, name, file.tell()) as shown:
        while True:
            try:
                chunk = response.read(_CHUNK)
            except (OSError, HTTPException):
                return False
            if not chunk:
                return True
            if file.tell() + len(chunk) > most:
                raise BenchError(f"{name}: the server sends more than {most:,} bytes, too many for this file")
            file.write(chunk)
            shown.update(len(chunk))


def _unreachable(download: Download, reason: str) -> MissingRequirementError:
    return MissingRequirementError(
        f"{download.name}: {download.url} cannot be downloaded ({reason}); download it on another "
        f"machine and copy it to {download.path}"
    )
