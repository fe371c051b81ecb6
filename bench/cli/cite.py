"""``bench cite``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from bench.cli import common
from bench.cli.commands import command
from bench.cli.selection import Selection, selection_options
from bench.errors import UsageError, counted
from bench.io.atomic import write_output


@command(short_help="Print what to cite for the datasets and methods of a table.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@selection_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["bibtex", "text"]),
    default="bibtex",
    show_default=True,
    help="BibTeX entries, or one line a name.",
)
@common.output_option
def cite(names: tuple[str, ...], selection: Selection, form: Literal["bibtex", "text"], output: Path | None) -> None:
    """Print what to cite for datasets (or card files) and methods by NAME, or for all that the stored results hold.

    Every paper comes once. Methods of pyiqa cite pyiqa too, and bench itself is the last entry.
    """
    from bench.cite.run import cite_names, cite_results, write_citations

    if names and selection != Selection(None, (), (), ()):
        raise UsageError(
            "NAME and --results, --method, --dataset or --family do not go together: give names, or choose results"
        )
    cited = cite_names(names) if names else cite_results(selection.entries())
    text = write_citations(cited, form)
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
    else:
        write_output(output, text)
        click.echo(f"{output}: what to cite for {counted(len(cited), 'name')}")
