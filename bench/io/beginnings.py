"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import tarfile

HEAD = 2048
"""Bytes that are looked at."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")


def is_web_page(head: bytes) -> bool:
    """Say whether a file begins as HTML does.

    Example:
        >>> is_web_page(b"  <!DOCTYPE html>"), is_web_page(b"image,score")
        (True, False)
    """
    return head[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGE)


def wrong_beginning(name: str, head: bytes) -> str:
    """Say what a file is instead of what its name says; empty where nothing speaks against it.

    Args:
        name: of the file.
        head: its first ``HEAD`` bytes, or all that it has.

    Example:
        >>> wrong_beginning("set.zip", b"image,score")
        'no zip archive'
    """
    if is_web_page(head):
        return "a web page"
    lower = name.lower()
    if lower.endswith(".zip"):
        return "" if head.startswith(_ZIP) else "no zip archive"
    if lower.endswith(_TAR_SUFFIXES):
        return "" if head.startswith(_GZIP) or _is_tar(head) else "no tar archive"
    return ""


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
