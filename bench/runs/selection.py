"""Selection of stored results by ``--method``, ``--dataset`` and ``--family``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from bench.api import Family
from bench.datasets.catalogue import canonical
from bench.errors import UsageError, counted, did_you_mean, one_by_one
from bench.io.progress import note
from bench.io.visible import quoted
from bench.runs.entry import Entry
from bench.runs.store import Store

_AWARENESS = {"opinion-unaware": False, "opinion-aware": True, "undeclared": None}
FAMILIES = tuple(dict.fromkeys([*_AWARENESS, *(family.value for family in Family)]))
"""The kinds of methods that can be chosen by."""

_NamesOf = Callable[[Entry], set[str]]


def stored_entries(store: Store) -> list[Entry]:
    """Return the store's entries, and say on stderr which are damaged.

    Raises:
        UsageError: the store has none.
    """
    entries = store.readable_entries()
    if not entries:
        raise UsageError(
            f"no results in {store.root}: run `bench run --method NAME --dataset ID` first, or give --results"
        )
    return entries


def select(
    entries: Sequence[Entry],
    methods: Sequence[str] = (),
    datasets: Sequence[str] = (),
    families: Sequence[str] = (),
    pair: Sequence[str] = (),
) -> list[Entry]:
    """Return the entries that are chosen; an empty choice takes all.

    Args:
        entries: stored results.
        methods: names or labels of methods.
        datasets: ids or aliases.
        families: some of FAMILIES.
        pair: names or labels of two methods, A and B, that must be there; others are then left out.

    Raises:
        UsageError: no entry has one of the names, or no method is of these families.
    """
    for family in families:
        if family not in FAMILIES:
            raise UsageError(f"--family got {quoted(family)}: use one of {', '.join(FAMILIES)}")
    kept = _named(entries, "--method", methods, _names_of_method)
    known = {name for entry in kept for name in _names_of_method(entry)}
    for parameter, name in zip("AB", pair, strict=False):
        _check_known(parameter, name, known)
    kept = [entry for entry in kept if not pair or _names_of_method(entry) & set(pair)]
    kept = _named(kept, "--dataset", [canonical(name) for name in datasets], lambda entry: {entry.dataset.id})
    kept = [entry for entry in kept if not families or _families_of(entry) & set(families)]
    if not kept:
        raise UsageError(f"--family got {', '.join(families)}, but no method of this kind has a stored result")
    return _without_trials(kept)


def _without_trials(entries: list[Entry]) -> list[Entry]:
    """Leave out what was scored of a few images for a trial, unless there is nothing else."""
    whole = [entry for entry in entries if not entry.protocol.is_trial]
    if whole and len(whole) < len(entries):
        note(f"{counted(len(entries) - len(whole), 'trial')} (--limit) left out, which no whole result compares with")
    return whole or entries


def without_fitted(entries: Sequence[Entry]) -> tuple[list[Entry], int]:
    """Return the entries without regressions fitted on splits (only ``--style cross`` shows them), and their number.

    Raises:
        UsageError: nothing else is there.
    """
    kept = [entry for entry in entries if not entry.fitted]
    if not kept:
        raise UsageError("all selected results are regressions fitted on splits: use `bench table --style cross`")
    return kept, len(entries) - len(kept)


def _families_of(entry: Entry) -> set[str]:
    method = entry.method
    return {next(name for name, value in _AWARENESS.items() if value == method.opinion_aware), method.family}


def _names_of_method(entry: Entry) -> set[str]:
    return {entry.method.label, entry.method.name}


def _named(entries: Sequence[Entry], option: str, wanted: Iterable[str], names_of: _NamesOf) -> list[Entry]:
    wanted = list(wanted)
    known = {name for entry in entries for name in names_of(entry)}
    for name in wanted:
        _check_known(option, name, known)
    return [entry for entry in entries if not wanted or names_of(entry) & set(wanted)]


def _check_known(parameter: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        hint = one_by_one(parameter, name, known) or did_you_mean(name, known)
        raise UsageError(f"{parameter} got {quoted(name)}, which has no stored result.{hint}")
