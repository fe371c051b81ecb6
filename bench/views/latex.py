"""Tables in LaTeX."""

from __future__ import annotations

from bench.io.visible import one_line
from bench.views.writing import Markup, Sheet

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
    line = one_line(str(text))
    escaped = "".join(_LATEX.get(character) or _glyph(character) for character in line)
    return escaped.replace("--", "-{}-").replace("--", "-{}-")  # or LaTeX sets a dash for the hyphens of an option


def _glyph(character: str) -> str:
    # pdflatex's fonts end with Latin-1, and one unknown character stops the whole document.
    known = character.isprintable() and ord(character) < 256
    return character if known else f"{{[}}U+{ord(character):04X}{{]}}"


def _latex(sheet: Sheet) -> str:
    width = len(sheet.head)
    head, body = _above(sheet.above), []
    for heading, rows in sheet.groups:
        body.append(r"\midrule")
        body += [rf"\multicolumn{{{width}}}{{l}}{{\emph{{{heading}}}}} \\"] if heading else []
        body += [" & ".join(row) + r" \\" for row in rows]
    notes = [rf"${{}}^{{{number}}}$ {note}" for number, note in enumerate(sheet.notes, 1)]
    return "\n".join(
        [
            r"% needs \usepackage[T1]{fontenc}, \usepackage{booktabs} and \usepackage{graphicx}",
            "% references of its methods and datasets: bench cite",
            r"\begin{table}",
            r"\centering\footnotesize",
            # A table that is wider than the text is made as small as it must be.
            r"\setbox0=\hbox{%",
            rf"\begin{{tabular}}{{l{'r' * (width - 1)}}}",
            r"\toprule",
            *head,
            " & ".join(sheet.head) + r" \\",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\box0}\else\box0\fi",
            rf"\caption{{{sheet.title or ' '.join(sheet.captions)}}}"
            + (rf"\label{{{sheet.label}}}" if sheet.label else ""),
            r"\par\smallskip\raggedright",
            *([rf"{' '.join(sheet.captions)}\par"] if sheet.title else []),
            *(rf"{note}\par" for note in notes),
            r"\end{table}",
            "",
        ]
    )


def _above(above: list[tuple[str, int]]) -> list[str]:
    """Return the lines of the headings over others, each with a rule under it."""
    cells, rules, at = [], [], 1
    for text, wide in above:
        cells.append(rf"\multicolumn{{{wide}}}{{c}}{{{text}}}" if text else "")
        rules += [rf"\cmidrule(lr){{{at}-{at + wide - 1}}}"] if text else []
        at += wide
    return [" & ".join(cells) + r" \\", "".join(rules)] if above else []


LATEX = Markup(
    escape=escape_latex,
    best=lambda text: rf"\textbf{{{text}}}",
    second=lambda text: rf"\underline{{{text}}}",
    code=lambda text: rf"\texttt{{{escape_latex(text)}}}",
    strong=lambda text: rf"\textbf{{{text}}}\par" + "\n",
    marks=lambda numbers: f"$^{{{','.join(map(str, numbers))}}}$" if numbers else "",
    lay_out=_latex,
    levels=True,
    directions={"higher": r" $\uparrow$", "lower": r" $\downarrow$"},
)
