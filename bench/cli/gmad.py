"""``bench gmad``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.errors import UsageError, listed

if TYPE_CHECKING:
    from bench.gmad.contest import Contest
    from bench.tables.photographs import Photographs


@click.command(short_help="Show the images on which two methods differ most (gMAD).")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@common.results_option
@click.option("--dataset", required=True, metavar="ID", help="Dataset whose stored results are compared.")
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
@common.picture_option
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
    from bench.figures.style import check_path, save_figure
    from bench.gmad.figure import MOST_ROWS, contact_sheet
    from bench.gmad.output import records, summary
    from bench.io.atomic import write_output
    from bench.views.records import to_csv

    check_path(output)
    if levels * pairs > MOST_ROWS:
        raise UsageError(
            f"--levels {levels} and --pairs {pairs} make {levels * pairs} rows: a figure has at most {MOST_ROWS}"
        )
    contest = _contest(results, (a, b), dataset, levels, pairs, equal)
    if not records(contest):
        raise UsageError(
            f"A and B got {a} and {b}: no pair of images has equal scores by one and different scores by the other"
        )
    pictures = _pictures(contest, images, roots)
    if table is not None:
        write_output(table, to_csv(records(contest)), "--csv")
    save_figure(contact_sheet(contest, pictures), output)
    click.echo(summary(contest))
    click.echo(f"{output}: {_lacking(contest, pictures)}")


def _contest(
    results: str | None, names: tuple[str, str], dataset: str, levels: int, pairs: int, equal: float
) -> Contest:
    from bench.cli.selection import Selection, without_fitted
    from bench.datasets.catalogue import canonical
    from bench.gmad.contest import run_contest
    from bench.tables.evaluation import evaluate
    from bench.tables.table import arrange

    entries, _ = without_fitted(Selection(results, (), (dataset,), ()).entries(also=names))
    tables = arrange(evaluate(entries, draws=0, values=()))
    return run_contest(tables, names, canonical(dataset), levels, pairs, equal)


def _pictures(contest: Contest, images: str | None, roots: tuple[str, ...]) -> Photographs:
    from bench.datasets.roots import Roots
    from bench.io.files import open_folder
    from bench.tables.photographs import in_folder, of_dataset

    if images is not None:
        return in_folder(open_folder(images, "--images"), contest.images)
    return of_dataset(contest.cells, Roots.parse(roots))


def _lacking(contest: Contest, pictures: Photographs) -> str:
    shown = {
        place for way in contest.directions for each in way.judged for place in (each.pair.better, each.pair.worse)
    }
    lacking = [contest.images[place] for place in sorted(shown) if contest.images[place] not in pictures.files]
    if not lacking:
        return f"{len(shown)} photographs"
    return (
        f"{len(lacking)} of {len(shown)} photographs are not available ({pictures.reason.rstrip('.')}): "
        f"{listed(lacking, 3)}; give --images DIR or --root ID=PATH"
    )
