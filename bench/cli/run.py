"""``bench run``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.runs.runner import RunResult
    from bench.runs.scoring import Settings


@click.command(short_help="Score datasets with methods and store every score.")
@common.methods_option
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    required=True,
    metavar="ID|PATH",
    help="Dataset to score: an id, a folder, a CSV with image,score, a card (.toml) or an image. Repeatable.",
)
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
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Score failed images again, for temporary failures. (A repaired file is a new image and is scored anyway.)",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if any image failed.")
def run(
    methods: tuple[str, ...],
    datasets: tuple[str, ...],
    options: tuple[str, ...],
    split: str,
    device: str,
    precision: str,
    settings: Settings,
    roots: tuple[str, ...],
    results: str | None,
    retry_failed: bool,
    strict: bool,
) -> None:
    """Score datasets with methods and store every score.

    Stored scores are not computed again. A command that was stopped continues when it is run again.
    """
    from bench.datasets.resolve import resolve
    from bench.datasets.roots import Roots
    from bench.runs import loading, runner
    from bench.runs.store import Store

    common.warn_about_plugins()
    specs = loading.method_specs(methods, options, device, precision)
    places = Roots.parse(roots)
    resolved = [resolve(text, places) for text in datasets]
    for dataset in resolved:
        dataset.split(split)  # reports a wrong name before weights are loaded; the runner takes the split
    store = Store.locate(results)
    store.check_writable()
    ready = loading.load_methods(specs)
    outcomes: list[RunResult] = []
    for dataset in resolved:
        done = runner.run(ready, dataset, store, settings, split=split, retry_failed=retry_failed)
        for result in done:
            _report(result)
        outcomes += done
    click.echo(f"Stored in {store.root}; `bench table` prints every stored result.", err=True)
    _judge(outcomes, strict)


def _report(result: RunResult) -> None:
    from bench.tables.evaluation import evaluate
    from bench.views.words import srcc_text

    entry = result.entry
    stored = "" if result.new else " (already stored)"
    click.echo(
        f"{entry.method.label} on {entry.dataset.id}: scored {entry.scored}, failed {entry.failed}; "
        f"{srcc_text(evaluate([result.entry])[0])}{stored}"
    )
    for image, error in _failures(result, 5):
        click.echo(f"  failed: {image}: {error}", err=True)
    if entry.failed > 5:
        click.echo(f"  and {entry.failed - 5} more, all listed in {result.entry.folder / 'scores.parquet'}", err=True)


def _failures(result: RunResult, most: int) -> list[tuple[str, str]]:
    if not result.entry.failed:
        return []
    frame = result.entry.scores()
    failed = frame[frame["error"].notna()].head(most)
    return list(zip(failed["image"], failed["error"], strict=True))


def _judge(results: Iterable[RunResult], strict: bool) -> None:
    for result in results:
        entry = result.entry
        if not entry.scored:
            raise BenchError(f"{entry.method.label} scored no image of {entry.dataset.id}")
        if strict and entry.failed:
            raise BenchError(f"--strict: {entry.method.label} failed on {entry.failed} images")
