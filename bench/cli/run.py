"""``bench run``."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common, completion
from bench.cli.commands import command
from bench.errors import UsageError
from bench.io.progress import say_failures
from bench.io.visible import brief

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.datasets.readers.reading import Reading
    from bench.runs.entry import Entry
    from bench.runs.jobs import Settings
    from bench.runs.runner import RunResult


@command(short_help="Score datasets with methods and store every score.")
@click.argument("study", required=False, metavar="[STUDY.toml]", type=click.Path(path_type=Path))
@common.optional_methods_option
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="ID|PATH",
    shell_complete=completion.datasets,
    help="Dataset to score: an id, a folder, a table (CSV, Excel, JSON) with image,score, a card (.toml) or an image. "
    "Repeatable.",
)
@common.reading_options
@common.option_option
@click.option(
    "--split",
    default="all",
    show_default=True,
    metavar="NAME",
    help="Split of the dataset to score: all, its own, random:SEED or ATTRIBUTE=VALUE.",
)
@common.device_option
@common.precision_option
@common.settings_options
@common.root_option
@common.results_option
@common.incomplete_option
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Score failed images again, for temporary failures. (A repaired file is a new image and is scored anyway.)",
)
@click.option(
    "--rescore",
    is_flag=True,
    help="Score again and replace what is stored, for example after a change of a method's code.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if any image failed.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="Score N images of each dataset for a trial, spread over its contents and always the same ones. A trial is a "
    "protocol of its own, which no table puts beside whole results.",
)
@click.option(
    "--skip-missing",
    is_flag=True,
    help="Leave out datasets and methods that are not here, do the rest, and exit with 1.",
)
@click.option(
    "--debug",
    is_flag=True,
    help="Score one image at a time in this process, where breakpoint() works, and stop at the first failure with the "
    "method's own traceback.",
)
@click.pass_context
def run(
    context: click.Context,
    study: Path | None,
    methods: tuple[str, ...],
    datasets: tuple[str, ...],
    reading: Reading,
    options: tuple[str, ...],
    split: str,
    device: str,
    precision: str,
    settings: Settings,
    roots: tuple[str, ...],
    results: str | None,
    allow_incomplete: bool,
    retry_failed: bool,
    rescore: bool,
    strict: bool,
    limit: int | None,
    skip_missing: bool,
    debug: bool,
) -> None:
    """Score datasets with methods and store every score.

    STUDY.toml says methods, datasets, protocols, tables and figures in a file (docs/guides/studies.md). Stored scores
    are not computed again, except with --rescore. A command that was stopped continues when it is run again.
    """
    from bench.datasets.roots import Roots
    from bench.results.arguments import datasets_of
    from bench.results.run import check_outcomes, limited_split, run_each
    from bench.results.skipping import Skipped
    from bench.runs.debugging import failure_shown
    from bench.runs.store import Store

    _check_usage(context)
    skipped = Skipped() if skip_missing else None
    settings = replace(settings, debug=debug)
    how: dict[str, Any] = {
        "skipped": skipped,
        "allow_incomplete": allow_incomplete,
        "retry_failed": retry_failed,
        "rescore": rescore,
    }
    with failure_shown() if debug else nullcontext():
        if study is not None:
            _run_study(study, results, settings, roots, strict, how)
        else:
            store = Store.locate(results)
            chosen = datasets_of(datasets, Roots.parse(roots), "--dataset", reading, skipped)
            split = limited_split(split, limit)
            how |= {"options": options, "split": split, "device": device, "precision": precision}
            outcomes = _reported(run_each(methods, chosen, store, settings, **how))
            if outcomes:
                click.echo(f"Stored in {store.root}; `bench table` prints every stored result.", err=True)
            check_outcomes(outcomes, strict, skipped)


# What a study says itself.
_OF_STUDY = (
    *("methods", "plugin", "datasets", "options", "split", "device", "precision", "resize", "seed", "limit"),
    *("score_column", "lower_is_better", "image_column", "suffix"),
)


def _check_usage(context: click.Context) -> None:
    """Refuse a study beside options that it says itself, and a run of nothing."""
    default = click.core.ParameterSource.DEFAULT
    given = [each for each in context.command.params if context.get_parameter_source(each.name or "") is not default]
    study = context.params["study"]
    if study is not None and study.suffix != ".toml":
        raise UsageError(f"STUDY got {study}, which is no .toml file: give a dataset by --dataset {study}")
    if study is not None:
        if wrong := [each.opts[0] for each in given if each.name in _OF_STUDY]:
            raise UsageError(f"{', '.join(wrong)} given with a study, which says this itself: change the file instead")
        return
    for each in context.command.params:
        if each.name in ("methods", "datasets") and not context.params[each.name]:
            raise click.MissingParameter(ctx=context, param=each)


def _run_study(
    path: Path, results: str | None, settings: Settings, roots: tuple[str, ...], strict: bool, how: Mapping[str, Any]
) -> None:
    from bench.studies.file import read_study
    from bench.studies.run import run_study, store_of

    study = read_study(path)
    store = store_of(study, results)
    told = []

    def tell(result: RunResult) -> None:
        _report(result)
        told.append(result)

    try:
        run_study(study, store, settings, tell_result=tell, tell_file=click.echo, roots=roots, strict=strict, **how)
    finally:
        if told:
            click.echo(f"Stored in {store.root}; `bench status {path}` says what is done.", err=True)


def _reported(results: Iterable[RunResult]) -> list[RunResult]:
    found = []
    for result in results:
        _report(result)
        found.append(result)
    return found


def _report(result: RunResult) -> None:
    from bench.datasets.dataset import told_count
    from bench.tables.evaluation import evaluate
    from bench.views.words import srcc_text

    entry = result.entry
    stored = f" ({result.remark})" if result.remark else ""
    remarks = [told_count(entry.dataset.here_n, entry.dataset.complete_n)]
    remarks += [f"images of {entry.protocol.size}, not of the card's size"] if entry.protocol.size else []
    shared = entry.dataset.across_splits
    remarks += result.cautions
    remarks += [f"{shared} image(s) are in another split too, as the same file"] if shared else []
    click.echo(
        f"{brief(entry.method.label)} on {brief(entry.dataset.id)}: scored {entry.scored}, failed {entry.failed}; "
        f"{srcc_text(evaluate([result.entry])[0])}{''.join(f'; {remark}' for remark in remarks if remark)}{stored}"
    )
    say_failures(_failures(entry), where=str(entry.folder / "scores.parquet"))


def _failures(entry: Entry) -> list[tuple[str, str]]:
    if not entry.failed:
        return []
    frame = entry.scores(("image", "error"))
    failed = frame[frame["error"].notna()]
    return list(zip(failed["image"], failed["error"], strict=True))
