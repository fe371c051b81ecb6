"""``bench score``."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import click

from bench.cli import common, completion, streams
from bench.cli.commands import command
from bench.errors import BenchError
from bench.io.progress import beside_bars
from bench.io.visible import brief, one_line, spreadsheet_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.results.score import ImageScore
    from bench.runs.jobs import Settings


@command(short_help="Score images and print the scores without storing them.")
@click.argument("images", metavar="ID|PATH...", shell_complete=completion.datasets, nargs=-1, required=True)
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
@common.raw_option
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
    raw: bool,
    strict: bool,
) -> None:
    """Score an image, a folder, a CSV or a dataset and print the scores without storing them.

    Each line has the image, the method and the raw score, or the error if the image could not be scored. Lines come as
    images are scored.
    """
    from bench.datasets.roots import Roots
    from bench.plugins.registry import warn_about_plugins
    from bench.results.score import check_scores, name_images, score_images
    from bench.runs import loading

    common.check_raw(raw, form)
    warn_about_plugins()
    specs = loading.method_specs(methods, options, device, precision)
    named = name_images(images, Roots.parse(roots), "ID|PATH")
    scored = score_images(named, loading.load_methods(specs), settings)
    if form == "json":
        lines = _json_lines(scored)
    elif form == "csv":
        lines = _csv_lines(scored, raw)
    else:
        lines = _text_lines(scored, max((len(brief(image.name)) for image in named), default=0))
    rows = list(_printed(lines))
    if streams.is_unread():
        return
    if all(row.error is not None for row in rows):
        raise BenchError("no image was scored")
    if strict:
        check_scores(rows)


def _printed(lines: Iterable[tuple[str, ImageScore | None]]) -> Iterator[ImageScore]:
    """Print each row as it comes, so that an interrupt costs none of them; end where nobody reads any more."""
    for text, row in lines:
        with beside_bars():
            click.echo(text, nl=False)
        if row:
            yield row
        if streams.is_unread():
            return


def _text_lines(rows: Iterable[ImageScore], width: int) -> Iterator[tuple[str, ImageScore | None]]:
    for row in rows:
        value = f"{row.score:.4f}" if row.score is not None else f"-  ({one_line(row.error or '')})"
        yield f"{brief(row.image):{width}}  {row.method}  {value}\n", row


def _csv_lines(rows: Iterable[ImageScore], raw: bool) -> Iterator[tuple[str, ImageScore | None]]:
    yield "image,method,score,error\n", None
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row if raw else map(spreadsheet_cell, row))
        yield line.getvalue(), row


def _json_lines(rows: Iterable[ImageScore]) -> Iterator[tuple[str, ImageScore | None]]:
    before = "["
    try:
        for row in rows:
            text = json.dumps(row._asdict(), indent=1, ensure_ascii=False)
            yield before + f"\n{text}".replace("\n", "\n "), row
            before = ","
    finally:
        # After an interrupt, too, what was printed is JSON.
        click.echo("[]" if before == "[" else "\n]")
