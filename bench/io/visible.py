r"""Texts of others on their way to a terminal, a line or a spreadsheet: nothing in them acts there.

Names, titles and messages come from files, archives, cards and plugins. What steers a terminal, or turns or hides what
stands beside it, is spelled out as ``\u001b``, which JSON reads back as the character itself.
"""

from __future__ import annotations

import io
import re
from typing import Any, TextIO, cast

# Control characters but tab and line feed; marks of direction; separators and spaces that nobody sees; halves of pairs.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
_COMPUTED = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
MOST_CHARACTERS = 200
"""Characters of a text in a cell or a line of a list; of more, the middle is left out."""


def visible(text: str) -> str:
    r"""Return a text with its hidden characters spelled out; lines and tabs stay.

    Example:
        >>> visible("a\x1b[2Jb\u202ec")
        'a\\u001b[2Jb\\u202ec'
    """
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """Return a text on one line, with its hidden characters spelled out."""
    return visible(re.sub(r"\s", " ", text))


def brief(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a text on one line, without its middle if it is long.

    Example:
        >>> brief("abcdefghij", 7)
        'abc ... hij'
    """
    if len(text) <= most:
        return one_line(text)
    return f"{one_line(text[: most // 2])} ... {one_line(text[len(text) - most // 2 :])}"


def quoted(value: object) -> str:
    r"""Return a text between quotation marks, on one line, as messages name it; other values as Python writes them.

    Example:
        >>> print(quoted("a\x1b[2Jb"), quoted("it's"), quoted(["\x1b"]))
        'a\u001b[2Jb' "it's" ['\u001b']
    """
    if not isinstance(value, str):
        return one_line(re.sub(r"\\x([0-9a-f]{2})", r"\\u00\1", repr(value)))
    mark = '"' if "'" in value and '"' not in value else "'"
    return f"{mark}{one_line(value)}{mark}"


def spreadsheet_cell(value: Any) -> Any:
    """Return a cell that spreadsheets do not compute and that steers no terminal; what is no text stays as it is.

    Example:
        >>> spreadsheet_cell("=1+1"), spreadsheet_cell("-0.5"), spreadsheet_cell("-")
        ("'=1+1", '-0.5', '-')
    """
    if not isinstance(value, str):
        return value
    computed = len(value) > 1 and value.startswith(_COMPUTED) and not _is_number(value)
    return visible(f"'{value}" if computed else value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


class Screen(io.TextIOWrapper):
    """A standard stream on which every hidden character is spelled out.

    Attributes:
        raw: whether they pass as they are.
    """

    raw = False

    def write(self, text: str) -> int:
        """Write a text as people may see it."""
        return super().write(text if self.raw else visible(text))

    def write_as_it_is(self, text: str) -> int:
        """Write a text of our own that moves the cursor."""
        return super().write(text)


class _ForBars:
    """A screen as progress bars need it: they go back to the beginning of their line."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.write = screen.write_as_it_is

    def __getattr__(self, name: str) -> Any:
        return getattr(self._screen, name)

    def __eq__(self, other: object) -> bool:
        # tqdm asks so whether a bar stands on the terminal that is written to.
        return self._screen is other or (isinstance(other, _ForBars) and self._screen is other._screen)

    def __hash__(self) -> int:
        return hash(self._screen)


def for_bars(stream: TextIO | None) -> TextIO | None:
    """Return a stream on which a progress bar may move the cursor; its title has to be on one line."""
    return cast(TextIO, _ForBars(stream)) if isinstance(stream, Screen) else stream
