"""Downloads over HTTP: resumed after an interruption, verified by a hash, complete or absent.

Written on urllib because the usual helpers (pooch, torch.hub) begin again from nothing after a cut. What a server may
cost is bounded: bytes, seconds, and slowness (:mod:`bench.io.web`). A web page in place of the file is refused by its
first bytes. What a card has at an http address is taken over https where that answers.
"""

from __future__ import annotations

import contextlib
import hashlib
import ssl
import time
import urllib.error
from dataclasses import replace
from email.message import Message
from http.client import HTTPResponse
from itertools import chain
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from bench.api import Download
from bench.errors import BenchError, MissingRequirementError, UsageError
from bench.io import web
from bench.io.beginnings import HEAD, wrong_beginning
from bench.io.progress import bytes_bar, note

_ATTEMPTS = 5
_MOST_SECONDS = 86_400.0
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
        MissingRequirementError: the server cannot be reached, has no such file, or sends a web page in its place.
        BenchError: the connection failed repeatedly or is too slow, or the hash is wrong.
    """
    from filelock import FileLock

    download.path.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(download.path, ".part")
    with FileLock(_beside(download.path, ".lock")):
        if download.path.is_file():
            return  # another process was faster
        download = _over_https(download)
        until = time.monotonic() + _MOST_SECONDS
        for _ in range(_ATTEMPTS):
            if _continue(download, part, most, until):
                break
        else:
            raise BenchError(
                f"{download.name}: the connection to {download.url} failed {_ATTEMPTS} times; {_kept(part)}"
            )
        _accept(download, part)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _over_https(download: Download) -> Download:
    """Return the download at its https address, or as it is where that is its address or does not answer."""
    secure = web.over_https(download.url)
    if not secure:
        return download
    host = urlsplit(secure).hostname
    try:
        why_not = web.why_not(secure)
    except ssl.SSLCertVerificationError as error:
        # Somebody may stand in between. Where the hash is published that would show.
        why_not = f"its certificate is not valid: {error.verify_message}"
        if not download.checksum[0]:
            raise _unreachable(
                download, f"{host} answers over https, but {why_not}, and no hash is published to check http by"
            ) from None
    if not why_not:
        return replace(download, url=secure)
    check = "its hash is checked" if download.checksum[0] else "where others could change it on its way"
    note(f"{download.name}: {host} does not send it over https ({why_not}), so it comes over plain http, {check}")
    return download


def _accept(download: Download, part: Path) -> None:
    with part.open("rb") as file:
        _refuse_other(download, part, file.read(HEAD))
    _beside(part, ".etag").unlink(missing_ok=True)
    if mismatch := _mismatch(download, part):
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


def _refuse_other(download: Download, part: Path, head: bytes) -> None:
    """Refuse what is not of the kind that the file's name says, by its first bytes; no part of it is kept."""
    if not (wrong := wrong_beginning(download.path.name, head)):
        return
    part.unlink(missing_ok=True)
    _beside(part, ".etag").unlink(missing_ok=True)
    page = " (to log in, to accept terms, or an error)" if wrong == "a web page" else ""
    raise MissingRequirementError(
        f"{download.name}: {download.url} sent {wrong}{page} in place of the file: "
        f"download it in a browser and copy it to {download.path}"
    )


def _continue(download: Download, part: Path, most: int, until: float) -> bool:
    """Download the missing part; True if the file is complete, False if the connection failed."""
    response = _open(download, part)
    if response is None:
        return True
    with response:
        start = _start(download, response, part)
        total = None if response.length is None else start + response.length
        if total is not None and total > most:
            raise _too_much(download, most)
        try:
            _save(download, response, part, start, total, most, until)
        except web.BrokenOffError:
            return False
        except web.TooSlowError as error:
            # What was fast before may be so again.
            if _size(part) - start < web.SLOWEST * web.WINDOW:
                raise _too_slow(download, part, error) from None
            return False
    return total is None or _size(part) == total


def _open(download: Download, part: Path) -> HTTPResponse | None:
    """Ask for the file from where the part ends; None when the server says that nothing is lacking."""
    try:
        return cast(HTTPResponse, web.open_url(download.url, _headers(download, part)))
    except urllib.error.HTTPError as error:
        with contextlib.closing(error):
            if error.code != 416 or not part.is_file():
                raise _unreachable(download, web.reason(error)) from None
            if error.headers.get("Content-Range", "") == f"bytes */{part.stat().st_size}":
                return None
    except web.TooSlowError as error:
        raise _too_slow(download, part, error) from None
    except web.FAILURES as error:
        raise _unreachable(download, web.reason(error)) from None
    part.unlink()  # longer than the file, so not of it
    return _open(download, part)


def _headers(download: Download, part: Path) -> dict[str, str]:
    """Return what asks for the missing part alone."""
    have = _size(part)
    version = _beside(part, ".etag")
    known = version.read_text(encoding="utf-8") if version.is_file() else ""
    # Without a hash, two halves may only be joined if the server says that they are of one file.
    if not have or not (known or download.checksum[0]):
        return {}
    return {"Range": f"bytes={have}-", **({"If-Range": known} if known else {})}


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


def _save(
    download: Download, response: HTTPResponse, part: Path, start: int, total: int | None, most: int, until: float
) -> None:
    """Write what the server sends, until it ends."""
    received = web.pieces(response)
    head = b""
    while not start and len(head) < HEAD and (piece := next(received, b"")):
        head += piece
    if not start:
        _refuse_other(download, part, head)
    _remember_version(response.headers, part)
    with part.open("r+b" if start else "wb") as file, bytes_bar(total, download.name, start) as shown:
        file.seek(start)
        for piece in chain([head], received):
            if file.tell() + len(piece) > most:
                raise _too_much(download, most)
            file.write(piece)
            shown.update(len(piece))
            if time.monotonic() > until:
                file.flush()
                raise BenchError(f"{download.name}: {_MOST_SECONDS / 3600:.0f} hours have passed; {_kept(part)}")


def _unreachable(download: Download, reason: str) -> MissingRequirementError:
    return MissingRequirementError(
        f"{download.name}: {download.url} cannot be downloaded ({reason}); download it on another "
        f"machine and copy it to {download.path}"
    )


def _too_much(download: Download, most: int) -> BenchError:
    return BenchError(f"{download.name}: the server sends more than {most:,} bytes, too many for this file")


def _too_slow(download: Download, part: Path, error: web.TooSlowError) -> BenchError:
    return BenchError(
        f"{download.name}: {download.url} is too slow, as {error} (the least is {web.SLOWEST:,} bytes a second); "
        f"{_kept(part)}"
    )


def _kept(part: Path) -> str:
    size = _size(part)
    if not size:
        return "nothing of it is kept yet: run the same command again"
    return f"{size:,} bytes are kept in {part}: run the same command again to resume"


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0
