"""Links of a report: to papers, code and licences as they were declared, and between its own parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.cite.papers import known_papers, papers_meant
from bench.datasets.card import paper_link
from bench.datasets.catalogue import find_card
from bench.tables.cell import Cell

_ADDRESS = re.compile(r"https?://[^\s<>\"'{}]+")
_CODE = re.compile(r"https?://(www\.)?(github|gitlab|codeberg|bitbucket)\.(com|org)/")

_PYIQA = "chen2022iqapytorch"


@dataclass(frozen=True)
class Link:
    """A link to elsewhere.

    Attributes:
        text: ``paper``, ``code`` or another word.
        address: http or https.
    """

    text: str
    address: str


@dataclass(frozen=True)
class Places:
    """Addresses of a report's own parts, as the page that shows the links needs them.

    Attributes:
        home: of the leaderboard.
        methods: of a method, with ``{}`` for its slug.
        datasets: of a dataset.
        cells: of what stands behind a number, with ``{slug}`` for its method's slug and ``{key}`` for its entry.
        method_of: key of an entry → slug of its method.
    """

    home: str = "#leaderboard"
    methods: str = "#method-{}"
    datasets: str = "#dataset-{}"
    cells: str = "#cell-{key}"
    method_of: Mapping[str, str] = field(default_factory=dict)

    def method(self, slug: str) -> str:
        """Return the address of a method."""
        return self.methods.format(slug)

    def dataset(self, slug: str) -> str:
        """Return the address of a dataset."""
        return self.datasets.format(slug)

    def cell(self, key: str) -> str:
        """Return the address of what stands behind a number; empty where the report does not have it."""
        slug = self.method_of.get(key, "")
        return self.cells.format(slug=slug, key=key) if slug or "{slug}" not in self.cells else ""


def method_links(cell: Cell) -> tuple[Link, ...]:
    """Return the links of a method: its papers as far as they are known, and the addresses that it declares."""
    declared = cell.entry.meta["method"]
    citation = str(declared.get("citation", ""))
    papers = [paper.link for paper in papers_meant(citation)]
    code = str(declared.get("code", ""))
    addresses = [Link("code", code)] if _ADDRESS.fullmatch(code) else []
    if cell.method.name.startswith("pyiqa:"):
        homes = _ADDRESS.findall(known_papers()[_PYIQA].fields["howpublished"])
        addresses += [Link("pyiqa" if addresses else "code", home) for home in homes[:1] if home != code]
    return (
        *_named("paper", papers),
        *addresses,
        *_found(citation, [*papers, code]),
        *_found(str(declared.get("licence", "")), [], "licence"),
    )


def dataset_links(id_: str) -> tuple[Link, ...]:
    """Return the links of a dataset with a card: its paper and where to get it; none of another."""
    card = find_card(id_)
    if card is None:
        return ()
    source = _ADDRESS.search(card.source)
    links = [Link("source", source[0])] if source else []
    return (*_named("paper", [paper_link(card.doi, card.arxiv)]), *links)


def _named(text: str, addresses: list[str]) -> list[Link]:
    found = list(dict.fromkeys(filter(_ADDRESS.fullmatch, addresses)))
    return [Link(f"{text} {n}" if len(found) > 1 else text, each) for n, each in enumerate(found, 1)]


def _found(text: str, known: list[str], name: str = "") -> list[Link]:
    addresses = dict.fromkeys(each.rstrip(".,;)") for each in _ADDRESS.findall(text))
    return [Link(name or ("code" if _CODE.match(each) else "link"), each) for each in addresses if each not in known]
