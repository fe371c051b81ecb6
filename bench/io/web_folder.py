"""The names of files below a folder that a web server lists, from the links of its index pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urljoin, urlsplit

from bench.errors import UsageError
from bench.io import web

MAX_NAMES = 1_000_000
"""Files and folders that a folder or an archive may have in all."""
MAX_LEVELS = 7
"""Folders in folders that are looked into."""
_MOST_BYTES = 2**28
_MOST_SECONDS = 900.0
# Both parts are bounded, so that no page costs more than a pass over it.
_LINK = re.compile(rb"""<a\s[^<>]{0,500}?href\s*=\s*["']([^"'<>]{1,4096})""", re.IGNORECASE)


def names_below(url: str) -> list[str]:
    """Return the names of all files below a folder at an http address, relative to it.

    Raises:
        UsageError: it cannot be listed, is too large, too deep, or its server is too slow.
    """
    budget = web.Budget(_MOST_BYTES, _MOST_SECONDS)
    found, folders = set[str](), [""]
    try:
        while folders:
            below = folders.pop()
            page, address = web.read(f"{url.rstrip('/')}/{quote(below)}", budget)
            for name in _links(page, address):
                if below + name in found:
                    continue
                found.add(below + name)
                if len(found) > MAX_NAMES:
                    raise UsageError(f"{url} lists more than {MAX_NAMES:,} files and folders: give a folder below it")
                if name.endswith("/"):
                    folders.append(below + name)
                    refuse_depth(url, (below + name).count("/"))
    except web.FAILURES as error:
        raise UsageError(f"{url} cannot be listed: {web.reason(error)}") from None
    return [name for name in found if not name.endswith("/")]


def refuse_depth(where: str, levels: int) -> None:
    """Raise UsageError where folders are in more folders than are looked into."""
    if levels > MAX_LEVELS:
        raise UsageError(f"{where} has folders more than {MAX_LEVELS} levels deep: give a folder below it")


def _links(page: bytes, address: str) -> Iterator[str]:
    """Yield what a page links to below its own address, a folder with a slash at its end."""
    base = urlsplit(address)
    for match in _LINK.finditer(page):
        try:
            link = urlsplit(urljoin(address, html.unescape(match[1].decode("utf-8", "replace"))))
        except ValueError:  # no address at all
            continue
        name = unquote(link.path).removeprefix(unquote(base.path))
        if link.netloc == base.netloc and name and len(name) < len(unquote(link.path)):
            yield name
