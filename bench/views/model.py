"""Model of a table: values and plain words, before they become Markdown, LaTeX, HTML, CSV, JSON or a DataFrame.

A view computes values and words; a writer alone escapes, marks and numbers footnotes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Record = Mapping[str, Any]
"""One line of JSON, CSV or a DataFrame, unrounded."""


class Code(str):
    """A command inside a sentence."""

    __slots__ = ()


Sentence = str | tuple[str, ...]
"""A plain sentence, or the parts of one, of which some are ``Code``."""


@dataclass(frozen=True)
class Value:
    """One cell.

    Attributes:
        text: what is printed, plain.
        interval: printed after the text and outside its mark, such as `` [0.424, 0.599]``.
        standing: whether the value leads its column, comes next, or is a fault that must not be overlooked.
        notes: footnotes, plain, one thing each.
        after: printed after the footnotes' numbers, plain.
        over: of a heading, the one that stands over it and its neighbours with the same.
        direction: of a heading, whether higher or lower numbers are better, where a language shows it.
    """

    text: str
    interval: str = ""
    standing: Literal["", "best", "second", "fault"] = ""
    notes: tuple[str, ...] = ()
    after: str = ""
    over: Value | None = None
    direction: Literal["", "higher", "lower"] = ""


@dataclass(frozen=True)
class View:
    """One table.

    Attributes:
        head: headings of the columns; a view without any is not printed, and has records alone.
        groups: (heading, lines); the first value of a line names it. An empty heading is not printed.
        captions: sentences below the table.
        records: the same numbers, unrounded.
        title: what stands before the captions; empty without.
        label: by which a document refers to the table; empty without.
    """

    head: Sequence[Value]
    groups: Sequence[tuple[str, Sequence[Sequence[Value]]]]
    captions: Sequence[Sentence] = ()
    records: Sequence[Record] = ()
    title: str = ""
    label: str = ""


@dataclass(frozen=True)
class Remark:
    """A sentence between tables that must not be overlooked."""

    text: str
