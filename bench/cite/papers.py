"""The papers that are known here (``papers.bib``), and which of them a citation means."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from bench.cite.bibtex import BibtexEntry, parse

PAPERS = Path(__file__).with_suffix(".bib")


@functools.cache
def known_papers() -> dict[str, BibtexEntry]:
    """Return key → entry of every paper in ``papers.bib``, in the order of the file."""
    return {entry.key: entry for entry in parse(PAPERS.read_text(encoding="utf-8"))}


def papers_meant(citation: str) -> list[BibtexEntry]:
    """Return the known papers whose title, DOI or arXiv id a text has.

    Args:
        citation: one line, as cards and methods declare it. Case and punctuation of titles do not count.

    Example:
        >>> [paper.key for paper in papers_meant("Talebi, Milanfar, NIMA: neural image assessment, IEEE TIP 2018")]
        ['talebi2018nima']
        >>> [paper.key for paper in papers_meant("doi 10.1109/TIP.2020.2967829")]
        ['hosu2020koniq10k']
    """
    words = _letters(citation)
    return [paper for paper in known_papers().values() if _has_id(citation, paper) or _title(paper) in words]


def _has_id(text: str, paper: BibtexEntry) -> bool:
    ids = [paper.fields[name] for name in ("doi", "eprint") if name in paper.fields]
    return any(re.search(rf"(?<![\w.]){re.escape(each)}(v\d+)?(?!\w)", text, re.IGNORECASE) for each in ids)


def _title(paper: BibtexEntry) -> str:
    return _letters(paper.fields["title"])


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
