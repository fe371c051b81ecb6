"""``bench score``."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.results.score import ImageScore
    from bench.runs.scoring import Settings


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
    from bench.datasets.roots import Roots
    from bench.plugins.registry import warn_about_plugins
    from bench.results.score import check_scores, name_images, score_images
    from bench.runs import loading

    warn_about_plugins()
    specs = loading.method_specs(methods, options, device, precision)
    named = name_images(images, Roots.parse(roots), "ID|PATH")
    rows = score_images(named, loading.load_methods(specs), settings)
    _print(rows, form)
    if all(row.error is not None for row in rows):
        raise BenchError("no image was scored")
    if strict:
        check_scores(rows)


def _print(rows: Sequence[ImageScore], form: str) -> None:
    if form == "json":
        click.echo(json.dumps([row._asdict() for row in rows], indent=1, ensure_ascii=False))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([("image", "method", "score", "error"), *rows])
    else:
        width = max(len(row.image) for row in rows)
        for row in rows:
            value = f"{row.score:.4f}" if row.score is not None else f"-  ({row.error})"
            click.echo(f"{row.image:{width}}  {row.method}  {value}")
