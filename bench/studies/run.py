"""``bench.study``: computing what a study lacks, and writing its tables and figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import Resize
from bench.datasets.roots import Roots
from bench.errors import BenchError, UsageError, counted
from bench.io.atomic import make_folder, write_output
from bench.io.progress import note, say
from bench.results.arguments import datasets_of
from bench.results.results import Results
from bench.results.run import check_outcomes, run_each
from bench.results.skipping import Skipped
from bench.results.wording import public
from bench.runs.entry import Entry
from bench.runs.global_state import preserved
from bench.runs.jobs import Settings
from bench.runs.runner import RunResult
from bench.runs.store import Store
from bench.studies.file import FigureOutput, Study, TableOutput, read_study
from bench.studies.plan import parts_of, protocols_of
from bench.views.shown import form_of

if TYPE_CHECKING:
    from bench.views.arranging import Request


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
    store = store_of(found, results)
    skipped = Skipped() if skip_missing else None
    with preserved(), found.folder():
        outcomes = list(
            score_study(
                found,
                store,
                Settings(),
                skipped=skipped,
                allow_incomplete=allow_incomplete,
                retry_failed=retry_failed,
                rescore=rescore,
            )
        )
        entries = entries_of(found, store, outcomes)
        for line in write_outputs(found, entries):
            say(line)
    check_study(outcomes, strict, skipped)
    return _results(entries)


def _results(entries: Sequence[Entry]) -> Results:
    """Return results whose columns stand in the order of the study's datasets, which the entries have."""
    return Results(tuple(entries), tuple(dict.fromkeys(entry.dataset.id for entry in entries)))


def check_study(outcomes: Sequence[RunResult], strict: bool, skipped: Skipped | None) -> None:
    """Raise BenchError where a run of a study has a problem; it may have had nothing to do, where all is stored."""
    check_outcomes(outcomes, strict)
    if skipped is not None:
        skipped.check()


def store_of(study: Study, results: str | os.PathLike[str] | None) -> Store:
    """Return the store of a study, by its whole path: that of ``--results``, else the one that the study says."""
    if results is not None:
        return Store(Store.locate(os.fspath(results)).root.absolute())
    return Store(study.path.parent / Store.locate(study.results or None).root)


def score_study(
    study: Study,
    store: Store,
    settings: Settings,
    *,
    roots: Sequence[str] = (),
    skipped: Skipped | None = None,
    allow_incomplete: bool = False,
    retry_failed: bool = False,
    rescore: bool = False,
) -> Iterator[RunResult]:
    """Score what a study needs and the store has not, and yield each result. To be called in its folder.

    Args:
        study: what to score.
        store: where results go.
        settings: how to score; ``resize`` and ``seed`` are the study's.
        roots: further places of datasets, as ``ID=PATH``, which go before those of the study.
        skipped: as in :func:`bench.results.run.run_each`, and so are the others.
        allow_incomplete: as there.
        retry_failed: as there.
        rescore: as there.

    Raises:
        UsageError: something cannot start as asked.
        BenchError: a worker process was killed, or the disk is full.
    """
    given = {text.partition("=")[0] for text in roots}
    own = [f"{name}={path}" for name, path in study.roots.items() if name not in given]
    protocols = protocols_of(study)
    datasets = datasets_of(study.datasets, Roots.parse([*roots, *own]), "datasets", skipped=skipped)
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
            allow_incomplete=allow_incomplete,
            retry_failed=retry_failed,
            rescore=rescore,
            skipped=skipped,
        )


def entries_of(study: Study, store: Store, outcomes: Sequence[RunResult]) -> list[Entry]:
    """Return the results of a study: those of a run, and what is stored of those that the run has left out."""
    here = {outcome.entry.key: outcome.entry for outcome in outcomes}
    stored = store.readable_entries()
    for part in parts_of(study):
        if part.stored(list(here.values())) is None and (entry := part.stored(stored)) and entry.complete:
            here[entry.key] = entry
    return list(here.values())


def write_outputs(study: Study, entries: Sequence[Entry]) -> Iterator[str]:
    """Write the tables and figures of a study, and yield a line for each. To be called in its folder.

    Raises:
        UsageError: there are no results.
        BenchError: a file cannot be written, or cannot show these results; the others are written.
    """
    if not entries:
        raise UsageError(f"the study {study.path} has no result to show: see `bench status {study.path.name}`")
    every = _results(entries)
    for file in study.files:
        make_folder(Path(file).parent)
    failed = []
    for file, write in _writers(study, every):
        try:
            yield f"{file}: {write()}"
        except UsageError as error:  # the others can be written all the same
            failed.append(f"{file}: {error}")
    if failed:
        raise BenchError(f"{counted(len(failed), 'file')} of the study could not be written: {'; '.join(failed)}")


def _writers(study: Study, every: Results) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the files of a study, each with what writes it and returns what it shows."""
    chosen: list[TableOutput | FigureOutput] = [*study.tables, *study.figures]
    for output in chosen:
        yield output.file, partial(_write_choice, output, every)
        if isinstance(output, TableOutput) and output.appendix:
            yield output.appendix, partial(_write_appendix, output, every)
    if study.report:
        yield study.report, partial(_write_report, study, every)
    if study.cite:
        yield study.cite, partial(_write_references, study.cite, every)


def _write_choice(output: TableOutput | FigureOutput, every: Results) -> Results:
    chosen = every.only(output.methods, output.datasets, output.families)
    if isinstance(output, TableOutput):
        write_output(Path(output.file), _table(output, chosen), "file")
    else:
        _draw(output, chosen)
    return chosen


def _write_appendix(output: TableOutput, every: Results) -> str:
    from bench.views import appendix

    chosen = every.only(output.methods, output.datasets, output.families)
    views = appendix.show(chosen.entries, _request(output, chosen))
    write_output(Path(output.appendix), views.written(form_of(Path(output.appendix))), "appendix")
    return f"appendix of {output.file}"


def _write_report(study: Study, every: Results) -> Results:
    every.report(study.report, roots=study.roots)
    return every


def _write_references(file: str, every: Results) -> str:
    write_output(Path(file), every.cite(), "cite")
    return "what to cite"


def _table(output: TableOutput, chosen: Results) -> str:
    from bench.views import show

    return show(output.view, chosen.entries, _request(output, chosen)).written(output.form)


def _request(output: TableOutput, chosen: Results) -> Request:
    from bench.views.arranging import Request
    from bench.views.names import Names, read_names

    argument: object = output.of if len(output.of) > 1 else next(iter(output.of), None)
    if output.view == "published" and argument is not None:
        argument = Path(str(argument))
    return Request(
        draws=output.draws,
        interval=output.interval,
        common=output.common,
        mix_protocols=output.mix_protocols,
        intervals=output.intervals,
        marks=output.marks,
        values=output.values,
        margin=output.margin,
        argument=argument,
        datasets=chosen.datasets if output.view in ("paper", "by") else output.datasets,
        sort=output.sort,
        names=read_names(Path(output.names)) if output.names else Names(),
        title=output.caption,
        label=output.label,
        brief=bool(output.appendix),
    )


def _draw(output: FigureOutput, chosen: Results) -> None:
    from bench.figures.plots import PLOTS
    from bench.figures.style import own_style, save_figure

    with own_style(output.style, output.transparent):
        drawn = PLOTS[output.kind](chosen.entries, **output.options)
    for line in drawn.notes:
        note(f"{output.file}: {line}")
    save_figure(drawn.figure, Path(output.file), "file")
