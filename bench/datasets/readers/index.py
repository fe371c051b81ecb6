"""Index of a folder's files by name, independent of case and of how accents are encoded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase

from bench.io.images import is_image_name

# What browsers and file managers put before the suffix of a second copy; images may be called so from the start.
_COPY = re.compile(r" ?\([0-9]{1,2}\)(?=\.(?:csv|tsv|txt|xlsx?|mat|json)$)", re.IGNORECASE)


def fold(name: str) -> str:
    """Return what names share that differ in case alone, or in whether an accent is a character of its own.

    Example:
        >>> fold("Cafe\u0301.JPG") == fold("caf\u00e9.jpg")
        True
    """
    return unicodedata.normalize("NFC", name).lower()


def original(name: str) -> str:
    """Return a name, folded, without what marks a label file as a second copy.

    Example:
        >>> original("Labels (1).csv"), original("photo (1).jpg")
        ('labels.csv', 'photo (1).jpg')
    """
    return fold(_COPY.sub("", name))


def ending_in(name: str, suffix: str) -> str:
    """Return an image's name with this suffix in place of its own; the name itself for an empty one.

    Example:
        >>> ending_in("I01.bmp", ".png"), ending_in("IMG 2.5", ".png"), ending_in("I01.bmp", "")
        ('I01.png', 'IMG 2.5.png', 'I01.bmp')
    """
    if not suffix:
        return name
    return f"{name.rpartition('.')[0] if is_image_name(name) else name}{suffix}"


def join(folder: str, name: str) -> str:
    """Put a relative folder (``.`` or empty: none) before a name."""
    return name if folder in ("", ".") else f"{folder}/{name}"


class Index:
    """The files below a root: exact names first, then the only one that is equal once folded.

    A label file is found too where its name has become that of a second copy, ``labels (1).csv``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._exact = set(self.names)
        self._above: dict[int, set[str]] = {}
        self._folded: dict[str, list[str]] = {}
        for name in self.names:
            self._folded.setdefault(fold(name), []).append(name)
        copies: dict[str, list[str]] = {}
        for name in filter(_COPY.search, self.names):
            copies.setdefault(original(name), []).append(name)
        self._folded = copies | self._folded

    def find(self, name: str) -> str | None:
        """Return the file of that name, or None."""
        if name in self._exact:
            return name
        alike = self._folded.get(fold(name), [])
        return alike[0] if len(alike) == 1 else None

    def matching(self, pattern: str, base: str = "") -> list[str]:
        """Return the files that a name, or a pattern with ``*``, means below a folder, sorted."""
        if "*" not in pattern:
            found = self.find(join(base, pattern))
            return [found] if found else []
        start = join(base, "") if base else ""
        depth = pattern.count("/")
        below = ((name, name.removeprefix(start)) for name in self.names if name.startswith(start))
        there = [n for n, rest in below if rest.count("/") == depth and fnmatchcase(original(rest), fold(pattern))]
        return [name for name in there if self.find(original(name)) in (None, name)]

    def folders(self, pattern: str, base: str = "") -> list[str]:
        """Return the folders that a name, or a pattern with ``*``, means below a folder; a name is not looked up."""
        if pattern == ".":
            return [base]
        if "*" not in pattern:
            return [join(base, pattern)]
        start = join(base, "") if base else ""
        below = ((name, name.removeprefix(start)) for name in sorted(self._folders()) if name.startswith(start))
        depth = pattern.count("/")
        return [n for n, rest in below if rest.count("/") == depth and fnmatchcase(fold(rest), fold(pattern))]

    def folders_with(self, pattern: str) -> list[str]:
        """Return the folders (the root is empty) that have a file of that name or pattern, shallowest first."""
        above = self._folders(pattern.count("/") + 1)
        return sorted((f for f in above if self.matching(pattern, f)), key=lambda f: (f.count("/"), f))

    def _folders(self, above: int = 1) -> set[str]:
        """Return the folders that have a file so many levels below them; the root is empty."""
        if above not in self._above:
            deep = (name.rsplit("/", above) for name in self.names)
            self._above[above] = {parts[0] if len(parts) > above else "" for parts in deep if len(parts) >= above}
        return self._above[above]
