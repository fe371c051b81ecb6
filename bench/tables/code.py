"""Whether stored scores are those of a method's present code."""

from __future__ import annotations

from collections.abc import Sequence

from bench.plugins.method_source import hash_method
from bench.plugins.registry import catalogue
from bench.runs.entry import Entry

CODE_CHANGED = "scored by code of the method that has changed since (bench run --rescore)"
OTHER_CODE = "scored by another state of the method's code than the newest result of the row"
MIXED_CODE = "scored by several states of the method's code (bench run --rescore)"


def code_remark(entry: Entry, row: Sequence[Entry]) -> str:
    """Say that an entry's scores are of other code than the method has now, or than the rest of its row.

    Args:
        entry: one result.
        row: the results of its row, itself among them.

    Returns:
        Words for a note; empty where the code is the same, or where nobody knows what it was.
    """
    if not entry.code:
        return ""
    if len(entry.code) > 1:
        return MIXED_CODE
    if now := present_code(entry):
        return "" if entry.code == (now,) else CODE_CHANGED
    newest = max((each for each in row if each.code), key=lambda each: each.finished)
    return "" if entry.code == newest.code else OTHER_CODE


def present_code(entry: Entry) -> str:
    """Return the hash of the code that would compute an entry's scores now; empty where the method is not here.

    A method of another version counts as another method.
    """
    method = catalogue().methods.get(entry.method.name)
    if method is None or method.info.version != entry.method.version:
        return ""
    return hash_method(method)
