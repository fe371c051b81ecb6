"""Exceptions that users may see, and their exit codes.

A message is one or two plain sentences: the parameter, the value it got, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class BenchError(Exception):
    """The command finished with a problem, such as a failed check (exit code 1)."""

    exit_code = 1


class UsageError(BenchError):
    """The command cannot start: an invalid value, a missing file or an unknown name (exit code 2)."""

    exit_code = 2


class MissingRequirementError(UsageError):
    """A package, a weight file or a data folder is missing; the message says how to get it (exit code 2).

    Attributes:
        fetchable: name of the weights for ``bench fetch weights``; empty if the missing thing is something else.
    """

    def __init__(self, message: str, fetchable: str = "") -> None:
        super().__init__(message)
        self.fetchable = fetchable


class StoppedError(BenchError):
    """The user or the system stopped the command; the message says how to continue (exit code 130)."""

    exit_code = 130


class ImageError(BenchError):
    """An image cannot be decoded or scored; a run records the reason and continues."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests known names similar to an unknown one; empty if there are none.

    Example:
        >>> did_you_mean("koniqq", ["koniq", "spaq"])
        " Did you mean 'koniq'?"
    """
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    quoted_names = "' or '".join(map(printable, near))
    return f" Did you mean '{quoted_names}'?" if near else ""


def one_by_one(parameter: str, text: str, known: Iterable[str]) -> str:
    """Return a sentence that says to give several values one by one; empty unless the text is several known names.

    Example:
        >>> one_by_one("--method", "niqe,piqe", ["niqe", "piqe", "brisque"])
        ' Give them one by one: `--method niqe --method piqe`, in Python a list.'
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 2 or not set(parts) <= set(known):
        return ""
    return f" Give them one by one: `{' '.join(f'{parameter} {part}' for part in parts)}`, in Python a list."


def listed(items: Sequence[str], most: int = 10) -> str:
    """Join the first names by commas and add how many more there are; control characters are escaped.

    Example:
        >>> listed(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    shown = ", ".join(printable(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"


def printable(text: str) -> str:
    r"""Return a text in which all that has no sign of its own but a space is spelled out, line feeds and tabs too.

    Example:
        >>> printable("a\nb c")
        'a\\u000ab c'
    """
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def counted(count: int, noun: str) -> str:
    """Return a number of things in words.

    Example:
        >>> counted(1, "image"), counted(1200, "image")
        ('1 image', '1,200 images')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
