"""``bench score``."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common, completion, streams
from bench.cli.commands import command
from bench.errors import BenchError
from bench.io.progress import beside_bars
from bench.io.visible import brief, one_line, spreadsheet_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.runs.image_scores import ImageScore, Sort
    from bench.runs.jobs import Settings


@command(short_help="Score images and print the scores without storing them.")
@click.argument("images", metavar="ID|PATH...", shell_complete=completion.datasets, nargs=-1, required=True)
@common.optional_methods_option
@click.option(
    "--model",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Rate by a regression on your own ratings, which `bench fit --features --output` wrote.",
)
@common.option_option
@common.device_option
@common.precision_option
@common.settings_options
@common.root_option
@common.text_or("csv", "json", help="Format of what is printed.")
@common.raw_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV to write each score to as it comes, in place of printing it; the same command goes on where it stopped.",
)
@click.option(
    "--sort",
    type=click.Choice(["worst", "best", "name"]),
    help="Order of the rows, when all are there: each method's worst or best image first, or by the images' names. "
    "[default: as given]",
)
@click.option(
    "--top", type=click.IntRange(1), metavar="N", help="Print only the first N images of each method, in that order."
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Page to write too, for a browser: the worst and the best, a threshold, where methods disagree.",
)
@common.results_option
@click.option("--strict", is_flag=True, help="Exit with 1 if any image failed.")
def score(
    images: tuple[str, ...],
    methods: tuple[str, ...],
    model: Path | None,
    options: tuple[str, ...],
    device: str,
    precision: str,
    settings: Settings,
    roots: tuple[str, ...],
    form: str,
    raw: bool,
    output: Path | None,
    sort: Sort | None,
    top: int | None,
    html: Path | None,
    results: str | None,
    strict: bool,
) -> None:
    """Score an image, a folder, a CSV or a dataset and print the scores without storing them.

    Each line has the image, the method and the raw score, or the error if the image could not be scored. Lines come as
    images are scored; with --sort they come when all are scored.
    """
    from bench.datasets.roots import Roots
    from bench.plugins.registry import warn_about_plugins
    from bench.report.photographs import check_page
    from bench.results.score import name_images, write_html
    from bench.runs import loading
    from bench.runs.image_scores import arranged, check_scores, direction, score_images, tell_failures, tell_speed
    from bench.runs.score_table import score_into

    common.check_raw(raw, "csv" if output else form)
    if html is not None:
        check_page(html)
    methods, options, settings = loading.with_model(model, methods, options, settings)
    specs = loading.method_specs(methods, options, device, precision)
    warn_about_plugins()
    named = name_images(images, Roots.parse(roots), "ID|PATH")
    ready = loading.load_methods(specs)
    better = {one.spec.label: direction(one) for one in ready}
    width = max((len(brief(image.name)) for image in named), default=0)
    started = time.perf_counter()
    streaming = output is None and sort is None and top is None
    if output is not None:
        rows, new = score_into(output, named, ready, settings, sort=sort, raw=raw)
    elif streaming:
        rows = list(_printed(_lines(score_images(named, ready, settings), form, raw, better, width)))
        new = len(rows)
    else:
        rows = arranged(score_images(named, ready, settings), sort)
        new = len(rows)
    seconds = time.perf_counter() - started
    if top is not None or not (streaming or output):
        list(_printed(_lines(arranged(rows, None, top), form, raw, better, width)))
    if streams.is_unread():
        return
    tell_speed(new, len(ready), seconds)
    if top is not None or output is not None:
        tell_failures(rows)
    if html is not None:
        write_html(html, rows, named, ready, settings, results)
    if all(row.error is not None for row in rows):
        raise BenchError("no image was scored")
    if strict:
        check_scores(rows)


def _lines(
    rows: Iterable[ImageScore], form: str, raw: bool, better: dict[str, str], width: int
) -> Iterator[tuple[str, ImageScore | None]]:
    if form == "json":
        return _json_lines(rows)
    return _csv_lines(rows, raw) if form == "csv" else _text_lines(rows, better, width)


def _printed(lines: Iterable[tuple[str, ImageScore | None]]) -> Iterator[ImageScore]:
    """Print each row as it comes, so that an interrupt costs none of them; end where nobody reads any more."""
    for text, row in lines:
        with beside_bars():
            click.echo(text, nl=False)
        if row:
            yield row
        if streams.is_unread():
            return


def _text_lines(
    rows: Iterable[ImageScore], better: dict[str, str], width: int
) -> Iterator[tuple[str, ImageScore | None]]:
    for method, direction in better.items():
        yield f"# {method}: {direction} is better\n", None
    for row in rows:
        value = f"{row.score:.4f}" if row.score is not None else f"-  ({one_line(row.error or '')})"
        yield f"{brief(row.image):{width}}  {row.method}  {value}\n", row


def _csv_lines(rows: Iterable[ImageScore], raw: bool) -> Iterator[tuple[str, ImageScore | None]]:
    yield "image,method,score,error,better\n", None
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
