"""``bench table``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common
from bench.cli.selection import Selection, selection_options, without_fitted
from bench.io.atomic import write_output


@click.command(short_help="Print the stored results as a table.")
@selection_options
@click.option("--format", "form", type=click.Choice(["md", "latex", "csv", "json"]), default="md", show_default=True)
@click.option(
    "--style",
    type=click.Choice(["plain", "cross"]),
    default="plain",
    show_default=True,
    help="cross: what `bench fit --features` fitted on one dataset and tested on others, beside the other methods.",
)
@click.option("--intervals", is_flag=True, help="Write the 95 % interval beside each SRCC (always in csv and json).")
@click.option(
    "--interval",
    "kind",
    type=click.Choice(["percentile", "bca"]),
    default="percentile",
    show_default=True,
    help="Kind of interval; bca corrects bias and skew.",
)
@common.draws_option
@click.option("--common", "on_common", is_flag=True, help="Use only images that every method shown scored.")
@click.option(
    "--by",
    metavar="ATTRIBUTE",
    help="Part each dataset by what its labels say of images (type, level, scene, generator, ...): SRCC inside each.",
)
@click.option("--compare", nargs=2, metavar="A B", help="Test one method against another on each dataset.")
@click.option("--significance", is_flag=True, help="For each dataset a matrix: which method is better than which.")
@click.option(
    "--published", is_flag=True, help="Published correlations beside ours, and what their protocols differ in."
)
@click.option(
    "--published-file",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="The same with a list of your own, in the columns of results/published.csv.",
)
@click.option(
    "--opinions",
    is_flag=True,
    help="Where labels tell the spread of people's ratings: the ceiling that it leaves, and Krasula's AUCs.",
)
@click.option("--mix-protocols", is_flag=True, help="Put different protocols of a dataset into one table, each marked.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write there instead of to stdout.",
)
def table(
    selection: Selection,
    form: str,
    style: str,
    intervals: bool,
    kind: str,
    draws: int,
    on_common: bool,
    by: str | None,
    compare: tuple[str, str] | None,
    significance: bool,
    published: bool,
    published_file: Path | None,
    opinions: bool,
    mix_protocols: bool,
    output: Path | None,
) -> None:
    """Print the stored results, methods × datasets, with footnotes on protocols and a reason for every gap.

    Bold and italics mark a lead that a paired bootstrap finds to be no chance. SRCC and ranks are averaged over the
    datasets that all rows shown compare on; a line below the table names them.
    """
    from bench.cli import table_views as views

    views.check_one(
        {
            "--style cross": style == "cross",
            "--intervals": intervals and style != "cross",
            "--mix-protocols": mix_protocols and style == "cross",
            "--by": by,
            "--compare": compare,
            "--significance": significance,
            "--published": published or published_file,
            "--opinions": opinions,
        }
    )
    entries = selection.entries(also=compare or ())
    if style == "cross":
        _write(views.across(entries, form, intervals), output)
        return
    entries, fitted = without_fitted(entries)
    if by is not None:
        text = views.parted(entries, by, form, mix_protocols)
    elif compare:
        text = views.versus(entries, compare, form, views.Drawing(draws, kind, True), mix_protocols)
    elif significance:
        text = views.matrices(entries, form, views.Drawing(draws, kind, on_common), mix_protocols)
    elif published or published_file:
        drawing = views.Drawing(draws, kind, on_common)
        text = views.beside_published(entries, published_file, selection, form, drawing, mix_protocols)
    elif opinions:
        text = views.by_opinions(entries, form, mix_protocols)
    else:
        text = views.paper(entries, fitted, form, intervals, views.Drawing(draws, kind, on_common), mix_protocols)
    _write(text, output)


def _write(text: str, output: Path | None) -> None:
    if output is None or str(output) == "-":
        click.echo(text.rstrip("\n"))
        return
    write_output(output, text)
