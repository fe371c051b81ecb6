"""``bench list``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common, completion
from bench.cli.commands import group
from bench.defaults import KINDS
from bench.errors import UsageError, did_you_mean
from bench.io.visible import brief, one_line, quoted

if TYPE_CHECKING:
    from bench.api import Method

# Characters of a text in a line: whole commands that make a method ready are said in it.
_MOST = 400


@group("list", short_help="List methods or datasets, and what each needs.")
def listing() -> None:
    """List methods or datasets, what each needs, and whether it is ready to use."""


@listing.command("methods")
@click.argument("name", required=False, shell_complete=completion.methods)
@common.plugin_option
@common.text_or("json")
def list_methods(name: str | None, form: str) -> None:
    """List all methods; with NAME, print everything about one method, including its options."""
    from bench.plugins.listing import describe_method, listed_methods
    from bench.plugins.registry import find_method, warn_about_plugins

    warn_about_plugins()
    chosen = [find_method(name, "NAME")] if name else listed_methods()
    if form == "json":
        click.echo(json.dumps([describe_method(method) for method in chosen], indent=1))
    elif name:
        _print_record(describe_method(chosen[0]))
    else:
        _print_columns([_method_line(method) for method in chosen])
        click.echo("\nDetails of one method: bench list methods NAME")


def _method_line(method: type[Method]) -> tuple[str, ...]:
    info = method.info
    kind = {None: "undeclared", True: "opinion-aware", False: "opinion-unaware"}[info.opinion_aware]
    names = ", ".join((info.name, *info.aliases))
    return names, f"{kind}, {info.family.value}", " ".join(info.tags), method.missing() or "ready"


@listing.command("datasets")
@click.argument("name", required=False, shell_complete=completion.datasets)
@common.root_option
@click.option("--kind", type=click.Choice(KINDS), help="Only datasets of this kind.")
@click.option("--ready", is_flag=True, help="Only datasets whose folder is found here.")
@click.option("--licence", help="Only datasets whose licence contains this text, in any case.")
@common.text_or("json", "md")
def list_datasets(
    name: str | None, roots: tuple[str, ...], kind: str | None, ready: bool, licence: str | None, form: str
) -> None:
    """List all datasets with a card; with NAME, tell what is known of one.

    --format md writes docs/reference/datasets.md.
    """
    from bench.datasets.catalogue import card_of, shipped_cards
    from bench.datasets.doctor import choose_cards, describe_card
    from bench.datasets.roots import Roots

    places = Roots.parse(roots)
    cards = list(shipped_cards().values())
    if name:
        card = card_of(name)
        if card is None:
            hint = did_you_mean(name, [c.id for c in cards])
            raise UsageError(
                f"NAME got {quoted(name)}, which is neither the id of a dataset nor a card.{hint} See `bench list "
                "datasets`."
            )
        cards = [card]
    cards = choose_cards(cards, places, kind, licence or "", ready=ready)
    if form == "json":
        click.echo(json.dumps([describe_card(card, places) for card in cards], indent=1, ensure_ascii=False))
    elif form == "md":
        from bench.views.dataset_page import page

        click.echo(page(cards), nl=False)
    elif name:
        from bench.views.dataset_card import card_text

        click.echo("\n\n".join(card_text(card, places) for card in cards) or "no dataset is like that\n", nl=False)
    else:
        from bench.views.dataset_list import list_text

        click.echo(list_text(cards, places), nl=False)


def _print_columns(rows: list[tuple[str, ...]]) -> None:
    rows = [tuple(brief(text, _MOST) for text in row) for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _print_record(record: dict[str, Any]) -> None:
    for key, value in record.items():
        if key == "options":
            _print_options(record["name"], value)
        else:
            click.echo(f"{key}: {one_line(_text(value))}")


def _print_options(method: str, options: list[dict[str, Any]]) -> None:
    click.echo("options:" if options else "options: none")
    for o in options:
        click.echo(
            f"  --option {method}.{o['name']}={o['type'].upper()}  [default: {o['default'] or 'none'}]  {o['help']}"
        )


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join("unbounded" if v is None else str(v) for v in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items())
    return str(value)
