"""Arranging stored results as a table across datasets.

Rows are what ``bench fit --features`` fitted, one a training set, beside every method that scored all images of a test
set: of its scores those of each split's test images are taken. Reads stored results only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from bench import stats
from bench.runs.entry import Entry, MethodRecord
from bench.tables.cell import MethodKey, leaks_of, method_key
from bench.tables.leakage import Leak
from bench.tables.table import heading, rank, unique_labels
from bench.views.cross.table import CrossCell, CrossTable, Target, TestSet

if TYPE_CHECKING:
    import pandas as pd

FITTED = "fitted on people's scores here"
"""The heading of the rows of ``bench fit --features``."""


@dataclass
class _Column:
    """The entries of a column: of fitted rows by seed, of the others the one on all images."""

    fitted: dict[MethodKey, dict[int, Entry]] = field(default_factory=lambda: defaultdict(dict))
    whole: dict[MethodKey, Entry] = field(default_factory=dict)


def arrange(entries: Iterable[Entry]) -> CrossTable:
    """Arrange stored results as a table across datasets; it has no columns where nothing was fitted."""
    columns = _columns(sorted((entry for entry in entries if entry.complete), key=lambda entry: entry.finished))
    first = {row: entry for column in columns.values() for row, entry in column.whole.items()}
    first |= {row: next(iter(of.values())) for column in columns.values() for row, of in column.fitted.items()}
    trained = {row: str(entry.fit.train) for row, entry in first.items() if entry.fitted}
    methods = {row: entry.method for row, entry in first.items()}
    groups: dict[str, list[MethodKey]] = defaultdict(list)
    for row in sorted(first, key=lambda r: (r in trained, rank(methods[r]), r)):
        groups[FITTED if row in trained else heading(methods[row])].append(row)
    table = CrossTable({}, list(groups.items()), methods, trained, {}, unique_labels(first))
    for target, column in columns.items():
        _fill(table, target, column)
    return table


def _columns(entries: Sequence[Entry]) -> dict[Target, _Column]:
    columns: dict[Target, _Column] = defaultdict(_Column)
    for entry in (entry for entry in entries if entry.fitted):
        whole, protocol = entry.fit.whole, entry.protocol
        target = Target(whole.id, whole.labels, whole.images, replace(protocol, split="random:SEED"))
        columns[target].fitted[method_key(entry)][_seed(entry)] = entry
    for entry in (entry for entry in entries if not entry.fitted):
        about, protocol = entry.identity, entry.protocol
        if (protocol.split, protocol.mos) != ("all", "dataset"):
            continue
        for target, column in columns.items():
            wanted = (target.dataset, target.labels, target.protocol.resize)
            same = (entry.dataset.id, about.labels, protocol.resize) == wanted
            # Imported scores know no image files.
            if same and about.images in ("", target.images):
                column.whole[method_key(entry)] = entry
    return dict(sorted(columns.items()))


def _fill(table: CrossTable, target: Target, column: _Column) -> None:
    everything = [entry for of in column.fitted.values() for entry in of.values()]
    splits = max(entry.fit.splits for entry in everything)
    divided, mos = _test_images(everything)
    series = {row: _of_splits(of, divided) for row, of in column.fitted.items()}
    series |= {row: dict.fromkeys(divided, _scores(entry.scores())) for row, entry in column.whole.items()}
    reasons = {row: _why_not(series.get(row), divided, splits) for row in table.rows}
    compared = {row: series[row] for row, why in reasons.items() if not why}
    about = replace(everything[-1].dataset, n=everything[-1].fit.whole.n)
    parts = _parts(compared, divided, mos) if compared else ()
    left_out = {row: _lacking(of, divided, mos) for row, of in compared.items()}
    table.tested[target] = tested = TestSet(about, mos, parts, {row: n for row, n in left_out.items() if n})
    for row in table.rows:
        of = compared.get(row)
        summary = stats.SplitSummary((), reason=reasons[row]) if of is None else _summary(table, tested, row, of)
        own = table.trained.get(row) == target.dataset
        table.cells[row, target] = CrossCell(summary, own, _leaks(everything[-1], table.methods[row], own))


_Scores = dict[str, float]
_Series = dict[int, _Scores]


def _test_images(fitted: Sequence[Entry]) -> tuple[dict[int, frozenset[str]], _Scores]:
    """Return the test images of every seed, as they were divided last, and all labels."""
    divided: dict[int, frozenset[str]] = {}
    mos: _Scores = {}
    for entry in sorted(fitted, key=lambda entry: entry.finished):
        frame = entry.scores()
        divided[_seed(entry)] = frozenset(frame["image"])
        labelled = frame[frame["mos"].notna()]
        mos.update(zip(labelled["image"], labelled["mos"].astype(float), strict=True))
    return divided, mos


def _seed(entry: Entry) -> int:
    return int(entry.protocol.split.partition(":")[2])


def _scores(frame: pd.DataFrame) -> _Scores:
    scored = frame[frame["score"].notna()]
    return dict(zip(scored["image"], scored["score"].astype(float), strict=True))


def _of_splits(entries: Mapping[int, Entry], divided: Mapping[int, frozenset[str]]) -> _Series:
    # What was fitted before the labels' groups were put right has other test images: it is no part of the column.
    frames = {seed: entry.scores() for seed, entry in entries.items()}
    return {seed: _scores(frame) for seed, frame in frames.items() if frozenset(frame["image"]) == divided[seed]}


def _why_not(series: _Series | None, divided: Mapping[int, frozenset[str]], splits: int) -> str:
    if series is None:
        return "no complete result on it"
    if len(series) < splits:
        return f"{len(series)} of {splits} splits are stored: give the same `bench fit` again to go on"
    if not any(scores.keys() & divided[seed] for seed, scores in series.items()):
        return "it scored none of the test images"
    return ""


def _parts(
    compared: Mapping[MethodKey, _Series], divided: Mapping[int, frozenset[str]], mos: _Scores
) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(sorted(names & mos.keys() & frozenset.intersection(*(frozenset(of[seed]) for of in compared.values()))))
        for seed, names in sorted(divided.items())
    )


def _lacking(series: _Series, divided: Mapping[int, frozenset[str]], mos: _Scores) -> int:
    return len({name for seed, names in divided.items() for name in names & mos.keys() if name not in series[seed]})


def _summary(table: CrossTable, tested: TestSet, row: MethodKey, series: _Series) -> stats.SplitSummary:
    place = {name: index for index, name in enumerate(tested.mos)}
    scores = np.full((len(tested.parts), len(place)), np.nan)
    for of_split, (_, known), part in zip(scores, sorted(series.items()), tested.parts, strict=True):
        of_split[[place[name] for name in part]] = [known[name] for name in part]
    return stats.srcc_over_splits(
        scores,
        list(tested.mos.values()),
        [[place[name] for name in part] for part in tested.parts],
        1 if table.methods[row].higher_is_better else -1,
        tested.about.sign,
    )


def _leaks(entry: Entry, method: MethodRecord, own: bool) -> tuple[Leak, ...]:
    # Of a fitted method the training set is named first; what `own` says need not be said again.
    return leaks_of(entry, replace(method, trained_on=method.trained_on[1:]) if own else method)
