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
@click.option(
    "--style",
    type=click.Choice(["plain", "cross"]),
    default="plain",
    show_default=True,
    help="cross: what `bench fit --features` fitted on one dataset and tested on others, beside the other methods.",
)
@click.option("--intervals", is_flag=True, help="Write the 95 % interval beside each SRCC (always in csv and json).")
@click.option(
    "--by",
    metavar="ATTRIBUTE",
    help="Part each dataset by what its labels say of images (type, level, scene, generator, ...): SRCC inside each.",
)
@click.option("--mix-protocols", is_flag=True, help="Put different protocols of a dataset into one table, each marked.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write there instead.")
def table(
    results: str | None,
    methods: tuple[str, ...],
    datasets: tuple[str, ...],
    form: str,
    style: str,
    intervals: bool,
    by: str | None,
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
    if style == "cross":
        if by is not None or mix_protocols:
            raise UsageError("--style cross has no parts and no mixed protocols: leave out --by and --mix-protocols")
        _write(_across(entries, form, intervals), output)
        return
    fitted = sum(entry.fitted for entry in entries)
    entries = [entry for entry in entries if not entry.fitted]
    if not entries:
        raise UsageError("only regressions fitted on splits are stored: see `bench table --style cross`")
    if by is not None and (intervals or form == "latex"):
        raise UsageError("--by writes parts as md, csv or json, without intervals: leave out --intervals and latex")
    cells = evaluate(entries, DRAWS if (intervals or form in ("csv", "json")) and by is None else 0)
    tables = arrange(cells, mix_protocols)
    if by is not None:
        text = _parted(tables, by, form)
    elif form in ("md", "latex"):
        language = markup.MARKDOWN if form == "md" else markup.LATEX
        text = render_paper.to_paper(tables, language, intervals, fitted)
    else:
        text = render.to_json(tables) if form == "json" else render.to_csv(tables)
    _write(text, output)


def _across(entries: list[Entry], form: str, intervals: bool) -> str:
    from bench import cross_records, markup, render_cross
    from bench.cross import arrange

    found = arrange(entries)
    if not found.tested:
        raise UsageError(
            "--style cross: no regression is among the results: run `bench fit --features METHOD --train DATASET "
            "--test DATASET` first"
        )
    if form in ("md", "latex"):
        return render_cross.to_paper(found, markup.MARKDOWN if form == "md" else markup.LATEX, intervals)
    return cross_records.to_json(found) if form == "json" else cross_records.to_csv(found)


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
