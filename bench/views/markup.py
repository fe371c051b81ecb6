"""The two languages that tables are written in: how each marks, escapes and lays out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BETWEEN = "˒"  # two notes on one cell must not read as one number


@dataclass(frozen=True)
class Sheet:
    """A table ready to be laid out; every text is marked up already.

    Attributes:
        head: headings of the columns.
        groups: (heading, lines of cells); an empty heading gets no line.
        captions: sentences below it.
        notes: footnotes, in the order of their numbers.
    """

    head: list[str]
    groups: list[tuple[str, list[list[str]]]]
    captions: list[str]
    notes: list[str]


@dataclass(frozen=True)
class Markup:
    """A language.

    Attributes:
        escape: text of others → text with nothing in it that the language takes for markup.
        best: writes the best number of a column.
        second: writes the second best.
        code: writes a command.
        strong: writes a sentence that must not be overlooked.
        marks: numbers of footnotes → what stands beside a cell.
        lay_out: writes a table.
    """

    escape: Callable[[str], str]
    best: Callable[[str], str]
    second: Callable[[str], str]
    code: Callable[[str], str]
    strong: Callable[[str], str]
    marks: Callable[[Sequence[int]], str]
    lay_out: Callable[[Sheet], str]


class Footnotes:
    """Numbers the notes of one table as they come, one a distinct text.

    Attributes:
        texts: the notes, escaped, in the order of their numbers.
    """

    def __init__(self, markup: Markup) -> None:
        self.texts: list[str] = []
        self._markup = markup

    def mark(self, *texts: str) -> str:
        """Return the marks of these notes, which are text of others."""
        escaped = [self._markup.escape(text) for text in texts]
        self.texts += [text for text in dict.fromkeys(escaped) if text not in self.texts]
        return self._markup.marks([self.texts.index(text) + 1 for text in escaped])


def escape_markdown(text: str) -> str:
    """Return a text on one line, with nothing in it that Markdown takes for markup."""
    # Names come from datasets and plugins: keep them from ending a cell or opening markup. An
    # underscore inside a word opens none.
    line = re.sub(r"\s", " ", str(text))
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
    captions = [part for caption in sheet.captions for part in (caption, "")]
    notes = [f"{_superscripts([number])} {note}  " for number, note in enumerate(sheet.notes, 1)]
    return "\n".join([*aligned(lines), "", *captions, *notes]) + "\n"


def _superscripts(numbers: Sequence[int]) -> str:
    return _BETWEEN.join(str(number).translate(_SUPERSCRIPT) for number in numbers)


MARKDOWN = Markup(
    escape=escape_markdown,
    best=lambda text: f"**{text}**",
    second=lambda text: f"_{text}_",
    code=lambda text: f"`{text}`",
    strong=lambda text: f"**{text}**\n",
    marks=_superscripts,
    lay_out=_markdown,
)

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    # A row that begins with a bracket would be read as an argument of the line break before it.
    "[": "{[}",
    "]": "{]}",
} | {character: f"\\{character}" for character in "#$%&_{}"}


def escape_latex(text: str) -> str:
    """Return a text on one line, with nothing in it that LaTeX takes for markup or has no glyph for."""
    line = re.sub(r"\s", " ", str(text))
    return "".join(_LATEX.get(character) or _glyph(character) for character in line)


def _glyph(character: str) -> str:
    # pdflatex's fonts end with Latin-1, and one unknown character stops the whole document.
    known = character.isprintable() and ord(character) < 256
    return character if known else f"{{[}}U+{ord(character):04X}{{]}}"


def _latex(sheet: Sheet) -> str:
    width = len(sheet.head)
    body = []
    for heading, rows in sheet.groups:
        body.append(r"\midrule")
        body += [rf"\multicolumn{{{width}}}{{l}}{{\emph{{{heading}}}}} \\"] if heading else []
        body += [" & ".join(row) + r" \\" for row in rows]
    notes = [rf"${{}}^{{{number}}}$ {note}" for number, note in enumerate(sheet.notes, 1)]
    return "\n".join(
        [
            r"% needs \usepackage[T1]{fontenc}, \usepackage{booktabs} and \usepackage{graphicx}",
            r"\begin{table}",
            r"\centering\footnotesize",
            # A table that is wider than the text is made as small as it must be.
            r"\setbox0=\hbox{%",
            rf"\begin{{tabular}}{{l{'r' * (width - 1)}}}",
            r"\toprule",
            " & ".join(sheet.head) + r" \\",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\box0}\else\box0\fi",
            rf"\caption{{{' '.join(sheet.captions)}}}",
            r"\par\smallskip\raggedright",
            *(rf"{note}\par" for note in notes),
            r"\end{table}",
            "",
        ]
    )


LATEX = Markup(
    escape=escape_latex,
    best=lambda text: rf"\textbf{{{text}}}",
    second=lambda text: rf"\textit{{{text}}}",
    code=lambda text: rf"\texttt{{{escape_latex(text).replace('--', '-{}-')}}}",
    strong=lambda text: rf"\textbf{{{text}}}\par" + "\n",
    marks=lambda numbers: f"$^{{{','.join(map(str, numbers))}}}$" if numbers else "",
    lay_out=_latex,
)
