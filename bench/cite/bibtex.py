"""One BibTeX entry, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.datasets.card import paper_link

# A field a line and a closing brace of its own: how papers.bib is written, not all that BibTeX allows.
_ENTRY = re.compile(r"^@(\w+)\{([^,\s]+),\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)


@dataclass(frozen=True)
class BibtexEntry:
    """A BibTeX entry.

    Attributes:
        kind: ``article``, ``inproceedings`` or ``misc``.
        key: what a text cites it by.
        fields: name of a field → its LaTeX, in the order of writing.
    """

    kind: str
    key: str
    fields: Mapping[str, str]

    def __str__(self) -> str:
        """Return its text, a field a line, as :func:`parse` reads it."""
        lines = [f"  {name} = {{{value}}},\n" for name, value in self.fields.items()]
        return f"@{self.kind}{{{self.key},\n{''.join(lines)}}}"

    @property
    def link(self) -> str:
        """Address of the paper by its DOI, else by its arXiv id; empty without both."""
        return paper_link(self.fields.get("doi", ""), self.fields.get("eprint", ""))


def parse(text: str) -> Iterator[BibtexEntry]:
    r"""Yield the entries of a text that is written as ``papers.bib`` is; what stands between them is a comment.

    Example:
        >>> [entry] = parse("@misc{fang2020,\n  title = {The {SPAQ} Set},\n}\n")
        >>> entry.key, entry.fields["title"]
        ('fang2020', 'The {SPAQ} Set')
    """
    for kind, key, body in _ENTRY.findall(text):
        yield BibtexEntry(kind, key, dict(_FIELD.findall(body)))
