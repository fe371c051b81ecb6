"""``bench check``: comparison of stored or fresh results with reference files, and updates of these files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.check import reference as files
from bench.check.compare import Tolerance
from bench.check.reference import Reference
from bench.check.verdicts import FreshRun, Verdict, check_reference, fresh_runs, unguarded, update
from bench.datasets.catalogue import canonical
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.errors import UsageError, did_you_mean
from bench.io.visible import quoted
from bench.plugins.registry import warn_about_plugins
from bench.runs import loading, runner
from bench.runs.store import Store


@dataclass(frozen=True)
class FreshScores:
    """Settings for scoring again before a comparison.

    Attributes:
        options: of methods, as ``METHOD.NAME=VALUE``: the files that they read.
        device: ``auto``, ``cpu`` or ``cuda``.
    """

    options: Sequence[str] = ()
    device: str = "auto"


@dataclass(frozen=True)
class WrittenReference:
    """A reference after ``update_references``.

    Attributes:
        reference: what the file holds now.
        path: of the file.
        changed: whether it was written; else it held that already.
        unguarded: labels of stored methods that it has no record of.
    """

    reference: Reference
    path: Path
    changed: bool
    unguarded: Sequence[str]


def check_results(
    datasets: Sequence[str],
    folder: Path,
    places: Roots,
    *,
    results: str | None = None,
    methods: Sequence[str] = (),
    tolerance: Tolerance,
    fresh: FreshScores | None = None,
) -> list[Verdict]:
    """Compare stored results with reference files: scores, counts, hashes and correlations.

    Args:
        datasets: ids or paths; empty: every dataset that has a reference.
        folder: folder of the reference files, one for each dataset.
        places: where the folders of datasets are.
        results: folder of the store; None: the usual one, or with ``fresh`` a temporary one.
        methods: labels of methods; empty for all.
        tolerance: what counts as a number that moved.
        fresh: score first; None: compare what is stored.

    Returns:
        One verdict a record; ``verdict.failed`` says whether anything moved or is missing.

    Raises:
        UsageError: there is no reference, or it has none of the methods, or its scores cannot be computed again.
    """
    chosen = _references(datasets, folder, places, methods)
    with _scored(chosen, places, results, methods, fresh) as store:
        found = store.entries()
        return [verdict for _, each in chosen for verdict in check_reference(_only(each, methods), *found, tolerance)]


def update_references(
    datasets: Sequence[str],
    folder: Path,
    places: Roots,
    reason: str,
    *,
    results: str | None = None,
    methods: Sequence[str] = (),
    fresh: FreshScores | None = None,
) -> list[WrittenReference]:
    """Write reference files from the store; all are read before the first is written.

    Args:
        datasets: ids or paths; empty: every dataset that has a reference.
        folder: where the reference files are.
        places: where the folders of datasets are.
        reason: why numbers moved; it goes into the history of the reference.
        results: as in :func:`check_results`, and so are the others.
        methods: labels of methods to write; empty: those that the reference has, or all that the store has.
        fresh: score first.

    Raises:
        UsageError: no reason is given, or the store lacks a result or has it unfinished.
    """
    if not reason.strip():
        raise UsageError("--update needs --reason TEXT: say why the numbers changed, the reference records it")
    chosen = _old_references(datasets, folder, places)
    with _scored(chosen, places, results, methods, fresh) as store:
        found = store.entries()
        new = [update(old, *found, methods, reason.strip()) for _, old in chosen]
    without = [unguarded(each, found[0]) for each in new]
    return [_write(old, each, folder, rest) for (_, old), each, rest in zip(chosen, new, without, strict=True)]


def _write(old: Reference, new: Reference, folder: Path, without: Sequence[str]) -> WrittenReference:
    if new == old:
        return WrittenReference(new, files.path_of(folder, new.dataset), changed=False, unguarded=without)
    return WrittenReference(new, files.write(folder, new), changed=True, unguarded=without)


def _references(
    texts: Sequence[str], folder: Path, places: Roots, methods: Sequence[str]
) -> list[tuple[str, Reference]]:
    """Return what was asked for, each with what the user called it."""
    found = [(text, files.read(folder, name)) for name, text in _asked_for(texts, folder, places).items()]
    _refuse_unknown_methods(methods, [each for _, each in found], named=bool(texts))
    return found


def _old_references(texts: Sequence[str], folder: Path, places: Roots) -> list[tuple[str, Reference]]:
    known = files.names(folder)
    ids = _asked_for(texts, folder, places)
    missing = [(ids[name], Reference(name, (), ())) for name in ids if name not in known]
    return [*missing, *((ids[name], files.read(folder, name)) for name in ids if name in known)]


def _asked_for(texts: Sequence[str], folder: Path, places: Roots) -> dict[str, str]:
    known = files.names(folder)
    if not texts and not known:
        raise UsageError(
            f"no references in {folder}: write one with `bench check ID --update --reason TEXT`, or give --reference"
        )
    return {_dataset_id(text, known, places): text for text in texts or known}


def _refuse_unknown_methods(methods: Sequence[str], references: Sequence[Reference], named: bool) -> None:
    labels = {record.method for each in references for record in each.records}
    for method in methods:
        if method not in labels:
            raise UsageError(f"--method got {quoted(method)}, which is in no reference.{did_you_mean(method, labels)}")
    for each in references:
        # Of a dataset that was asked for by name something must be checked.
        if named and methods and not _only(each, methods).records:
            raise UsageError(
                f"--method: the reference of {quoted(each.dataset)} contains no result of {', '.join(methods)}"
            )


def _dataset_id(text: str, known: Sequence[str], places: Roots) -> str:
    name = canonical(text)
    # A path says where a dataset is; its id is what the store calls it.
    return resolve(text, places, "DATASET").id if name not in known and Path(text).exists() else name


def _only(reference: Reference, methods: Sequence[str]) -> Reference:
    if not methods:
        return reference
    return replace(reference, records=tuple(r for r in reference.records if r.method in methods))


@contextmanager
def _scored(
    chosen: Sequence[tuple[str, Reference]],
    places: Roots,
    results: str | None,
    methods: Sequence[str],
    fresh: FreshScores | None,
) -> Iterator[Store]:
    """Yield the store to compare with, after scoring into it where that is asked for."""
    if fresh is None:
        yield Store.locate(results)
        return
    with tempfile.TemporaryDirectory(prefix="bench-check-") as temporary:
        store = Store(Path(temporary)) if results is None else Store.locate(results)
        for text, reference in chosen:
            _score_again(text, _only(reference, methods), store, places, fresh)
        yield store


def _score_again(text: str, reference: Reference, store: Store, places: Roots, fresh: FreshScores) -> None:
    runs = fresh_runs(reference.records)
    if not runs:
        return
    warn_about_plugins()
    store.check_writable()
    dataset = resolve(text, places, "DATASET")
    for again in runs:
        ready = loading.load_methods(_specs(again, fresh))
        for result in runner.run(ready, dataset, store, again.settings, split=again.split):
            if not result.new and dataset.samples:
                raise UsageError(
                    f"--fresh: {store.root} already has the scores of {result.entry.method.label}, and "
                    "stored scores are not computed again: give --results an empty folder, or leave it out"
                )


def _specs(again: FreshRun, fresh: FreshScores) -> list[Any]:
    names = [record.identity["method"]["name"] for record in again.records]
    own = [text for text in fresh.options if text.partition("=")[0].rpartition(".")[0] in names]
    specs = loading.method_specs(names, [*again.assignments(), *own], fresh.device)
    for spec, record in zip(specs, again.records, strict=True):
        if spec.label != record.method:
            raise UsageError(
                f"--fresh: the reference has {record.method}, but its recorded options give {spec.label}: give the "
                "files that it reads by --option METHOD.NAME=FILE"
            )
    return specs
