"""``bench.study``: computing what a study lacks, and writing its tables and figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.api import Resize
from bench.datasets.roots import Roots
from bench.io.progress import say
from bench.results.arguments import datasets_of
from bench.results.results import Results, in_order
from bench.results.run import check_outcomes, run_each, tell_cautions
from bench.results.skipping import Skipped
from bench.results.wording import public
from bench.runs.entry import Entry
from bench.runs.global_state import preserved
from bench.runs.jobs import Settings
from bench.runs.runner import RunResult
from bench.runs.store import Store
from bench.runs.twins import with_twins
from bench.studies.chosen import check_datasets, check_methods
from bench.studies.file import Study, read_study
from bench.studies.plan import parts_of, protocols_of
from bench.studies.write import Writer


@public
def study(
    file: str | os.PathLike[str],
    *,
    results: str | os.PathLike[str] | None = None,
    skip_missing: bool = False,
    strict: bool = False,
    retry_failed: bool = False,
    rescore: bool = False,
    allow_incomplete: bool = False,
) -> Results:
    r"""Run a study: score what is not stored yet, and write its tables and figures, as ``bench run STUDY.toml`` does.

    The process works in the folder of the file meanwhile, because all paths of a study are relative to it.

    Args:
        file: the study, a TOML file (``docs/guides/studies.md``).
        results: folder of the store; None: what the study says.
        skip_missing: as in :func:`bench.run`, and so are the others.
        strict: raise if any image failed.
        retry_failed: score again what failed.
        rescore: score again what is stored.
        allow_incomplete: accept a copy whose number of images is over 1 % off the complete set's.

    Returns:
        The results of the study.

    Raises:
        UsageError: the file is not what it should be, or something cannot start as asked.
        BenchError: as in :func:`bench.run`; tables and figures are written all the same.

    Example:
        >>> _ = Path("study.toml").write_text('methods = ["niqe"]\ndatasets = ["sample"]\ncite = "refs.bib"\n')
        >>> study("study.toml")
        <bench results: 1 method on 1 dataset, 210 scores, no failures>
        >>> "mittal2013making" in Path("refs.bib").read_text()
        True
    """
    found = read_study(Path(file))
    with preserved():
        entries = run_study(
            found,
            store_of(found, results),
            Settings(),
            tell_result=tell_cautions,
            tell_file=say,
            skipped=Skipped() if skip_missing else None,
            strict=strict,
            retry_failed=retry_failed,
            rescore=rescore,
            allow_incomplete=allow_incomplete,
        )
    return in_order(entries)


def run_study(
    study: Study,
    store: Store,
    settings: Settings,
    *,
    tell_result: Callable[[RunResult], None],
    tell_file: Callable[[str], None],
    roots: Sequence[str] = (),
    skipped: Skipped | None = None,
    strict: bool = False,
    retry_failed: bool = False,
    rescore: bool = False,
    allow_incomplete: bool = False,
) -> list[Entry]:
    """Score what a study lacks, write its files, and return its results; see :func:`study`.

    Args:
        study: what to do.
        store: where results go.
        settings: how to score; ``resize`` and ``seed`` are the study's.
        tell_result: called with each result as soon as it is complete.
        tell_file: called with a line for each file that was written.
        roots: further places of datasets, as ``ID=PATH``, which go before those of the study.
        skipped: what notes what is not here and is left out; None: what is not here is an error.
        strict: as in :func:`study`, and so are the others.
        retry_failed: as there.
        rescore: as there.
        allow_incomplete: as there.

    Raises:
        UsageError: something cannot start as asked.
        BenchError: a worker process was killed, the disk is full, a file could not be written, a method scored no
            image, or something was left out.
    """
    places = _places(study, roots)
    again = {"allow_incomplete": allow_incomplete, "retry_failed": retry_failed, "rescore": rescore}
    with study.folder():
        outcomes = []
        for outcome in _score(study, store, settings, places, skipped, again):
            tell_result(outcome)
            outcomes.append(outcome)
        entries = _entries_of(study, store, outcomes)
        of_first_seed = replace(settings, seed=study.seeds[0])
        for line in Writer(study, entries, store, of_first_seed, Roots.parse(places)).write():
            tell_file(line)
    check_outcomes(outcomes, strict)  # where all is left out, stored results are shown all the same
    if skipped is not None:
        skipped.check()
    return entries


def store_of(study: Study, results: str | os.PathLike[str] | None) -> Store:
    """Return the store of a study, by its whole path: that of ``--results``, else the one that the study says."""
    if results is not None:
        return Store(Store.locate(os.fspath(results)).root.absolute())
    return Store(study.path.parent / Store.locate(study.results or None).root)


def _places(study: Study, roots: Sequence[str]) -> list[str]:
    """Return places of datasets as ``ID=PATH``; those of ``roots`` hold from here, before the study's own."""
    given = dict(text.partition("=")[::2] for text in roots)
    first = [f"{name}={Path(folder).absolute()}" for name, folder in given.items()]
    return [*first, *(f"{name}={path}" for name, path in study.roots.items() if name not in given)]


def _score(
    study: Study,
    store: Store,
    settings: Settings,
    places: Sequence[str],
    skipped: Skipped | None,
    again: Mapping[str, bool],
) -> Iterator[RunResult]:
    """Score what a study needs and the store has not, and yield each result."""
    protocols = protocols_of(study)
    datasets = datasets_of(study.datasets, Roots.parse(places), "datasets", skipped=skipped)
    check_methods(study)
    if len(datasets) == len(study.datasets):  # of what is left out nobody knows the id
        check_datasets(study, [each.id for each in datasets], Roots.parse(places))
    for each in protocols:
        policy = Resize.parse(each.resize) if each.resize else None
        yield from run_each(
            each.methods,
            datasets,
            store,
            replace(settings, resize=policy, seed=each.seed),
            options=each.options,
            split=each.split,
            device=study.device,
            precision=study.precision,
            skipped=skipped,
            **again,
        )


def _entries_of(study: Study, store: Store, outcomes: Sequence[RunResult]) -> list[Entry]:
    """Return the results of a study: those of a run, and what is stored of those that the run has left out."""
    here = {outcome.entry.key: outcome.entry for outcome in outcomes}
    stored = store.readable_entries()
    for part in parts_of(study):
        if part.stored(list(here.values())) is None and (entry := part.stored(stored)) and entry.complete:
            here[entry.key] = entry
    return with_twins(list(here.values()))
