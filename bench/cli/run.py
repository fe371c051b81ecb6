"""``bench run``."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.io.visible import brief, one_line

if TYPE_CHECKING:
    from bench.datasets.readers.reading import Reading
    from bench.runs.jobs import Settings
    from bench.runs.runner import RunResult


@click.command(short_help="Score datasets with methods and store every score.")
@common.methods_option
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    required=True,
    metavar="ID|PATH",
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
def run(
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

    Stored scores are not computed again, except with --rescore. A command that was stopped continues when it is run
    again.
    """
    from bench.datasets.roots import Roots
    from bench.results.arguments import datasets_of
    from bench.results.run import check_outcomes, limited_split, run_each
    from bench.results.skipping import Skipped
    from bench.runs.debugging import failure_shown
    from bench.runs.store import Store

    store = Store.locate(results)
    skipped = Skipped() if skip_missing else None
    chosen = datasets_of(datasets, Roots.parse(roots), "--dataset", reading, skipped)
    outcomes = []
    with failure_shown() if debug else nullcontext():
        for result in run_each(
            methods,
            chosen,
            store,
            replace(settings, debug=debug),
            options=options,
            split=limited_split(split, limit),
            device=device,
            precision=precision,
            allow_incomplete=allow_incomplete,
            retry_failed=retry_failed,
            rescore=rescore,
            skipped=skipped,
        ):
            _report(result)
            outcomes.append(result)
    click.echo(f"Stored in {store.root}; `bench table` prints every stored result.", err=True)
    check_outcomes(outcomes, strict, skipped)


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
    for image, error in _failures(result, 5):
        click.echo(f"  failed: {brief(image)}: {one_line(error)}", err=True)
    if entry.failed > 5:
        click.echo(f"  and {entry.failed - 5} more, all listed in {result.entry.folder / 'scores.parquet'}", err=True)


def _failures(result: RunResult, most: int) -> list[tuple[str, str]]:
    if not result.entry.failed:
        return []
    frame = result.entry.scores()
    failed = frame[frame["error"].notna()].head(most)
    return list(zip(failed["image"], failed["error"], strict=True))
