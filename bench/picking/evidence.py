"""Agreement of methods with people on rated datasets: stored results, and published ones where none is stored."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bench.api import MethodInfo
from bench.datasets.catalogue import find_card
from bench.runs.entry import Entry
from bench.runs.jobs import LoadedMethod, Settings
from bench.runs.runner import method_identity
from bench.tables.cell import Cell
from bench.tables.evaluation import evaluate
from bench.views.published.numbers import PublishedResult


@dataclass(frozen=True)
class Agreement:
    """Agreement of one method with people on one dataset.

    Attributes:
        dataset: its id.
        srcc: oriented by the declared directions.
        low: lower end of the 95% interval; None where there is none.
        high: upper end.
        n: images; 0 where the publisher does not say.
        source: ``stored``, or where it was published.
    """

    dataset: str
    srcc: float
    low: float | None
    high: float | None
    n: int
    source: str


def stored_cells(entries: Sequence[Entry], ready: Sequence[LoadedMethod], settings: Settings) -> dict[str, list[Cell]]:
    """Return the stored numbers of the very same methods on what people rated, by the methods' labels.

    Regressions on splits, parts of datasets, synthetic orders, and datasets that a method has seen are left out.
    """
    of = {one.spec.label: method_identity(one.spec, settings) for one in ready}
    kept = [
        entry
        for entry in entries
        if entry.complete
        and not entry.fitted
        and entry.dataset.kind != "synthetic-order"
        and entry.protocol.split == "all"
        and entry.identity.method in of.values()
    ]
    found: dict[str, list[Cell]] = {label: [] for label in of}
    for cell in evaluate(kept, values=("srcc",)):
        if cell.correlations.srcc is not None and not cell.excluded:
            label = next(label for label, identity in of.items() if identity == cell.entry.identity.method)
            found[label].append(cell)
    return found


def agreements(info: MethodInfo, cells: Sequence[Cell], published: Sequence[PublishedResult]) -> dict[str, Agreement]:
    """Return what is known of a method on each dataset: what is stored, else what was published.

    Args:
        info: of the method.
        cells: of its stored results.
        published: numbers of any methods.
    """
    found = {result.dataset: result for result in map(_published, _of(info, published))}
    for cell in cells:
        interval, srcc = cell.interval, cell.correlations.srcc
        assert srcc is not None
        found[cell.dataset.id] = Agreement(
            cell.dataset.id, srcc, interval.low, interval.high, cell.correlations.n, "stored"
        )
    return found


def _of(info: MethodInfo, published: Sequence[PublishedResult]) -> list[PublishedResult]:
    names = {info.name, *info.aliases}
    usable = [
        one
        for one in published
        if one.method in names and one.srcc is not None and one.dataset not in (*one.trained_on, *info.trained_on)
    ]
    # The last one of a dataset is taken: read at its source, and on all images, before others.
    return sorted(usable, key=lambda one: (one.verified, one.split == "all"))


def _published(one: PublishedResult) -> Agreement:
    assert one.srcc is not None
    card = find_card(one.dataset)
    n = card.n if card is not None and one.split in ("all", "unknown") else 0
    low, high = fisher_interval(one.srcc.value, n) if n > 3 else (None, None)
    return Agreement(one.dataset, one.srcc.value, low, high, n, one.source)


def fisher_interval(srcc: float, n: int) -> tuple[float, float]:
    """Return the 95% interval of an SRCC of n images by Fisher's z, with Bonett and Wright's standard error (2000).

    Example:
        >>> [round(end, 3) for end in fisher_interval(0.45, 1162)]
        [0.401, 0.497]
    """
    middle = math.atanh(max(-0.9999, min(0.9999, srcc)))
    half = 1.959964 * math.sqrt((1 + srcc**2 / 2) / (n - 3))
    return math.tanh(middle - half), math.tanh(middle + half)


def common_datasets(
    known: Mapping[str, Collection[str]], weights: Mapping[str, float], twins: Mapping[str, Collection[str]]
) -> list[str]:
    """Return the datasets that methods compare on: on each of them as many methods as possible have a number.

    Args:
        known: label of a method → ids of datasets on which it has a number.
        weights: id of a dataset → what it counts; of two choices for as many methods the one that counts more is it.
        twins: id of a dataset → what else it is called; under several names it counts once.

    Example:
        >>> weights = {"a": 0.5, "b": 0.55, "c": 0.1, "copy": 0.5}
        >>> known = {"x": {"a", "b", "c", "copy"}, "y": {"a", "c", "copy"}, "z": {"b"}}
        >>> common_datasets(known, weights, {"a": ["copy"], "copy": ["a"]})
        ['a', 'c']
    """
    of = {name: frozenset(label for label, names in known.items() if name in names) for name in weights}
    choices = {
        methods: _once(sorted(name for name, others in of.items() if others >= methods), twins)
        for methods in of.values()
        if methods
    }
    best = max(choices, key=lambda methods: (len(methods), sum(weights[n] for n in choices[methods])), default=None)
    return [] if best is None else choices[best]


def _once(names: Sequence[str], twins: Mapping[str, Collection[str]]) -> list[str]:
    kept: list[str] = []
    for name in names:
        if not set(kept).intersection(twins.get(name, ())):
            kept.append(name)
    return kept


def copies(names: Collection[str], counted: Collection[str], twins: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return which of some datasets do not count because another name of theirs does, and that name.

    Example:
        >>> copies(["a", "copy", "b"], ["a", "b"], {"a": ["copy"], "copy": ["a"]})
        {'copy': 'a'}
    """
    others = {name: sorted(set(counted).intersection(twins.get(name, ()))) for name in names if name not in counted}
    return {name: found[0] for name, found in others.items() if found}
