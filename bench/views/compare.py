"""``bench table --compare A B``: one method against another on every dataset, on the images that both scored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import stats
from bench.defaults import ALPHA, CONFIDENCE
from bench.errors import UsageError, counted
from bench.io.visible import quoted
from bench.tables.cell import Cell, MethodKey, shared_draws
from bench.tables.columns import DatasetKey
from bench.tables.significance import Comparison, compare_columns
from bench.tables.table import Table, find_pair
from bench.views.arranging import Request, arranged
from bench.views.model import Value, View
from bench.views.shown import Views
from bench.views.words import interval_text, number

if TYPE_CHECKING:
    from bench.runs.entry import Entry


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return the tests of one method against another, a table for each that holds both.

    Args:
        entries: stored results.
        request: its argument is the two methods, by name or label.

    Raises:
        UsageError: the two have no dataset in common, or a name means several rows.
    """
    if not (isinstance(request.argument, tuple) and len(request.argument) == 2):
        raise UsageError(f"--compare got {quoted(request.argument)}: name two methods")
    names = (str(request.argument[0]), str(request.argument[1]))
    request.need_draws("--compare")
    tables = arranged(entries, replace(request, common=True))
    pairs = [(table, find_pair(table, names)) for table in tables]
    views = [
        compare_view(table, rows, compare_rows(table, *rows, request.margin), request.margin)
        for table, rows in pairs
        if rows
    ]
    if not views:
        raise UsageError(f"--compare got {' and '.join(names)}, which have no dataset under one protocol in common")
    return Views(tuple(views))


@dataclass(frozen=True)
class Versus:
    """Two rows on one dataset.

    Attributes:
        column: the dataset.
        cells: of the one and of the other; None where it was not run.
        comparison: of their SRCCs by a paired bootstrap, adjusted over all datasets; None without one.
        p_equivalent: of the test that they differ by less than the margin, plain and adjusted over all datasets; None
            without one.
        meng: Meng's test of the same; None where images are not independent, or labels compare only in groups.
        reason: why there is no comparison; empty where there is.
    """

    column: DatasetKey
    cells: tuple[Cell | None, Cell | None]
    comparison: Comparison | None
    p_equivalent: tuple[float, float] | None
    meng: stats.MengTest | None
    reason: str

    @property
    def difference(self) -> stats.Difference | None:
        """SRCC of the one less that of the other; None without one."""
        return self.comparison.difference if self.comparison and not self.reason else None

    @property
    def equivalent(self) -> bool:
        """Whether the test finds that they differ by less than the margin."""
        return self.p_equivalent is not None and self.p_equivalent[1] < ALPHA


def compare_rows(table: Table, a: MethodKey, b: MethodKey, margin: float | None = None) -> list[Versus]:
    """Compare two rows of a table in each of its columns.

    Args:
        table: of these two rows, evaluated with draws on the images that both scored.
        a: the one.
        b: the other.
        margin: difference below which they are equivalent; None: that is not tested.
    """
    tests = compare_columns(table, rows=(a, b))
    found = {each.place: each for each in tests.comparisons}
    versus = [
        _in_column(table, column, a, b, found.get(column), tests.copies.get(column, "")) for column in table.columns
    ]
    raw = np.array([_p_equivalent(each, margin) for each in versus], dtype=np.float64)
    both = zip(raw.tolist(), stats.adjust(raw).tolist(), strict=True)
    return [
        each if math.isnan(p) else replace(each, p_equivalent=(p, adjusted))
        for each, (p, adjusted) in zip(versus, both, strict=True)
    ]


def _p_equivalent(each: Versus, margin: float | None) -> float:
    drawn = shared_draws([cell for cell in each.cells if cell])
    if margin is None or drawn is None or each.difference is None:
        return math.nan
    (p,) = stats.equivalence_tests(drawn, margin)
    return math.nan if p is None else p


def _in_column(
    table: Table, column: DatasetKey, a: MethodKey, b: MethodKey, found: Comparison | None, copy: str
) -> Versus:
    cells = table.cells.get((a, column)), table.cells.get((b, column))
    reason = found.difference.reason if found else copy or _why_not(table, cells, a, b)
    return Versus(column, cells, found, None, None if reason else _meng(cells), reason)


def _why_not(table: Table, cells: tuple[Cell | None, Cell | None], a: MethodKey, b: MethodKey) -> str:
    pairs = list(zip((a, b), cells, strict=True))
    if missing := [table.labels[row] for row, cell in pairs if cell is None]:
        return f"{' and '.join(missing)} not run"
    return next(cell.no_bootstrap for _, cell in pairs if cell and cell.no_bootstrap)


