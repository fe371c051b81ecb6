"""``bench check``."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common
from bench.errors import BenchError, UsageError, did_you_mean

if TYPE_CHECKING:
    from bench.check.compare import Tolerance
    from bench.check.reference import Reference
    from bench.check.verdicts import FreshRun, Verdict
    from bench.datasets.roots import Roots
    from bench.runs.entry import Entry
    from bench.runs.store import Store


def _tolerance(_context: click.Context, parameter: click.Parameter, value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise UsageError(f"{parameter.opts[0]} got {value}: use a number of 0 or more")
    return value


def _tolerance_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, default, words in (
        (
            "--correlation-tolerance",
            5e-4,
            "Largest change of a correlation that always passes, even if its paired interval excludes 0.",
        ),
        ("--rank-tolerance", 1e-4, "Largest allowed difference from 1 of the SRCC between new and recorded scores."),
        (
            "--score-tolerance",
            1e-4,
            "Largest allowed change of a score, in standard deviations of the recorded scores.",
        ),
    ):
        option = click.option(name, type=float, default=default, show_default=True, callback=_tolerance, help=words)
        command = option(command)
    return command


@click.command(short_help="Compare stored results with a committed reference, for CI.")
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@click.option(
    "--reference",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/reference"),
    show_default=True,
    metavar="DIR",
    help="Folder of the reference files, one for each dataset.",
)
@common.results_option
@click.option(
    "--method", "methods", multiple=True, metavar="NAME", help="Check only this method, by its label. Repeatable."
)
@_tolerance_options
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Random seed of the paired bootstrap, which tests only correlations that have changed.",
)
@click.option(
    "--fresh", is_flag=True, help="Score again before the check, into a temporary store or the store of --results."
)
@common.option_option
@common.device_option
@common.root_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write JUnit XML to this file.",
)
@click.option("--github", is_flag=True, help="Also print GitHub annotations (on stderr with --format json).")
@click.option("--update", is_flag=True, help="Write the reference from the store instead of checking; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why the numbers changed; recorded in the reference's history.")
def check(
    datasets: tuple[str, ...],
    folder: Path,
    results: str | None,
    methods: tuple[str, ...],
    score_tolerance: float,
    rank_tolerance: float,
    correlation_tolerance: float,
    seed: int,
    fresh: bool,
    options: tuple[str, ...],
    device: str,
    roots: tuple[str, ...],
    form: str,
    junit: Path | None,
    github: bool,
    update: bool,
    reason: str | None,
) -> None:
    """Compare stored results with a committed reference; exit with 1 if any number changed or is missing.

    DATASET is an id or a path; by default every dataset with a reference is checked. Scores, numbers of images and of
    failures, hashes of labels and images, and correlations are compared. Every result in the reference must be in the
    store.
    """
    from bench.check.compare import Tolerance
    from bench.datasets.roots import Roots
    from bench.runs.store import Store

    _refuse_contradictions(update, reason, junit, fresh, options)
    places = Roots.parse(roots)
    chosen = _references(datasets, folder, places, update, methods)
    with ExitStack() as stack:
        store = Store.locate(results)
        if fresh:
            if results is None:
                store = Store(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-check-"))))
            for text, reference in chosen:
                _score_again(text, _only(reference, methods), store, places, options, device)
        entries = common.stored_entries(store)
        found = [reference for _, reference in chosen]
        if update:
            _update(found, entries, methods, reason or "", folder)
            return
        tolerance = Tolerance(score_tolerance, rank_tolerance, correlation_tolerance, seed)
        verdicts = _check([_only(reference, methods) for reference in found], entries, tolerance)
    _report(verdicts, folder, form, junit, github)


def _refuse_contradictions(
    update: bool, reason: str | None, junit: Path | None, fresh: bool, options: Sequence[str]
) -> None:
    if update and not (reason and reason.strip()):
        raise UsageError("--update needs --reason TEXT: say why the numbers changed, the reference records it")
    if reason is not None and not update:
        raise UsageError("--reason is given without --update: give --update too, or leave --reason out")
    if options and not fresh:
        raise UsageError("--option is given without --fresh: it applies only to new scores; give --fresh too")
    if junit and not junit.parent.is_dir():
        raise UsageError(f"--junit got {junit}, whose folder does not exist: create it first")


def _references(
    texts: Sequence[str], folder: Path, places: Roots, update: bool, methods: Sequence[str]
) -> list[tuple[str, Reference]]:
    """Return what was asked for, each with what the user called it."""
    from bench.check import reference
    from bench.check.reference import Reference

    known = reference.names(folder)
    if not texts and not known:
        raise UsageError(
            f"no references in {folder}: write one with `bench check ID --update --reason TEXT`, or give --reference"
        )
    ids = {_dataset_id(text, known, places): text for text in texts or known}
    if update:
        missing = [Reference(name, (), ()) for name in ids if name not in known]
        return [(ids[r.dataset], r) for r in [*missing, *(reference.read(folder, n) for n in ids if n in known)]]
    found = [(text, reference.read(folder, name)) for name, text in ids.items()]
    _refuse_unknown_methods(methods, [each for _, each in found], named=bool(texts))
    return found


def _refuse_unknown_methods(methods: Sequence[str], references: Sequence[Reference], named: bool) -> None:
    labels = {record.method for each in references for record in each.records}
    for method in methods:
        if method not in labels:
            raise UsageError(f"--method got {method!r}, which is in no reference.{did_you_mean(method, labels)}")
    for each in references:
        # Of a dataset that was asked for by name something must be checked.
        if named and methods and not _only(each, methods).records:
            raise UsageError(f"--method: the reference of {each.dataset!r} contains no result of {', '.join(methods)}")


def _dataset_id(text: str, known: Sequence[str], places: Roots) -> str:
    from bench.datasets.catalogue import canonical
    from bench.datasets.resolve import resolve

    name = canonical(text)
    # A path says where a dataset is; its id is what the store calls it.
    return resolve(text, places, "DATASET").id if name not in known and Path(text).exists() else name


def _only(reference: Reference, methods: Sequence[str]) -> Reference:
    if not methods:
        return reference
    return replace(reference, records=tuple(r for r in reference.records if r.method in methods))


def _score_again(
    text: str, reference: Reference, store: Store, places: Roots, options: Sequence[str], device: str
) -> None:
    from bench.check.verdicts import fresh_runs
    from bench.datasets.resolve import resolve
    from bench.runs import loading, runner

    runs = fresh_runs(reference.records)
    if not runs:
        return
    common.warn_about_plugins()
    store.check_writable()
    dataset = resolve(text, places, "DATASET")
    for again in runs:
        specs = _specs(again, options, device)
        ready = loading.load_methods(specs)
        for result in runner.run(ready, dataset, store, again.settings, split=again.split):
            if not result.new and dataset.samples:
                raise UsageError(
                    f"--fresh: {store.root} already has the scores of {result.entry.method.label}, and "
                    "stored scores are not computed again: give --results an empty folder, or leave it out"
                )


def _specs(again: FreshRun, options: Sequence[str], device: str) -> list[Any]:
    from bench.runs import loading

    names = [record.identity["method"]["name"] for record in again.records]
    own = [text for text in options if text.partition("=")[0].rpartition(".")[0] in names]
    specs = loading.method_specs(names, [*again.assignments(), *own], device)
    for spec, record in zip(specs, again.records, strict=True):
        if spec.label != record.method:
            raise UsageError(
                f"--fresh: the reference has {record.method}, but its recorded options give {spec.label}: give the "
                "files that it reads by --option METHOD.NAME=FILE"
            )
    return specs


def _check(references: Sequence[Reference], entries: Sequence[Entry], tolerance: Tolerance) -> list[Verdict]:
    from bench.check import verdicts as regression

    return [verdict for each in references for verdict in regression.check_reference(each, entries, tolerance)]


def _update(
    references: Sequence[Reference], entries: Sequence[Entry], methods: Sequence[str], reason: str, folder: Path
) -> None:
    from bench.check import reference as files
    from bench.check import verdicts as regression

    # All are read before the first is written: what cannot be done as a whole leaves everything as it was.
    new = [regression.update(each, entries, methods, reason.strip()) for each in references]
    for old, each in zip(references, new, strict=True):
        if each == old:
            click.echo(f"{each.dataset}: no change, {files.path_of(folder, each.dataset)} was not written")
        else:
            path = files.write(folder, each)
            click.echo(f"{each.dataset}: wrote {path}: {', '.join(each.history[-1].methods)}")


def _report(verdicts: Sequence[Verdict], folder: Path, form: str, junit: Path | None, github: bool) -> None:
    from bench.check import output
    from bench.check.reference import path_of
    from bench.io.atomic import write_output

    click.echo(output.to_json(verdicts) if form == "json" else output.to_text(verdicts))
    if junit:
        write_output(junit, output.to_junit(verdicts), "--junit")
    failed = [verdict for verdict in verdicts if verdict.failed]
    if github and failed:
        places = {verdict.dataset: path_of(folder, verdict.dataset) for verdict in failed}
        click.echo(output.to_github(failed, places), err=form == "json")
    if failed:
        raise BenchError(
            f"{len(failed)} of {len(verdicts)} results differ from the reference; if that is meant: "
            "`bench check --update --reason TEXT`"
        )
