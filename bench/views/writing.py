"""Writing views as marked-up text: the one place where text is escaped, marked and given footnotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from bench.io.visible import brief
from bench.views.model import Code, Remark, Sentence, Value, View


@dataclass(frozen=True)
class Sheet:
    """A table ready to be laid out; every text is marked up already.

    Attributes:
        head: headings of the columns.
        above: (heading, how many columns it stands over), over those; empty where none does or the language has one
            line of headings.
        groups: (heading, lines of cells); an empty heading gets no line.
        title: what it is called; empty without.
        label: by which a document refers to it, plain; empty without.
        captions: sentences below it.
        notes: footnotes, in the order of their numbers.
    """

    head: list[str]
    above: list[tuple[str, int]]
    groups: list[tuple[str, list[list[str]]]]
    title: str
    label: str
    captions: list[str]
    notes: list[str]


@dataclass(frozen=True)
class Markup:
    """A language.

    Attributes:
        escape: turns plain text into text with nothing in it that the language takes for markup.
        best: writes the best number of a column.
        second: writes the second best.
        code: writes a command, given plain.
        strong: writes a sentence that must not be overlooked.
        marks: turns numbers of footnotes into what stands beside a cell.
        lay_out: writes a table.
        levels: whether a heading may stand over others; else it stands before the first of them.
        directions: what is written behind a heading for ``higher`` and ``lower``.
    """

    escape: Callable[[str], str]
    best: Callable[[str], str]
    second: Callable[[str], str]
    code: Callable[[str], str]
    strong: Callable[[str], str]
    marks: Callable[[Sequence[int]], str]
    lay_out: Callable[[Sheet], str]
    levels: bool = False
    directions: Mapping[str, str] = field(default_factory=dict)


def write(parts: Iterable[View | Remark], markup: Markup) -> str:
    """Return tables and remarks in a language."""
    texts = []
    for part in parts:
        if isinstance(part, Remark):
            texts.append(markup.strong(markup.escape(part.text)))
        elif part.head:
            texts.append(markup.lay_out(_sheet(part, markup)))
    return "\n".join(texts)


def _sheet(view: View, markup: Markup) -> Sheet:
    notes = _Footnotes(markup)
    above, head = _headings(view.head, markup, notes)
    groups = [
        (markup.escape(brief(heading)), [[_cell(value, markup, notes) for value in line] for line in lines])
        for heading, lines in view.groups
    ]
    captions = [_sentence(text, markup) for text in view.captions]
    return Sheet(head, above, groups, markup.escape(view.title), view.label, captions, notes.texts)


def _headings(values: Sequence[Value], markup: Markup, notes: _Footnotes) -> tuple[list[tuple[str, int]], list[str]]:
    """Return the headings over others, and those of the columns."""
    above, head = [], []
    for _, run in groupby(values, key=lambda value: id(value.over)):
        first, *others = run
        over = _cell(first.over, markup, notes) if first.over else ""
        cells = [_cell(value, markup, notes) + markup.directions.get(value.direction, "") for value in (first, *others)]
        if markup.levels:
            above += [(over, len(cells))] if first.over else [("", 1)] * len(cells)
        elif over:
            cells[0] = f"{over} {cells[0]}"
        head += cells
    return (above if any(text for text, _ in above) else []), head


def _cell(value: Value, markup: Markup, notes: _Footnotes) -> str:
    text = markup.escape(brief(value.text))
    if value.standing:
        text = markup.second(text) if value.standing == "second" else markup.best(text)
    return text + _interval(value.interval, markup) + notes.mark(value.notes) + markup.escape(value.after)


def _interval(text: str, markup: Markup) -> str:
    # No language reads brackets behind a number as markup.
    return "".join(part if part in ("[", "]") else markup.escape(part) for part in re.split(r"([\[\]])", text))


def _sentence(sentence: Sentence, markup: Markup) -> str:
    parts = (sentence,) if isinstance(sentence, str) else sentence
    return "".join(markup.code(part) if isinstance(part, Code) else markup.escape(part) for part in parts)


class _Footnotes:
    """The notes of one table, numbered as they come, one a distinct text."""

    def __init__(self, markup: Markup) -> None:
        self.texts: list[str] = []
        self._markup = markup

    def mark(self, texts: Iterable[str]) -> str:
        escaped = [self._markup.escape(text) for text in texts]
        self.texts += [text for text in dict.fromkeys(escaped) if text not in self.texts]
        return self._markup.marks([self.texts.index(text) + 1 for text in escaped])
