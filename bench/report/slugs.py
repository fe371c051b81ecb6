"""Names of methods and datasets as parts of addresses and names of files, safe on every system."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bench.io.hashing import short_hash

_LONGEST = 60
# Windows gives these to devices, whatever follows their first dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def find_slugs(names: Iterable[str]) -> dict[str, str]:
    """Return name → slug: letters, digits and ``_ . -`` alone, each slug once, capitals and small letters being equal.

    A slug does not depend on the other names unless they have the same one, so that addresses last.

    Example:
        >>> find_slugs(["niqe", "pyiqa:niqe", "../x"])
        {'niqe': 'niqe', 'pyiqa:niqe': 'pyiqa-niqe', '../x': 'x'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        slug = _slug(name)
        if slug.lower() in taken:
            slug = f"{slug}-{short_hash(name)}"
        taken.add(slug.lower())
        found[name] = slug
    return found


def _slug(name: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:_LONGEST].rstrip("-.")
    return f"x-{slug}" if _DEVICES.fullmatch(slug) or not slug else slug
