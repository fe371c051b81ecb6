"""What one command shows: tables and remarks, in six forms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.views.html import HTML
from bench.views.latex import LATEX
from bench.views.markdown import MARKDOWN
from bench.views.model import Record, Remark, View
from bench.views.records import to_csv, to_json
from bench.views.terminal import TERMINAL
from bench.views.writing import Markup, write

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Views:
    """Output of one command: tables and remarks between them. Notebooks display it.

    Attributes:
        parts: from top to bottom.

    Examples:
        >>> from bench.views.model import Value
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
        return self._written(MARKDOWN)

    def to_latex(self) -> str:
        """Return the tables in LaTeX; the first line names the packages that they need."""
        return self._written(LATEX)

    def to_html(self) -> str:
        """Return the tables as a fragment of HTML, without styles."""
        return self._written(HTML)

    def to_json(self) -> str:
        """Return the records as a list, unrounded."""
        return to_json(self.records)

    def to_csv(self, raw: bool = False) -> str:
        """Return one line a record, unrounded; what is missing is empty.

        Args:
            raw: leave texts as they are; else a text that a spreadsheet would compute begins with an apostrophe, and
                control characters are spelled out.
        """
        return to_csv(self.records, raw)

    def to_frame(self) -> pd.DataFrame:
        """Return the records as a DataFrame, one line a record, unrounded; what is missing is None or NaN."""
        import pandas as pd

        return pd.DataFrame.from_records([dict(record) for record in self.records])

    def written(self, form: str, raw: bool = False) -> str:
        """Return it in the form ``md``, ``latex``, ``html``, ``csv`` or ``json``; CSV ``raw`` or not.

        ``terminal`` is for the terminal of stdout, with its width and colours; it has the codes that steer it.
        """
        if form == "csv":
            return self.to_csv(raw)
        if form == "terminal":
            return self._written(TERMINAL)
        writers = {"md": self.to_markdown, "latex": self.to_latex, "html": self.to_html}
        return (writers | {"json": self.to_json})[form]()

    def _written(self, markup: Markup) -> str:
        return write(self.parts, markup)

    def __str__(self) -> str:
        return self.to_markdown().rstrip()

    def __repr__(self) -> str:
        return str(self)

    _repr_markdown_ = to_markdown


def form_of(path: Path) -> str:
    """Return the form that a file's name asks for; empty where its suffix is that of no form.

    Example:
        >>> form_of(Path("table.tex")), form_of(Path("table.txt"))
        ('latex', '')
    """
    return FORM_OF.get(path.suffix.lower(), "")


FORM_OF = {".md": "md", ".tex": "latex", ".html": "html", ".csv": "csv", ".json": "json"}
"""Suffix of a file → form that it asks for."""
FORMS = ("md", "latex", "html", "csv", "json")
"""The forms that a view can be written in, as ``--format`` names them."""
