"""Regular expressions of cards, matched within a bound of time: some take years on a name of a hundred letters."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.io.visible import brief, quoted

if TYPE_CHECKING:
    import regex

_MOST_SECONDS = 2.0
_QUICK = 0.05  # seconds: what takes less is not counted, a busy machine takes as long at times


@dataclass
class _Bounded:
    compiled: regex.Pattern[str]
    left: float


@functools.lru_cache(maxsize=256)
def _bounded(pattern: str) -> _Bounded:
    import regex  # here, so that lists, which match nothing, do without it

    try:
        return _Bounded(regex.compile(pattern), _MOST_SECONDS)
    except regex.error as error:
        raise UsageError(f"the pattern {quoted(brief(pattern))} is no regular expression: {error}") from None


def search(pattern: str, text: str) -> regex.Match[str] | None:
    r"""Return where a pattern of a card is first found in a text; None where it is not.

    Args:
        pattern: a regular expression.
        text: a name, or a cell of a table.

    Raises:
        UsageError: this text, or all texts so far that were slow together, took more than 2 seconds; or the pattern
            is none.

    Example:
        >>> search(r"_(?P<level>[1-5])\.png$", "i01_3.png")["level"]
        '3'
    """
    bounded = _bounded(pattern)
    start = time.monotonic()
    try:
        found = bounded.compiled.search(text, timeout=bounded.left)
    except TimeoutError:
        bounded.left = _MOST_SECONDS
        raise UsageError(
            f"the pattern {quoted(brief(pattern))} of a card takes too long on names such as "
            f"{quoted(brief(text, 80))}: write it "
            "without a repetition inside a repetition"
        ) from None
    took = time.monotonic() - start
    if took > _QUICK:
        bounded.left = max(bounded.left - took, _QUICK)
    return found
