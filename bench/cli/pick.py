"""``bench pick``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common, completion
from bench.cli.commands import command


@command(short_help="Say which method to use on some photographs, and which of them to rate.")
@click.argument("images", metavar="FOLDER...", shell_complete=completion.datasets, nargs=-1, required=True)
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    shell_complete=completion.methods,
    help="Candidate. Repeatable. [default: every opinion-unaware method that needs no download]",
)
@common.option_option
@click.option(
    "--budget", type=click.FloatRange(0, min_open=True), metavar="MS", help="Milliseconds that a photograph may take."
)
@click.option(
    "--sample",
    type=click.IntRange(4),
    default=200,
    show_default=True,
    help="Photographs to score, at most; of more, some are drawn at random, always the same ones.",
)
@click.option("--device", default="auto", show_default=True, metavar="DEVICE", help="Device for networks.")
@click.option("--workers", type=click.IntRange(1, 512), help="Number of processes. [default: one for each core]")
@common.root_option
@common.results_option
@common.text_or("csv", "json", help="Format of what is printed; csv has the candidates alone.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV to write the photographs to rate to, with an empty column score for the ratings.",
)
def pick(
    images: tuple[str, ...],
    methods: tuple[str, ...],
    options: tuple[str, ...],
    budget: float | None,
    sample: int,
    device: str,
    workers: int | None,
    roots: tuple[str, ...],
    results: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Say which method to use on the photographs of FOLDER, and which of them people should rate.

    Agreement with people comes from stored results, and from published ones where none is stored; datasets count as
    much as their images resemble the photographs. Speed and agreement between methods are measured here.
    """
    from bench.io.atomic import check_replaceable, write_output
    from bench.io.progress import say
    from bench.picking.output import after_rating, as_csv, as_json, as_text, rating_csv
    from bench.plugins.options import split_assignment
    from bench.results.pick import pick as pick_method

    if output is not None:
        check_replaceable(output)
    picks = pick_method(
        list(images),
        list(methods) or None,
        budget=budget,
        sample=sample,
        options={f"{method}.{name}": value for method, name, value in map(split_assignment, options)},
        device=device,
        workers=workers,
        results=results,
        roots=dict(text.partition("=")[::2] for text in roots),
    )
    click.echo({"text": as_text, "csv": as_csv, "json": as_json}[form](picks).rstrip("\n"))
    if output is not None and picks.to_rate:
        write_output(output, rating_csv(picks, output.parent))
    if output is not None:
        say(after_rating(picks, output))
