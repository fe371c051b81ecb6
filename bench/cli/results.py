"""``bench results``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from bench.cli import common

if TYPE_CHECKING:
    from bench.runs.entry import Entry


@click.group(short_help="List or remove stored results.")
def results() -> None:
    """List or remove stored results."""


@results.command("list")
@common.results_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
def list_results(results: str | None, form: str) -> None:
    """List every stored result with its key."""
    from bench.runs.store import Store

    store = Store.locate(results)
    entries = store.readable_entries()
    if form == "json":
        click.echo(json.dumps([entry.meta for entry in entries], indent=1, ensure_ascii=False))
        return
    for entry in entries:
        click.echo(_line(entry))
    if not entries:
        click.echo(f"No results in {store.root}.")


def _line(entry: Entry) -> str:
    state = f"{entry.scored} scored, {entry.failed} failed" if entry.complete else "unfinished"
    return (
        f"{entry.key}  {entry.dataset.id}  {entry.method.label} ({entry.method.version})  {entry.protocol}  "
        f"{state}  {entry.finished}"
    )


@results.command("rm")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@common.results_option
def remove(keys: tuple[str, ...], results: str | None) -> None:
    """Remove stored results by key (see `bench results list`)."""
    from bench.runs.store import Store

    store = Store.locate(results)
    for key in dict.fromkeys(keys):
        click.echo(f"removed {store.remove(key)}")
