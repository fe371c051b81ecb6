"""Pieces of Markdown that all pages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bench.views.markdown import escape_markdown


def prose(text: str) -> str:
    r"""Return plain text as Markdown: what stands in backticks stays code, the rest is no markup.

    Example:
        >>> print(prose("use `bench list <x>` for *all*"))
        use `bench list <x>` for \*all\*
    """
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part.replace("|", r"\|") if i % 2 else _words(part) for i, part in enumerate(parts))


def _words(text: str) -> str:
    return escape_markdown(text) if text.strip() else text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; the cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def facts(said: Mapping[str, str]) -> str:
    """Return a table of two columns, without the rows of which nothing is said."""
    return table(["", ""], [[name, text] for name, text in said.items() if text])


def code(lines: Iterable[str], language: str = "sh") -> str:
    """Return lines of code as a block."""
    return "\n".join([f"```{language}", *lines, "```", ""])


def page(title: str, *parts: str) -> str:
    """Return a page: its title and its parts, without the empty ones."""
    return "\n\n".join([f"# {title}", *(part.strip() for part in parts if part.strip())]) + "\n"


def section(title: str, *parts: str) -> str:
    """Return a section; empty if its parts are."""
    given = [part.strip() for part in parts if part.strip()]
    return "\n\n".join([f"## {title}", *given]) if given else ""


def file_name(name: str) -> str:
    """Return the name of the page of a method or dataset, without suffix.

    Example:
        >>> file_name("pyiqa:clipiqa+_vitL14_512")
        'pyiqa-clipiqa-plus-vitl14-512'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("+", "-plus-")).strip("-")


def linked(text: str) -> str:
    """Return a citation as Markdown, with its arXiv id as a link.

    Example:
        >>> linked("Me, Mine, arXiv:2403.11176")
        'Me, Mine, [arXiv:2403.11176](https://arxiv.org/abs/2403.11176)'
    """
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", prose(text))
