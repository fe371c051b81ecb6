"""Colours of messages on a terminal that has them; elsewhere, and with ``NO_COLOR``, messages are plain."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

from bench.io.visible import Screen, visible

_RED, _YELLOW, _CYAN, _BOLD = "1;31", "1;33", "36", "1"
_OF_WORD = {"error:": _RED, "warning:": _YELLOW, "note:": _CYAN}
_HEAD = re.compile(r"(bench: )(error:|warning:|note:)")
_COMMAND = re.compile(r"`[^`\n]+`")


def tell(text: str) -> None:
    """Print a message to stderr; on a terminal with colours its first word and the commands in it stand out."""
    stream = sys.stderr
    if stream is None:  # it is closed, and print would write to stdout
        return
    if isinstance(stream, Screen) and _has_colours(stream):
        stream.write_as_it_is(f"{coloured(text)}\n")
        stream.flush()
    else:
        print(text, file=stream)


def coloured(text: str) -> str:
    r"""Return a message for a terminal: what is hidden in it is spelled out first, so that nothing else steers it.

    Example:
        >>> coloured("bench: error: no such file: see `bench list`")
        'bench: \x1b[1;31merror:\x1b[0m no such file: see \x1b[1m`bench list`\x1b[0m'
    """
    text = _COMMAND.sub(lambda found: _in(_BOLD, found[0]), visible(text))
    if head := _HEAD.match(text):
        text = head[1] + _in(_OF_WORD[head[2]], head[2]) + text[head.end() :]
    return text


def _in(colour: str, text: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"


def _has_colours(stream: TextIO) -> bool:
    known = os.environ.get("TERM", "") not in ("", "dumb") and os.name != "nt"
    return stream.isatty() and known and not os.environ.get("NO_COLOR")
