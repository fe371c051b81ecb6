"""``bench gmad``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common, completion
from bench.cli.commands import command
from bench.errors import UsageError


@command(short_help="Show the images on which two methods differ most (gMAD).")
@click.argument("a", metavar="A", shell_complete=completion.stored_methods)
@click.argument("b", metavar="B", shell_complete=completion.stored_methods)
@common.results_option
@click.option(
    "--dataset",
    required=True,
    metavar="ID",
    shell_complete=completion.stored_datasets,
    help="Dataset whose stored results are compared.",
)
@click.option(
    "--levels",
    type=click.IntRange(1, 40),
    default=6,
    show_default=True,
    help="Number of quality levels of each method.",
)
@click.option(
    "--pairs", type=click.IntRange(1, 40), default=1, show_default=True, help="Number of pairs at each level."
)
@click.option(
    "--equal",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    metavar="SD",
    help="Largest difference of two scores, or labels, that counts as equal, in standard deviations.",
)
@click.option(
    "--images", metavar="DIR", help="Folder, archive or URL of the images, if it is not the dataset's --root."
)
@common.root_option
@common.picture_options
@click.option(
    "--csv", "table", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="CSV of all pairs to write."
)
def gmad(
    a: str,
    b: str,
    results: str | None,
    dataset: str,
    levels: int,
    pairs: int,
    equal: float,
    images: str | None,
    roots: tuple[str, ...],
    output: Path,
    table: Path | None,
) -> None:
    """Find pairs of images with equal scores by method A and most different scores by B, and the reverse.

    This is the group maximum differentiation competition (gMAD) on stored scores, at several quality levels. The figure
    shows each pair with both scores and the labels; images that are not available are marked.
    """
    from bench.datasets.roots import Roots
    from bench.figures.style import check_path, save_figure
    from bench.gmad.figure import MOST_ROWS, contact_sheet
    from bench.gmad.output import records, summary
    from bench.gmad.run import contest_of, count_photographs, photographs_of
    from bench.io.atomic import check_apart, write_output
    from bench.runs.selection import stored_entries
    from bench.runs.store import Store
    from bench.views.records import to_csv

    check_apart([("--output", output), ("--csv", table)])
    check_path(output)
    if levels * pairs > MOST_ROWS:
        raise UsageError(
            f"--levels {levels} and --pairs {pairs} make {levels * pairs} rows: a figure has at most {MOST_ROWS}"
        )
    entries = stored_entries(Store.locate(results))
    contest = contest_of(entries, a, b, dataset, levels=levels, pairs=pairs, equal=equal)
    pictures = photographs_of(contest, Roots.parse(roots), images)
    if table is not None:
        write_output(table, to_csv(records(contest)), "--csv")
    save_figure(contact_sheet(contest, pictures), output)
    click.echo(summary(contest))
    click.echo(f"{output}: {count_photographs(contest, pictures)}")
