"""``bench report``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common
from bench.cli.commands import command
from bench.cli.selection import Selection, selection_options


@command(short_help="Write the stored results as one HTML page.")
@selection_options
@common.root_option
@common.images_option
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Page to write: .html. It needs no other file and no network.",
)
@common.title_option
@common.draws_option
@common.gmad_option
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
def report(
    selection: Selection,
    roots: tuple[str, ...],
    images: str | None,
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
    from bench.report.write import write_report

    page = write_report(
        selection.entries(), output, title=title, places=Roots.parse(roots), images=images, draws=draws, pair=gmad
    )
    click.echo(f"{output}: {page.results} results, {page.characters / 1e6:.1f} MB")
    if show:
        click.launch(output.resolve().as_uri())
