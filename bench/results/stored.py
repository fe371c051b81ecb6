"""``bench.load_results``: results that are stored already."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bench.results.results import Results
from bench.results.wording import public
from bench.runs.selection import stored_entries
from bench.runs.store import Store


@public
def load_results(
    results: str | os.PathLike[str] | None = None,
    *,
    methods: str | Sequence[str] = (),
    datasets: str | Sequence[str] = (),
    families: str | Sequence[str] = (),
) -> Results:
    """Read stored results, including those of ``bench run``, ``bench import`` and ``bench fit``.

    Args:
        results: folder of the store; None: ``$BENCH_RESULTS``, else ``results/`` in the working directory.
        methods: names or labels of methods; empty for all.
        datasets: ids; empty for all.
        families: as in :meth:`Results.only`.

    Raises:
        UsageError: nothing is stored there, or nothing of what is asked for.

    Example:
        >>> print(load_results(methods="niqe"))
        1 method on 1 dataset, 210 scores, no failures
    """
    store = Store.locate(None if results is None else os.fspath(results))
    return Results(tuple(stored_entries(store))).only(methods, datasets, families)
