"""What a table shows, before it is Markdown, LaTeX, HTML, CSV, JSON or a DataFrame: values and plain words.

A view computes values and words; a writer alone escapes, marks and numbers footnotes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from bench.views.writing import Markup

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
        after: printed after the footnotes' numbers, plain; of a heading, what is measured.
    """

    text: str
    interval: str = ""
    standing: Literal["", "best", "second", "fault"] = ""
    notes: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True)
class View:
    """One table.

    Attributes:
        head: headings of the columns; a view without any is not printed, and has records alone.
        groups: (heading, lines); the first value of a line names it. An empty heading is not printed.
        captions: sentences below the table.
        records: the same numbers, unrounded.
        names_last: number the footnotes of a line's name after those of its values.
    """

    head: Sequence[Value]
    groups: Sequence[tuple[str, Sequence[Sequence[Value]]]]
    captions: Sequence[Sentence] = ()
    records: Sequence[Record] = ()
    names_last: bool = False


@dataclass(frozen=True)
class Remark:
    """A sentence between tables that must not be overlooked."""

    text: str


@dataclass(frozen=True, repr=False)
class Views:
    """What one command shows: tables, and remarks between them. A notebook shows it by itself.

    Attributes:
        parts: from top to bottom.

    Examples:
        >>> line = [Value("niqe", notes=("version 1",)), Value("0.9", standing="best")]
        >>> print(Views((View([Value("method"), Value("SRCC")], [("", [line])]),)))
        | method | SRCC    |
        |--------|:--------|
        | niqe¹  | **0.9** |
        <BLANKLINE>
        ¹ version 1
    """

    parts: tuple[View | Remark, ...]

    @property
    def records(self) -> list[Record]:
        """The records of all tables."""
        return [record for part in self.parts if isinstance(part, View) for record in part.records]

    def to_markdown(self) -> str:
        """Return the tables in Markdown."""
        from bench.views.markdown import MARKDOWN

        return self._written(MARKDOWN)

    def to_latex(self) -> str:
        """Return the tables in LaTeX; the first line names the packages that they need."""
        from bench.views.latex import LATEX

        return self._written(LATEX)

    def to_html(self) -> str:
        """Return the tables as a fragment of HTML, without styles."""
        from bench.views.html import HTML

        return self._written(HTML)

    def to_json(self) -> str:
        """Return the records as a list, unrounded."""
        from bench.views.records import to_json

        return to_json(self.records)

    def to_csv(self) -> str:
        """Return one line a record, unrounded; what is missing is empty."""
        from bench.views.records import to_csv

        return to_csv(self.records)

    def to_frame(self) -> pd.DataFrame:
        """Return the records as a DataFrame, one line a record, unrounded; what is missing is None or NaN."""
        import pandas as pd

        return pd.DataFrame.from_records([dict(record) for record in self.records])

    def written(self, form: str) -> str:
        """Return it in the form ``md``, ``latex``, ``html``, ``csv`` or ``json``."""
        writers = {"md": self.to_markdown, "latex": self.to_latex, "html": self.to_html}
        return (writers | {"csv": self.to_csv, "json": self.to_json})[form]()

    def _written(self, markup: Markup) -> str:
        from bench.views.writing import write

        return write(self.parts, markup)

    def __str__(self) -> str:
        return self.to_markdown().rstrip()

    def __repr__(self) -> str:
        return str(self)

    _repr_markdown_ = to_markdown


FORMS = ("md", "latex", "html", "csv", "json")
"""The forms that a view can be written in, as ``--format`` names them."""
