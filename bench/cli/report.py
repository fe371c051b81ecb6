"""``bench report``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common
from bench.cli.selection import Selection, selection_options, without_fitted
from bench.errors import UsageError


@click.command(short_help="Write the stored results as one HTML page.")
@selection_options
@common.root_option
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Page to write: .html. It needs no other file and no network.",
)
@click.option("--title", default="No-reference image quality metrics", show_default=True, help="Title of the page.")
@common.draws_option
@click.option(
    "--gmad",
    nargs=2,
    metavar="A B",
    help="Two methods to show the images for on which they differ most. [default: the two best on each dataset]",
)
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
def report(
    selection: Selection,
    roots: tuple[str, ...],
    output: Path,
    title: str,
    draws: int,
    gmad: tuple[str, str] | None,
    show: bool,
) -> None:
    """Write the stored results as one HTML page: leaderboard, scatter plots, disagreements and provenance.

    The page includes images on which a method and the labels disagree, if the dataset is available (--root).
    """
    from bench.datasets.roots import Roots
    from bench.io.atomic import write_output
    from bench.report.data import gather
    from bench.report.duels import find_pairs
    from bench.report.page import render
    from bench.tables.evaluation import evaluate
    from bench.tables.table import arrange

    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output got {output}: its name must end in .html")
    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    places = Roots.parse(roots)
    entries, fitted = without_fitted(selection.entries())
    tables = arrange(evaluate(entries, draws))
    page = render(gather(tables, title, places, fitted, find_pairs(tables, places, gmad)))
    write_output(output, page)
    click.echo(f"{output}: {sum(len(table.cells) for table in tables)} results, {len(page) / 1e6:.1f} MB")
    if show:
        click.launch(output.resolve().as_uri())
