"""``bench gmad``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common
from bench.errors import UsageError


@click.command(short_help="Show the images on which two methods differ most.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@common.results_option
@click.option("--dataset", required=True, metavar="ID", help="Its stored results are compared.")
@click.option(
    "--levels", type=click.IntRange(1, 40), default=6, show_default=True, help="Quality levels of each method."
)
@click.option("--pairs", type=click.IntRange(1, 40), default=1, show_default=True, help="Pairs at each level.")
@click.option(
    "--equal",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    metavar="SD",
    help="Standard deviations within which scores, and labels, are held equal.",
)
@click.option("--images", metavar="DIR", help="Folder, archive or URL of the images, where --root is not it.")
@common.root_option
@common.picture_option
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Every pair.")
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
    """Find pairs of images that method A holds equal and B holds most different, and the other way round.

    Works on stored scores, at several levels of quality (group maximum differentiation). The sheet shows the pairs with
    both scores and what people said of them; where the images are not here it says so.
    """
    from bench.datasets.roots import Roots
    from bench.figures.style import check_path, save_figure
    from bench.gmad.figure import MOST_ROWS, contact_sheet
    from bench.gmad.output import records, summary
    from bench.gmad.run import contest_of, count_photographs, photographs_of
    from bench.runs.selection import stored_entries
    from bench.runs.store import Store
    from bench.views.records import records_as_csv

    check_path(output)
    if levels * pairs > MOST_ROWS:
        raise UsageError(f"--levels {levels} and --pairs {pairs} make {levels * pairs} rows: a sheet holds {MOST_ROWS}")
    entries = stored_entries(Store.locate(results))
    contest = contest_of(entries, a, b, dataset, levels=levels, pairs=pairs, equal=equal)
    pictures = photographs_of(contest, Roots.parse(roots), images)
    if table is not None:
        common.write_text(records_as_csv(records(contest)), table, "--csv")
    save_figure(contact_sheet(contest, pictures), output)
    click.echo(summary(contest))
    click.echo(f"{output}: {count_photographs(contest, pictures)}")
