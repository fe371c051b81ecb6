"""Tables in HTML: a fragment without styles, whose text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bench.io.visible import one_line
from bench.views.writing import Markup, Sheet


def escape_html(text: str) -> str:
    """Return a text on one line, with nothing in it that HTML takes for markup."""
    return escape(one_line(str(text)))


def _html(sheet: Sheet) -> str:
    width = len(sheet.head)
    lines = ["<table>", *([f"<caption>{sheet.title}</caption>"] if sheet.title else []), "<thead>"]
    if sheet.above:
        lines.append("<tr>" + "".join(f'<th colspan="{wide}">{text}</th>' for text, wide in sheet.above) + "</tr>")
    lines += [_line("th", sheet.head), "</thead>"]
    for heading, rows in sheet.groups:
        title = [f'<tr><th colspan="{width}">{heading}</th></tr>'] if heading else []
        lines += ["<tbody>", *title, *(_line("td", row) for row in rows), "</tbody>"]
    lines += ["</table>", *(f"<p>{caption}</p>" for caption in sheet.captions)]
    if sheet.notes:
        lines += ["<ol>", *(f"<li>{note}</li>" for note in sheet.notes), "</ol>"]
    return "\n".join(lines) + "\n"


def _line(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


HTML = Markup(
    escape=escape_html,
    best=lambda text: f"<strong>{text}</strong>",
    second=lambda text: f"<u>{text}</u>",
    code=lambda text: f"<code>{escape_html(text)}</code>",
    strong=lambda text: f"<p><strong>{text}</strong></p>\n",
    marks=lambda numbers: f"<sup>{', '.join(map(str, numbers))}</sup>" if numbers else "",
    lay_out=_html,
)
