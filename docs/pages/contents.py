"""The table of contents, from the links of docs/index.md: they say which pages there are and in which order."""

from __future__ import annotations

import re

GENERATED = ("gallery", "commands/index", "python/index", "methods/index", "datasets/index")
_PROJECT = ("../README", "architecture", "../CONTRIBUTING", "../CHANGELOG", "../results/README")


def linked_pages(index: str) -> list[str]:
    """Return the pages that the first page links to, in its order, each once and without suffix.

    Example:
        >>> linked_pages("[a](guides/a.md), [b](b.ipynb#c), [a](guides/a.md), [d](https://d.org)")
        ['guides/a', 'b']
    """
    found = re.findall(r"\]\(((?!https?:)[^)#]+)\.(?:md|ipynb)(?:#[^)]*)?\)", index)
    return list(dict.fromkeys(found))


def toctrees(index: str) -> str:
    """Return the tables of contents to add to the first page: hidden, because its text is one already."""
    pages = [page for page in linked_pages(index) if page not in _PROJECT]
    guides = [page for page in pages if not page.startswith(("reference/", "performance", "gpu"))]
    reference = [page for page in pages if page not in guides]
    generated = [f"generated/{page}" for page in GENERATED]
    weights = [
        "../methods/niqe_pristine",
        "../methods/ilniqe_pristine",
        "../methods/mdfs/mdfs_lite_pristine",
        "../methods/qualiclip/lite/lite",
    ]
    captions = {
        "Guides": guides,
        "Reference": [*generated, *reference],
        "Project": [*_PROJECT, *weights],
    }
    return "".join(_toctree(caption, names) for caption, names in captions.items())


def _toctree(caption: str, names: list[str]) -> str:
    return "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```", ""])
