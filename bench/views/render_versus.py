"""Writing one method against another (``bench table --compare``) in Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.stats import ALPHA, CONFIDENCE
from bench.tables.cell import MethodKey
from bench.tables.table import Table
from bench.views.compare import Versus
from bench.views.markup import Markup, Sheet
from bench.views.records import interval_text, number

_HEAD = ["dataset", "n", "one", "other", "difference", "p", "p (Holm)", "Meng z", "p (Meng)", "verdict"]


def to_paper(table: Table, rows: tuple[MethodKey, MethodKey], found: Sequence[Versus], markup: Markup) -> str:
    """Return one line a dataset.

    Args:
        table: that was compared in.
        rows: the two.
        found: from ``versus.compare``.
        markup: the language.
    """
    labels = [markup.escape(table.labels[row]) for row in rows]
    notes: list[str] = []
    lines = [_line(each, labels, notes, markup) for each in found]
    head = [*_HEAD[:2], *(f"{label} SRCC" for label in labels), *_HEAD[4:]]
    made = sum(each.comparison is not None and each.comparison.p is not None for each in found)
    caption = markup.escape(
        "Difference: SRCC of the first less that of the second on the images that both scored, with its "
        f"{CONFIDENCE:.0%} interval by a paired bootstrap, which resamples what the dataset's intervals resample. "
        f"p: of the difference over its standard error, as t; Holm: over {made} dataset(s), and the verdict is its own "
        f"at {ALPHA:.0%}. "
        "Meng's z compares correlations of ranks where images are independent."
    )
    return markup.lay_out(Sheet(head, [("", lines)], [caption], notes))


def _line(each: Versus, labels: Sequence[str], notes: list[str], markup: Markup) -> list[str]:
    values = [cell.correlations.srcc if cell else None for cell in each.cells]
    about = [
        f"{label}: {leak.why}"
        for label, cell in zip(labels, each.cells, strict=True)
        for leak in (cell.leaks if cell else ())
    ]
    texts = [markup.escape(text) for text in [*([each.reason] if each.reason else []), *about]]
    notes += [text for text in texts if text not in notes]
    mark = markup.marks([notes.index(text) + 1 for text in texts])
    n = max((cell.correlations.n for cell in each.cells if cell), default=0)
    head = [markup.escape(each.column.dataset) + mark, str(n), *("-" if v is None else number(v) for v in values)]
    difference = each.difference
    if difference is None or difference.value is None or each.comparison is None:
        return [*head, *["-"] * 6]
    meng = each.meng
    return [
        *head,
        f"{difference.value:+.3f}{interval_text(difference.interval)}",
        _p(difference.p_t),
        _p(each.comparison.p),
        "-" if meng is None or meng.z is None else f"{meng.z:+.2f}",
        _p(meng.p if meng else None),
        _verdict(each, labels),
    ]


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "below 0.0001" if value < 1e-4 else f"{value:.4f}"


def _verdict(each: Versus, labels: Sequence[str]) -> str:
    better = each.comparison.better if each.comparison else None
    if better is None or each.comparison is None:
        return "cannot tell"
    return f"{labels[0] if better == each.comparison.a else labels[1]} is better"


def records(table: Table, rows: tuple[MethodKey, MethodKey], found: Sequence[Versus]) -> list[dict[str, Any]]:
    """Return one record a dataset, unrounded."""
    return [_record(table, rows, each) for each in found]


def _record(table: Table, rows: tuple[MethodKey, MethodKey], each: Versus) -> dict[str, Any]:
    d, better = each.difference, each.comparison.better if each.comparison else None
    first, second = each.cells
    return {
        "a": table.labels[rows[0]],
        "b": table.labels[rows[1]],
        "dataset": each.column.dataset,
        "protocol": str(each.column.protocol),
        "n": max((cell.correlations.n for cell in each.cells if cell), default=0),
        "srcc_a": first.correlations.srcc if first else None,
        "srcc_b": second.correlations.srcc if second else None,
        "difference": d.value if d else None,
        "low": d.interval.low if d else None,
        "high": d.interval.high if d else None,
        "draws": d.interval.draws if d else 0,
        "p_bootstrap": d.p if d else None,
        "p_t": d.p_t if d else None,
        "p_holm": each.comparison.p if each.comparison else None,
        "meng_z": each.meng.z if each.meng else None,
        "meng_p": each.meng.p if each.meng else None,
        "better": table.labels[better] if better else None,
        "leakage_a": first.leaks[0].relation if first and first.leaks else None,
        "leakage_b": second.leaks[0].relation if second and second.leaks else None,
        "reason": each.reason,
    }
