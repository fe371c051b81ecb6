"""Selection of stored results: the options --results, --method, --dataset and --family, and the entries they choose."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bench.api import Family
from bench.cli import common
from bench.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_AWARE = {"opinion-unaware": False, "opinion-aware": True, "undeclared": None}
_OPTIONS = (
    common.results_option,
    click.option(
        "--method",
        "methods",
        multiple=True,
        metavar="NAME",
        help="Show only this method, by its label or name. Repeatable.",
    ),
    click.option("--dataset", "datasets", multiple=True, metavar="ID", help="Show only this dataset. Repeatable."),
    click.option(
        "--family",
        "families",
        multiple=True,
        type=click.Choice(list(dict.fromkeys([*_AWARE, *(family.value for family in Family)]))),
        help="Show only methods of this kind. Repeatable.",
    ),
)


@dataclass(frozen=True)
class Selection:
    """Selection of stored results.

    Attributes:
        results: folder of the store; None for the default.
        methods: names or labels; empty for all.
        datasets: ids; empty for all.
        families: kinds of methods; empty for all.
    """

    results: str | None
    methods: tuple[str, ...]
    datasets: tuple[str, ...]
    families: tuple[str, ...]

    def entries(self, also: tuple[str, ...] = ()) -> list[Entry]:
        """Return the selected entries.

        Args:
            also: names of methods to restrict the selection to, all of which must have results; empty for no
                restriction.

        Raises:
            UsageError: there are no stored results, or none that match.
        """
        from bench.datasets.catalogue import canonical
        from bench.runs.store import Store

        store = Store.locate(self.results)
        entries = common.stored_entries(store)
        if not entries:
            raise UsageError(
                f"no results in {store.root}: run `bench run --method NAME --dataset ID` first, or give --results"
            )
        entries = _only(_only(entries, "--method", self.methods, "method", "label"), "A B", also, "method", "label")
        entries = _only(entries, "--dataset", tuple(map(canonical, self.datasets)), "dataset", "id")
        kept = [entry for entry in entries if not self.families or _is_of(entry, self.families)]
        if not kept:
            raise UsageError(f"--family got {', '.join(self.families)}, but no method of this kind has a stored result")
        return kept


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --results, --method, --dataset and --family, as one argument ``selection``."""

    @functools.wraps(command)
    def call(
        *args: Any,
        results: str | None,
        methods: tuple[str, ...],
        datasets: tuple[str, ...],
        families: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        return command(*args, selection=Selection(results, methods, datasets, families), **rest)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call


def without_fitted(entries: Sequence[Entry]) -> tuple[list[Entry], int]:
    """Return the entries without regressions fitted on splits (only ``--style cross`` shows them), and their number."""
    kept = [entry for entry in entries if not entry.fitted]
    if not kept:
        raise UsageError("all selected results are regressions fitted on splits: use `bench table --style cross`")
    return kept, len(entries) - len(kept)


def _is_of(entry: Entry, families: tuple[str, ...]) -> bool:
    method = entry.method
    aware = next(name for name, value in _AWARE.items() if value == method.opinion_aware)
    return bool({aware, method.family} & set(families))


def _only(entries: list[Entry], option: str, wanted: tuple[str, ...], block: str, key: str) -> list[Entry]:
    known = {entry.meta[block][name] for entry in entries for name in (key, "name") if name in entry.meta[block]}
    for name in wanted:
        if name not in known:
            raise UsageError(f"{option} got {name!r}, which has no stored result.{did_you_mean(name, known)}")
    if not wanted:
        return entries
    return [e for e in entries if {e.meta[block][key], e.meta[block].get("name")} & set(wanted)]
