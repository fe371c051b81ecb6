"""``bench score``."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.datasets.dataset import Dataset
    from bench.runs.scoring import LoadedMethod, Settings

Row = dict[str, str | float | None]


@click.command(short_help="Score images and print the scores without storing them.")
@click.argument("images", metavar="ID|PATH...", nargs=-1, required=True)
@common.methods_option
@common.option_option
@common.device_option
@common.precision_option
@common.settings_options
@common.root_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if any image failed.")
def score(
    images: tuple[str, ...],
    methods: tuple[str, ...],
    options: tuple[str, ...],
    device: str,
    precision: str,
    settings: Settings,
    roots: tuple[str, ...],
    form: str,
    strict: bool,
) -> None:
    """Score an image, a folder, a CSV or a dataset and print the scores without storing them.

    Each line has the image, the method and the raw score, or the error if the image could not be scored.
    """
    from bench.datasets.resolve import resolve
    from bench.datasets.roots import Roots
    from bench.runs import loading

    common.warn_about_plugins()
    specs = loading.method_specs(methods, options, device, precision)
    places = Roots.parse(roots)
    datasets = [_named_as_given(resolve(text, places, "ID|PATH"), text, len(images)) for text in images]
    ready = loading.load_methods(specs)
    rows = [row for dataset in datasets for row in _rows(ready, dataset, settings)]
    _print(rows, form)
    failed = sum(row["error"] is not None for row in rows)
    if failed == len(rows):
        raise BenchError("no image was scored")
    if strict and failed:
        raise BenchError(f"--strict: {failed} of {len(rows)} scores are missing")


def _named_as_given(dataset: Dataset, text: str, arguments: int) -> Dataset:
    """With several arguments, prefix image names by the argument: two folders may have images of the same name."""
    if arguments == 1:
        return dataset
    alone = Path(text).is_file() and len(dataset.samples) == 1
    names = [text if alone else f"{text.rstrip('/')}/{sample.name}" for sample in dataset.samples]
    samples = tuple(replace(s, name=name) for s, name in zip(dataset.samples, names, strict=True))
    return replace(dataset, samples=samples)


def _rows(ready: list[LoadedMethod], dataset: Dataset, settings: Settings) -> list[Row]:
    from bench.runs.runner import with_protocol
    from bench.runs.scoring import ImageToScore, score_items

    wanted = tuple(range(len(ready)))
    items = [ImageToScore(s.name, s.file, wanted) for s in dataset.samples if s.file is not None]
    found = {
        (outcome.image, index): outcome
        for scored in score_items(ready, items, with_protocol(settings, dataset), dataset.id)
        for index, outcomes in scored.outcomes.items()
        for outcome in outcomes
    }
    return [
        {"image": item.name, "method": ready[index].spec.label, "score": o.score, "error": o.error}
        for item in items
        for index in wanted
        for o in [found[item.name, index]]
    ]


def _print(rows: list[Row], form: str) -> None:
    if form == "json":
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, ["image", "method", "score", "error"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        width = max(len(str(row["image"])) for row in rows)
        for row in rows:
            value = f"{row['score']:.4f}" if row["score"] is not None else f"-  ({row['error']})"
            click.echo(f"{row['image']!s:{width}}  {row['method']}  {value}")
