"""The gallery: every figure that a guide shows, with the command that draws it."""

from __future__ import annotations

import re
from pathlib import Path

from . import text

DOCS = Path(__file__).parents[1]
_FIGURE = re.compile(r"^!\[([^]]*)\]\(\.\./figures/([^)]+)\)$", re.MULTILINE)
_COMMAND = re.compile(r"^    (bench .+(?:\\\n.+)*)$|`(bench [^`]+)`", re.MULTILINE)


def page() -> str:
    """Return the page."""
    about = "Figures of the guides, each with the command that drew it. [All kinds of figures](../guides/figures.md)."
    return text.page(
        "Gallery", about, *(part for guide in sorted(DOCS.glob("guides/*.md")) for part in _figures(guide))
    )


def _figures(guide: Path) -> list[str]:
    said = guide.read_text(encoding="utf-8")
    title = said.partition("\n")[0].lstrip("# ")
    return [
        text.section(
            found[1],
            f"![{found[1]}](../figures/{found[2]})",
            text.code([nearest_command(said, found.start())]),
            f"From [{title}](../guides/{guide.name}).",
        )
        for found in _FIGURE.finditer(said)
    ]


def nearest_command(said: str, place: int) -> str:
    r"""Return the command of a guide that is nearest to a place in its text.

    Example:
        >>> nearest_command("    bench a\n\n![A](a.png)\n\nText.\n\n    bench b --to \\\n        file\n", 13)
        'bench a'
    """
    commands = list(_COMMAND.finditer(said))
    nearest = min(commands, key=lambda found: min(abs(found.start() - place), abs(found.end() - place)))
    return re.sub(r"\s*\\\n\s*", " \\\n    ", nearest[1] or nearest[2])
