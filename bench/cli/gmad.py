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
    from bench.figures.style import check_path, save_figure
    from bench.gmad.figure import MOST_ROWS, contact_sheet
    from bench.gmad.output import records, summary
    from bench.io.atomic import write_output
    from bench.views.records import to_csv

    check_path(output)
    if levels * pairs > MOST_ROWS:
        raise UsageError(f"--levels {levels} and --pairs {pairs} make {levels * pairs} rows: a sheet holds {MOST_ROWS}")
    contest = _contest(results, (a, b), dataset, levels, pairs, equal)
    if not records(contest):
        raise UsageError(
            f"A and B got {a} and {b}, which hold no pair of images that the one finds equal and the other not"
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
        f"{len(lacking)} of {len(shown)} photographs are not here ({pictures.reason.rstrip('.')}): "
        f"{listed(lacking, 3)}; give --images DIR or --root ID=PATH"
    )
