"""Selection of stored results: the options --results, --method, --dataset and --family, and the entries they choose."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common, completion
from bench.runs.selection import FAMILIES

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_OPTIONS = (
    common.results_option,
    click.option(
        "--method",
        "methods",
        multiple=True,
        metavar="NAME",
        shell_complete=completion.stored_methods,
        help="Show only this method, by its label or name. Repeatable.",
    ),
    click.option(
        "--dataset",
        "datasets",
        multiple=True,
        metavar="ID",
        shell_complete=completion.stored_datasets,
        help="Show only this dataset. Repeatable.",
    ),
    click.option(
        "--family",
        "families",
        multiple=True,
        type=click.Choice(FAMILIES),
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

    def entries(self, pair: tuple[str, ...] = ()) -> list[Entry]:
        """Return the selected entries.

        Args:
            pair: names of the two methods that are compared; empty for no restriction.

        Raises:
            UsageError: there are no stored results, or none that match.
        """
        from bench.runs.selection import select, stored_entries
        from bench.runs.store import Store

        return select(stored_entries(Store.locate(self.results)), self.methods, self.datasets, self.families, pair)


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
