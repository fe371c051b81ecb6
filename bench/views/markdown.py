"""Tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.io.visible import one_line
from bench.views.writing import Markup, Sheet

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BETWEEN = "˒"  # two notes on one cell must not read as one number


def escape_markdown(text: str) -> str:
    """Return a text on one line, with nothing in it that Markdown takes for markup."""
    # Names come from datasets and plugins: keep them from ending a cell or opening markup. An
    # underscore inside a word opens none.
    line = one_line(str(text))
    return re.sub(r"[\\|<>*`\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", line)


def aligned(lines: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table, its columns filled up to one width; the first line is the head."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    texts = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines]
    rule = "|" + "|".join(("-" if i == 0 else ":").ljust(w + 2, "-") for i, w in enumerate(widths)) + "|"
    return [texts[0], rule, *texts[1:]]


def _markdown(sheet: Sheet) -> str:
    lines = [sheet.head]
    for heading, rows in sheet.groups:
        lines += [[f"_{heading}_"] + [""] * (len(sheet.head) - 1)] if heading else []
        lines += rows
    title = [f"**{sheet.title}**", ""] if sheet.title else []
    captions = [part for caption in sheet.captions for part in (caption, "")]
    notes = [f"{superscripts([number])} {note}  " for number, note in enumerate(sheet.notes, 1)]
    return "\n".join([*title, *aligned(lines), "", *captions, *notes]) + "\n"


def superscripts(numbers: Sequence[int]) -> str:
    """Write the numbers of footnotes as they stand beside a cell."""
    return _BETWEEN.join(str(number).translate(_SUPERSCRIPT) for number in numbers)


MARKDOWN = Markup(
    escape=escape_markdown,
    best=lambda text: f"**{text}**",
    second=lambda text: f"<ins>{text}</ins>",
    code=lambda text: f"`{text}`",
    strong=lambda text: f"**{text}**\n",
    marks=superscripts,
    lay_out=_markdown,
)
