"""``bench results``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.cli.commands import group
from bench.errors import BenchError
from bench.io.visible import one_line

if TYPE_CHECKING:
    from bench.runs.entry import Entry


@group(short_help="List, verify or remove stored results.")
def results() -> None:
    """List, verify or remove stored results."""


@results.command("list")
@common.results_option
@common.text_or("json")
def list_results(results: str | None, form: str) -> None:
    """List every stored result with its key."""
    from bench.runs.store import Store

    store = Store.locate(results)
    entries = store.readable_entries()
    if form == "json":
        click.echo(json.dumps([entry.meta for entry in entries], indent=1, ensure_ascii=False))
        return
    for entry in entries:
        click.echo(one_line(_line(entry)))
    if not entries:
        click.echo(f"No results in {store.root}.")


def _line(entry: Entry) -> str:
    state = f"{entry.scored} scored, {entry.failed} failed" if entry.complete else "unfinished"
    return (
        f"{entry.key}  {entry.dataset.id}  {entry.method.label} ({entry.method.version})  {entry.protocol}  "
        f"{state}  {entry.finished}"
    )


_STATES = {
    "ok": "every file is as it was written",
    "unfinished": "a run was stopped; what it stored is as it was written",
    "unchecked": "written by an older version without checksums; it can be read",
}


@results.command("verify")
@common.results_option
def verify(results: str | None) -> None:
    """Read every file of every stored result and compare it with its checksums; exit with 1 if one is damaged."""
    from bench.runs.store import Store

    store = Store.locate(results)
    found = store.verify()
    for each in found:
        place = each.folder.relative_to(store.runs)
        click.echo(f"{each.state:10}  {place}: {each.words or _STATES[each.state]}")
    damaged = sum(each.state == "damaged" for each in found)
    if damaged:
        raise BenchError(f"{damaged} of {len(found)} results {'is' if damaged == 1 else 'are'} damaged")
    if not found:
        click.echo(f"No results in {store.root}.")


@results.command("rm")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@common.results_option
def remove(keys: tuple[str, ...], results: str | None) -> None:
    """Remove stored results by key (see `bench results list`)."""
    from bench.runs.store import Store

    store = Store.locate(results)
    for key in dict.fromkeys(keys):
        click.echo(f"removed {store.remove(key)}")
