"""``bench table``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from bench.store import Entry
    from bench.tables import Table


@click.command(short_help="Print the stored results as a table.")
@common.results_option
@click.option(
    "--method", "methods", multiple=True, metavar="NAME", help="Only this method (its row's label). Repeatable."
)
@click.option("--dataset", "datasets", multiple=True, metavar="ID", help="Only this dataset. Repeatable.")
@click.option("--format", "form", type=click.Choice(["md", "latex", "csv", "json"]), default="md", show_default=True)
@click.option("--intervals", is_flag=True, help="Write the 95 % interval beside each SRCC (always in csv and json).")
@click.option(
    "--by",
    metavar="ATTRIBUTE",
    help="Part each dataset by what its labels say of images (type, level, scene, generator, ...): SRCC inside each.",
)
@click.option(
    "--opinions",
    is_flag=True,
    help="Where labels tell the spread of people's ratings: the ceiling that it leaves, and Krasula's AUCs.",
)
@click.option("--mix-protocols", is_flag=True, help="Put different protocols of a dataset into one table, each marked.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write there instead.")
def table(
    results: str | None,
    methods: tuple[str, ...],
    datasets: tuple[str, ...],
    form: str,
    intervals: bool,
    by: str | None,
    opinions: bool,
    mix_protocols: bool,
    output: Path | None,
) -> None:
    """Print the stored results, methods × datasets, with footnotes on protocols and a reason for every gap.

    SRCC and ranks are averaged over the datasets that all rows shown compare on; a line below the table names them.
    """
    from bench import markup, render, render_opinions, render_paper
    from bench.cards import canonical
    from bench.evaluation import DRAWS, evaluate
    from bench.store import Store
    from bench.tables import arrange

    store = Store.locate(results)
    entries = common.stored_entries(store)
    if not entries:
        raise UsageError(
            f"no results in {store.root}: run `bench run --method NAME --dataset ID` first, or give --results"
        )
    entries = _only(entries, "--method", methods, "method", "label")
    entries = _only(entries, "--dataset", tuple(map(canonical, datasets)), "dataset", "id")
    if by is not None and (intervals or form == "latex"):
        raise UsageError("--by writes parts as md, csv or json, without intervals: leave out --intervals and latex")
    if opinions and (intervals or by is not None):
        raise UsageError("--opinions is a view of its own, with standard errors: leave out --intervals and --by")
    drawn = (intervals or form in ("csv", "json")) and by is None and not opinions
    cells = evaluate(entries, DRAWS if drawn else 0)
    tables = arrange(cells, mix_protocols)
    if by is not None:
        text = _parted(tables, by, form)
    elif opinions:
        text = render_opinions.write(tables, form)
    elif form in ("md", "latex"):
        language = markup.MARKDOWN if form == "md" else markup.LATEX
        text = render_paper.to_paper(tables, language, intervals)
    else:
        text = render.to_json(tables) if form == "json" else render.to_csv(tables)
    _write(text, output)


def _parted(tables: list[Table], by: str, form: str) -> str:
    from bench import render_breakdown
    from bench.breakdown import break_down

    parted = break_down(tables, by)
    write = {"md": render_breakdown.to_markdown, "csv": render_breakdown.to_csv, "json": render_breakdown.to_json}
    return write[form](parted)


def _only(entries: list[Entry], option: str, wanted: tuple[str, ...], block: str, key: str) -> list[Entry]:
    known = {entry.meta[block][name] for entry in entries for name in (key, "name") if name in entry.meta[block]}
    for name in wanted:
        if name not in known:
            raise UsageError(f"{option} got {name!r}, which has no stored result.{did_you_mean(name, known)}")
    if not wanted:
        return entries
    return [e for e in entries if {e.meta[block][key], e.meta[block].get("name")} & set(wanted)]


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text.rstrip("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output got {output}, which cannot be written: {error.strerror}") from None
