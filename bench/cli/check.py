"""``bench check``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.errors import BenchError, UsageError

if TYPE_CHECKING:
    from bench.check.run import WrittenReference
    from bench.check.verdicts import Verdict


def _tolerance(_context: click.Context, parameter: click.Parameter, value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise UsageError(f"{parameter.opts[0]} got {value}: use a number of 0 or more; a large one permits all")
    return value


def _tolerance_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, default, words in (
        ("--correlation-tolerance", 5e-4, "Change of a correlation that is fine, however narrow its paired interval."),
        ("--rank-tolerance", 1e-4, "How far the rank correlation of new and recorded scores may fall short of 1."),
        ("--score-tolerance", 1e-4, "Largest change of a score, in standard deviations of the recorded ones."),
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
    help="Where the reference files are, one a dataset.",
)
@common.results_option
@click.option("--method", "methods", multiple=True, metavar="NAME", help="Only this row (its label). Repeatable.")
@_tolerance_options
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Of the paired bootstrap, which only judges correlations that have moved.",
)
@click.option("--fresh", is_flag=True, help="Score first, into a temporary store or the one of --results.")
@common.option_option
@common.device_option
@common.root_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write JUnit XML there too."
)
@click.option("--github", is_flag=True, help="Print annotations for GitHub too (on stderr beside --format json).")
@click.option("--update", is_flag=True, help="Write the reference from the store instead; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why the numbers moved: goes into the reference's history.")
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
    """Compare stored results with a committed reference; exit with 1 if anything moved or is missing.

    DATASET is an id or a path; without one every dataset that has a reference is checked. Scores, counts of images and
    failures, hashes of labels and images, and correlations are compared. Whatever the reference names must be there.
    """
    from bench.check.compare import Tolerance
    from bench.check.run import FreshScores, check_results, update_references
    from bench.datasets.roots import Roots

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


def _refuse_contradictions(
    update: bool, reason: str | None, junit: Path | None, fresh: bool, options: Sequence[str]
) -> None:
    if update and not (reason and reason.strip()):
        raise UsageError("--update needs --reason TEXT: say why the numbers moved, it is kept in the reference")
    if reason is not None and not update:
        raise UsageError("--reason is given without --update: a check changes no reference")
    if options and not fresh:
        raise UsageError("--option is given without --fresh: what is stored was scored already")
    if junit and not junit.parent.is_dir():
        raise UsageError(f"--junit got {junit}, whose folder does not exist: make it first")


def _say_written(written: WrittenReference) -> None:
    name = written.reference.dataset
    if written.changed:
        click.echo(f"{name}: wrote {written.path}: {', '.join(written.reference.history[-1].methods)}")
    else:
        click.echo(f"{name}: nothing has changed, {written.path} is left as it is")


def _report(verdicts: Sequence[Verdict], folder: Path, form: str, junit: Path | None, github: bool) -> None:
    from bench.check import output
    from bench.check.reference import path_of
    from bench.io.atomic import write_atomically

    click.echo(output.to_json(verdicts) if form == "json" else output.to_text(verdicts))
    if junit:
        try:
            write_atomically(junit, output.to_junit(verdicts))
        except OSError as error:
            raise UsageError(f"--junit got {junit}, which cannot be written: {error.strerror}") from None
    failed = [verdict for verdict in verdicts if verdict.failed]
    if github and failed:
        places = {verdict.dataset: path_of(folder, verdict.dataset) for verdict in failed}
        click.echo(output.to_github(failed, places), err=form == "json")
    if failed:
        raise BenchError(
            f"{len(failed)} of {len(verdicts)} results differ from the reference; if that is meant: "
            "`bench check --update --reason TEXT`"
        )
