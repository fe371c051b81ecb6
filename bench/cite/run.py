"""The references of names or of stored results, as BibTeX or as text: ``bench cite``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from bench.api import Method
from bench.cite.bibtex import BibtexEntry
from bench.cite.citation import Citation, cite_dataset, cite_method, cite_software
from bench.datasets.catalogue import card_of, find_card, names
from bench.errors import UsageError, did_you_mean
from bench.io.progress import note
from bench.io.visible import quoted
from bench.plugins.registry import catalogue
from bench.runs.entry import Entry

# A regression of `bench fit --features` is stored under the name of its features' method with this before it.
_FITTED = "fit:"


def cite_names(given: Sequence[str]) -> list[Citation]:
    """Return the citations of datasets and methods, and of the programs used.

    Args:
        given: ids, paths of cards and names of methods, in any order and mixture.

    Raises:
        UsageError: a name is none of these, or a card cannot be read.
    """
    cited = list({citation.name: citation for citation in map(_cite, given)}.values())
    return [*cited, *cite_software(cited)]


def cite_results(entries: Iterable[Entry]) -> list[Citation]:
    """Return the citations of the methods and datasets of stored results, each once, and of the programs used.

    Folders of one's own, imported scores and functions have empty ones: only who made them knows what to cite.
    """
    entries = list(entries)
    methods = {entry.method.name.removeprefix(_FITTED) for entry in entries}
    datasets = {entry.dataset.id for entry in entries}
    cited = [_cite_method(name) or Citation(name, "", ()) for name in sorted(methods)]
    for name in sorted(datasets):
        card = find_card(name)
        cited.append(cite_dataset(card) if card else Citation(name, "", ()))
    return [*cited, *cite_software(cited)]


def write_citations(citations: Sequence[Citation], form: Literal["bibtex", "text"]) -> str:
    """Return citations as a BibTeX file or one line a name, and say on stderr which names have none."""
    if without := [citation.name for citation in citations if not citation.line]:
        note(f"nothing to cite is known for {', '.join(without)}")
    return as_text(citations) if form == "text" else as_bibtex(citations)


def as_bibtex(citations: Iterable[Citation]) -> str:
    """Return a BibTeX file: each paper once, after a line that says what it is cited for."""
    uses: dict[str, tuple[BibtexEntry, list[str]]] = {}
    for citation in citations:
        for entry in citation.entries:
            uses.setdefault(entry.key, (entry, []))[1].append(citation.name)
    return "\n\n".join(f"% {', '.join(named)}\n{entry}" for entry, named in uses.values()) + "\n"


def as_text(citations: Iterable[Citation]) -> str:
    """Return one line a name."""
    return "".join(f"{citation.as_text()}\n" for citation in citations if citation.line)


def _cite(name: str) -> Citation:
    card = card_of(name)
    citation = cite_dataset(card) if card else _cite_method(name)
    if citation is None:
        raise UsageError(
            f"NAME got {quoted(name)}, which is neither a dataset nor a "
            f"method.{did_you_mean(name, [*names(), *_methods()])} "
            "See `bench list datasets` and `bench list methods`."
        )
    return citation


def _cite_method(name: str) -> Citation | None:
    method = _methods().get(name)
    return cite_method(method.info) if method else None


def _methods() -> dict[str, type[Method]]:
    found = catalogue()
    return {**found.methods, **{alias: found.methods[of] for alias, of in found.aliases.items()}}
