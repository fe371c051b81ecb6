"""``bench check``."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common, completion
from bench.cli.commands import command
from bench.errors import BenchError, UsageError, listed

if TYPE_CHECKING:
    from bench.check.run import WrittenReference
    from bench.check.verdicts import Verdict
    from bench.datasets.roots import Roots


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


@command(short_help="Compare stored results with a committed reference, for CI.")
@click.argument("datasets", nargs=-1, metavar="[DATASET]...", shell_complete=completion.datasets)
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
@common.plugin_option
@common.option_option
@common.device_option
@common.root_option
@common.text_or("json")
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write JUnit XML to this file.",
)
@click.option("--github", is_flag=True, help="Also print GitHub annotations (on stderr with --format json).")
@click.option("--update", is_flag=True, help="Write the reference from the store instead of checking; needs --reason.")
@click.option(
    "--against",
    metavar="REVISION",
    help="Compare the present code of methods with that at a git revision by a paired test, without a reference; needs "
    "DATASET and --method.",
)
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
    against: str | None,
    reason: str | None,
) -> None:
    """Compare stored results with a committed reference; exit with 1 if any number changed or is missing.

    DATASET is an id or a path; by default every dataset with a reference is checked. Scores, numbers of images and of
    failures, hashes of labels and images, and correlations are compared. Every result in the reference must be in the
    store.
    """
    from bench.check.compare import Tolerance
    from bench.check.run import FreshScores, check_results, update_references
    from bench.datasets.roots import Roots

    if against is not None:
        if update or fresh or reason is not None or junit or github or results is not None:
            raise UsageError("--against goes with --method, --option, --root, --device and --format alone")
        _compare_revision(against, datasets, methods, Roots.parse(roots), options, device, form)
        return
    _refuse_contradictions(update, reason, junit, fresh, options)
    places = Roots.parse(roots)
    again = FreshScores(options, device) if fresh else None
    if update:
        for each in update_references(
            datasets, folder, places, reason or "", results=results, methods=methods, fresh=again
        ):
            _say_written(each)
        return
    tolerance = Tolerance(score_tolerance, rank_tolerance, correlation_tolerance, seed)
    verdicts = check_results(
        datasets, folder, places, results=results, methods=methods, tolerance=tolerance, fresh=again
    )
    _report(verdicts, folder, form, junit, github)
    failed = [verdict for verdict in verdicts if verdict.failed]
    if failed:
        command = _command(datasets, folder, results, methods, options, roots)
        advice = _advice(failed, fresh, command)
        raise BenchError(f"{len(failed)} of {len(verdicts)} results differ from the reference; {advice}")


def _compare_revision(
    revision: str,
    datasets: Sequence[str],
    methods: Sequence[str],
    places: Roots,
    options: Sequence[str],
    device: str,
    form: str,
) -> None:
    from bench.check import output
    from bench.check.against import compare_revision

    found = compare_revision(revision, datasets, methods, places, options=options, device=device)
    click.echo(output.comparisons_to_json(found) if form == "json" else output.comparisons_to_text(found, revision))
    worse = sum(each.failed for each in found)
    if worse:
        are = "is" if worse == 1 else "are"
        raise BenchError(f"{worse} of {len(found)} results {are} worse than at {revision}, or lost scores")


def _command(
    datasets: Sequence[str],
    folder: Path,
    results: str | None,
    methods: Sequence[str],
    options: Sequence[str],
    roots: Sequence[str],
) -> str:
    """Return the command of a check as the user gave it, without what it prints."""
    words = ["bench", "check", *datasets]
    words += ["--reference", str(folder)] if folder != Path("results/reference") else []
    words += ["--results", results] if results is not None else []
    for name, values in (("--method", methods), ("--option", options), ("--root", roots)):
        words += [word for value in values for word in (name, value)]
    return shlex.join(words)


def _advice(failed: Sequence[Verdict], fresh: bool, command: str) -> str:
    """Say how the reference can be written anew, if the differences are meant."""
    unusable = any(finding.what == "result" for verdict in failed for finding in verdict.findings)
    if unusable and not fresh:
        return (
            "the store has no usable result of some: score them by `bench run`, or `bench run --rescore` where code "
            f"has changed; or check by `{command} --fresh`"
        )
    update = f"{command}{' --fresh' if fresh else ''} --update --reason TEXT"
    return f"if that is not meant, mend the method; if that is meant: `{update}`, and commit the reference"


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


def _say_written(written: WrittenReference) -> None:
    name = written.reference.dataset
    if written.changed:
        click.echo(f"{name}: wrote {written.path}: {', '.join(written.reference.history[-1].methods)}")
    else:
        click.echo(f"{name}: no change, {written.path} was not written")
    if written.unguarded:
        given = " ".join(f"--method {shlex.quote(label)}" for label in written.unguarded)
        click.echo(f"{name}: stored and not in the reference: {listed(written.unguarded)}; {given} adds to it")


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