def _meng(cells: tuple[Cell | None, Cell | None]) -> stats.MengTest | None:
    first, second = cells
    if not (first and second and first.bootstrap and second.bootstrap):
        return None
    if first.dataset.cluster or first.dataset.within:
        return None
    pair = (first.bootstrap.place, second.bootstrap.place)
    (test,) = stats.meng_tests(first.bootstrap.scores, first.bootstrap.labels, *first.bootstrap.signs, pairs=[pair])
    return test


def compare_view(
    table: Table, rows: tuple[MethodKey, MethodKey], found: Sequence[Versus], margin: float | None = None
) -> View:
    """Return one line a dataset: both SRCCs, their difference with its interval, its tests and the verdict."""
    labels = [table.labels[row] for row in rows]
    records = [_record(labels, each) for each in found]
    head = ["dataset", "n", *(f"{label} SRCC" for label in labels)]
    head += ["difference", "p", "p (Holm)", *(["p (equivalent)"] if margin else []), "verdict"]
    made = sum(record["p_holm"] is not None for record in records)
    caption = (
        "Difference: SRCC of the first minus SRCC of the second, on the images that both scored, with its "
        f"{CONFIDENCE:.0%} interval by a paired bootstrap over images (over reference images where the dataset has "
        "them). p: Student's t test of the difference over its standard error. p (Holm): adjusted over "
        f"{counted(made, 'dataset')}. Verdict: by p (Holm) at {ALPHA:.0%}; 'cannot tell' means that these data show no "
        "difference, not that there is none."
    )
    if not made:
        caption = "No dataset has scores of both methods that can be compared."
    elif margin:
        caption += (
            f" p (equivalent): two one-sided tests that the difference lies between -{margin:g} and {margin:g}, by the "
            "same draws and adjusted in the same way. Verdict: equivalent if that is shown, else better if a "
            "difference is shown."
        )
    lines = [_line(record, labels, each, margin) for record, each in zip(records, found, strict=True)]
    return View([Value(text) for text in head], [("", lines)], [caption], records)


def _record(labels: Sequence[str], each: Versus) -> dict[str, Any]:
    difference, comparison, meng = each.difference, each.comparison, each.meng
    first, second = each.cells
    better = comparison.better if comparison else None
    return {
        "a": labels[0],
        "b": labels[1],
        "dataset": each.column.dataset,
        "protocol": str(each.column.protocol),
        "n": max((cell.correlations.n for cell in each.cells if cell), default=0),
        "srcc_a": first.correlations.srcc if first else None,
        "srcc_b": second.correlations.srcc if second else None,
        "difference": difference.value if difference else None,
        "low": difference.interval.low if difference else None,
        "high": difference.interval.high if difference else None,
        "draws": difference.interval.draws if difference else 0,
        "p_bootstrap": difference.p if difference else None,
        "p_t": difference.p_t if difference else None,
        "p_holm": comparison.p if comparison else None,
        "p_equivalent": each.p_equivalent[0] if each.p_equivalent else None,
        "p_equivalent_holm": each.p_equivalent[1] if each.p_equivalent else None,
        "equivalent": each.equivalent if each.p_equivalent else None,
        "meng_z": meng.z if meng else None,
        "meng_p": meng.p if meng else None,
        "better": labels[0 if comparison and better == comparison.a else 1] if better else None,
        "leakage_a": first.leaks[0].relation if first and first.leaks else None,
        "leakage_b": second.leaks[0].relation if second and second.leaks else None,
        "reason": each.reason,
    }


def _line(record: Mapping[str, Any], labels: Sequence[str], each: Versus, margin: float | None) -> list[Value]:
    notes = [each.reason] if each.reason else []
    for label, cell in zip(labels, each.cells, strict=True):
        notes += [f"{label}: {leak.why}" for leak in (cell.leaks if cell else ())]
    values = ["-" if record[name] is None else number(record[name]) for name in ("srcc_a", "srcc_b")]
    line = [Value(record["dataset"], notes=tuple(notes)), *map(Value, (str(record["n"]), *values))]
    if each.difference is None or record["difference"] is None:
        return [*line, *[Value("-")] * (5 if margin else 4)]
    return [
        *line,
        Value(f"{record['difference']:+.3f}", interval_text(each.difference.interval)),
        Value(_p(record["p_t"])),
        Value(_p(record["p_holm"])),
        *([Value(_p(record["p_equivalent_holm"]))] if margin else []),
        Value(_verdict(record)),
    ]


def _verdict(record: Mapping[str, Any]) -> str:
    if record["equivalent"]:
        return "equivalent"
    if record["better"]:
        return f"{record['better']} is better"
    return "cannot tell"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "below 0.0001" if value < 1e-4 else f"{value:.4f}"
