"""Comparison of two files of weights as text, CSV or JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from bench.api import LayerChange, WeightComparison
from bench.io.visible import one_line
from bench.views.records import to_csv

_HEADS = ("layer", "numbers", "changed", "largest", "rms", "relative", "rms, rel.", "float16", "bfloat16")
_STATISTICS = " (statistics)"


def written(found: WeightComparison, form: str, raw: bool = False) -> str:
    """Return it in the form ``text``, ``csv`` or ``json``.

    Args:
        found: the comparison.
        form: sentences and a table; the table, unrounded; or both, unrounded.
        raw: leave the texts of a CSV as they are; else none of them is computed by a spreadsheet.
    """
    if form == "csv":
        return to_csv([dataclasses.asdict(change) for change in found.layers], raw)
    if form == "json":
        return json.dumps(dataclasses.asdict(found), indent=1, ensure_ascii=False) + "\n"
    lines = [*found.conclusions, "", *_table(found.layers)]
    return "\n".join(map(one_line, lines)) + "\n"


def _table(layers: tuple[LayerChange, ...]) -> Iterator[str]:
    rows = [_HEADS, *map(_row, layers)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()


def _row(change: LayerChange) -> tuple[str, ...]:
    return (
        change.layer + (_STATISTICS if change.kind == "statistics" else ""),
        f"{change.numbers:,}",
        f"{change.changed:.1%}",
        *map(_small, (change.largest, change.rms, change.relative_largest, change.relative_rms)),
        f"{change.float16:.1%}",
        f"{change.bfloat16:.1%}",
    )


def _small(number: float | None) -> str:
    return "-" if number is None else f"{number:.1e}" if number else "0"
