"""What a dataset or a method asks to be cited."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bench import __version__
from bench.api import MethodInfo
from bench.cite.bibtex import BibtexEntry
from bench.cite.papers import known_papers, papers_meant
from bench.datasets.card import Card
from bench.views.latex import escape_latex

# The distance of every `ou:NAME`, whose citation names it without its title.
_DISTANCE = "mittal2013making"
# Styles that print author and year refuse a whole bibliography for one entry without a year.
_NO_DATE = "n.d."
# Citations that say that there is no paper.
_NONE = re.compile(r"(none|not declared)\b")


@dataclass(frozen=True)
class Citation:
    """What to cite for one name.

    Attributes:
        name: id of a dataset or name of a method.
        line: the citation in one line; empty where there is nothing to cite.
        entries: the same for BibTeX; several where it rests on several papers.
    """

    name: str
    line: str
    entries: tuple[BibtexEntry, ...]

    def as_text(self) -> str:
        """Return name and line, with the address of the first paper."""
        address = self.entries[0].link
        return " ".join([f"{self.name}: {self.line.rstrip('.')}.", *([address] if address else [])])


HARNESS = Citation(
    "bench",
    f"bench maintainers, bench {__version__}: a benchmark harness for opinion-unaware image quality assessment, 2026",
    (
        BibtexEntry(
            "misc",
            "bench",
            {
                "author": "{bench maintainers}",
                "title": "{bench}: a benchmark harness for opinion-unaware image quality assessment",
                "year": "2026",
                "note": f"Version {__version__}",
            },
        ),
    ),
)
"""That of this package."""


def cite_software(citations: Iterable[Citation]) -> list[Citation]:
    """Return what to cite for the programs: pyiqa where one of the citations is of a method of it, and bench."""
    paper = known_papers()["chen2022iqapytorch"]
    pyiqa = Citation(
        "pyiqa",
        "Chen, Mo, IQA-PyTorch: PyTorch toolbox for image quality assessment, 2022, github.com/chaofengc/IQA-PyTorch",
        (paper,),
    )
    used = any(citation.name.startswith("pyiqa:") for citation in citations)
    return [pyiqa, HARNESS] if used else [HARNESS]


def cite_dataset(card: Card) -> Citation:
    """Return what to cite for a dataset with a card."""
    if _NONE.match(card.citation):
        return Citation(card.id, "", ())
    meant = papers_meant(f"{card.citation} {card.doi} {card.arxiv}")
    # Of a set without a known paper the card's own words and ids are cited.
    ids = {"doi": card.doi} if card.doi else {"eprint": card.arxiv, "archiveprefix": "arXiv"} if card.arxiv else {}
    entries = meant or [_by_line("dataset", card.id, card.title, card.citation, ids)]
    return Citation(card.id, card.citation, tuple(entries))


def cite_method(info: MethodInfo) -> Citation:
    """Return what to cite for a method: the papers that its citation means."""
    if _NONE.match(info.citation):
        return Citation(info.name, "", ())
    meant = papers_meant(info.citation) or [_by_line("method", info.name, info.name, info.citation, {})]
    distance = [known_papers()[_DISTANCE]] if info.name.startswith("ou:") else []
    return Citation(info.name, info.citation, (*meant, *(paper for paper in distance if paper not in meant)))


def _by_line(kind: str, name: str, title: str, line: str, ids: dict[str, str]) -> BibtexEntry:
    """Return an entry that quotes a citation as it is: who wrote it and where it was printed are not told apart."""
    key = f"{kind}-{re.sub(r'[^A-Za-z0-9]+', '-', name)}"
    years = re.findall(r"\b(?:19|20)\d\d\b", line)
    about = {"title": f"{{{_latex(title)}}}", "key": _latex(name), "year": years[-1] if years else _NO_DATE}
    return BibtexEntry("misc", key, {**about, "note": _latex(line), **ids})


def _latex(text: str) -> str:
    # BibTeX counts braces even where LaTeX does not.
    return escape_latex(text.replace("{", "(").replace("}", ")"))
