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
    "--published", is_flag=True, help="Published correlations beside ours, and what their protocols differ in."
)
@click.option(
    "--published-file",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="The same with a list of your own, in the columns of results/published.csv.",
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
    published: bool,
    published_file: Path | None,
    mix_protocols: bool,
    output: Path | None,
) -> None:
    """Print the stored results, methods × datasets, with footnotes on protocols and a reason for every gap.

    SRCC and ranks are averaged over the datasets that all rows shown compare on; a line below the table names them.
    """
    from bench import markup, render, render_paper
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
    published = published or published_file is not None
    if by is not None and published:
        raise UsageError("--by and --published write tables of different kinds: leave one of them out")
    cells = evaluate(entries, DRAWS if (intervals or published or form in ("csv", "json")) and by is None else 0)
    tables = arrange(cells, mix_protocols)
    if by is not None:
        text = _parted(tables, by, form)
    elif published:
        text = _beside_published(tables, published_file, form, bool(methods), set(map(canonical, datasets)))
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


def _beside_published(tables: list[Table], file: Path | None, form: str, by_method: bool, datasets: set[str]) -> str:
    from bench import markup, render_published
    from bench.agreement import compare, select
    from bench.published import read_published

    rows = select(read_published(file), tables, by_method, datasets)
    compared = compare(rows, tables)
    if form in ("md", "latex"):
        return render_published.to_paper(compared, markup.MARKDOWN if form == "md" else markup.LATEX)
    return render_published.to_json(compared) if form == "json" else render_published.to_csv(compared)


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
