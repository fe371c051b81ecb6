"""``bench site``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common
from bench.cli.commands import command
from bench.cli.selection import Selection, selection_options


@command(short_help="Write the stored results as a static site, for a leaderboard of your own.")
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@selection_options
@common.root_option
@common.images_option
@common.title_option
@common.draws_option
@common.gmad_option
def site(
    out: Path,
    selection: Selection,
    roots: tuple[str, ...],
    images: str | None,
    title: str,
    draws: int,
    gmad: tuple[str, str] | None,
) -> None:
    """Write the stored results as a static site in the folder OUT: a leaderboard and a page of each method and dataset.

    All numbers are there as results.json and results.csv. Links are relative and nothing is loaded from elsewhere, so
    that any web server or GitHub Pages can host it. Pages of datasets include photographs, if the dataset is available.
    """
    from bench.datasets.roots import Roots
    from bench.report.site import write_site

    made = write_site(
        selection.entries(), out, title=title, places=Roots.parse(roots), images=images, draws=draws, pair=gmad
    )
    click.echo(f"{made.index}: {made.results} results, {len(made.files)} files")
