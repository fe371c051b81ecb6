"""``bench list``."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common
from bench.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from bench.api import Method
    from bench.card import Card

format_option = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group("list", short_help="List methods or datasets: what there is, what each needs.")
def listing() -> None:
    """List methods or datasets: what there is, what each needs, whether it is ready here."""


@listing.command("methods")
@click.argument("name", required=False)
@format_option
def list_methods(name: str | None, form: str) -> None:
    """List every method, or with NAME all that one declares and its options."""
    from bench.registry import catalogue, find_method

    common.warn_about_plugins()
    chosen = [find_method(name)] if name else sorted(catalogue().methods.values(), key=_unaware_first)
    if form == "json":
        click.echo(json.dumps([_method_record(method) for method in chosen], indent=1))
    elif name:
        _print_record(_method_record(chosen[0]))
    else:
        _print_columns([_method_line(method) for method in chosen])
        click.echo("\nMore on one: bench list methods NAME")


def _unaware_first(method: type[Method]) -> tuple[bool, str]:
    return method.info.opinion_aware is not False, method.info.name


def _method_line(method: type[Method]) -> tuple[str, ...]:
    info = method.info
    kind = {None: "undeclared", True: "opinion-aware", False: "opinion-unaware"}[info.opinion_aware]
    names = ", ".join((info.name, *info.aliases))
    return names, f"{kind}, {info.family.value}", " ".join(info.tags), method.missing() or "ready"


def _method_record(method: type[Method]) -> dict[str, Any]:
    from bench.options import describe

    record = method.info.as_json()
    missing = method.missing()
    record |= {"ready": not missing, "missing": missing}
    record["options"] = [{**dataclasses.asdict(o), "default": str(o.default)} for o in describe(method.Options)]
    return record


@listing.command("datasets")
@click.argument("name", required=False)
@common.root_option
@format_option
def list_datasets(name: str | None, roots: tuple[str, ...], form: str) -> None:
    """List every dataset with a card, or with NAME all that its card says."""
    from bench.cards import find_card, shipped_cards
    from bench.places import Roots

    places = Roots.parse(roots)
    cards = list(shipped_cards().values())
    if name:
        card = find_card(name)
        if card is None:
            hint = did_you_mean(name, [c.id for c in cards])
            raise UsageError(f"no dataset card has the id {name!r}.{hint} See `bench list datasets`.")
        cards = [card]
    if form == "json":
        click.echo(json.dumps([{**dataclasses.asdict(c), "ready": _ready(c, places)} for c in cards], indent=1))
    elif name:
        _print_record({**dataclasses.asdict(cards[0]), "ready": _ready(cards[0], places)})
    else:
        _print_columns([(c.id, str(c.n), c.kind, c.licence, _ready(c, places)) for c in cards])
        click.echo("\nA folder, a CSV with image,score or an image is a dataset too: give its path.")


def _ready(card: Card, places: Any) -> str:
    if card.id == "sample":
        return "ready (built at first use)"
    root = places.find(card)
    return f"found: {root}" if root else f"not here: get it from {card.source}, then --root {card.id}=FOLDER"


def _print_columns(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _print_record(record: dict[str, Any]) -> None:
    for key, value in record.items():
        if key == "options":
            _print_options(record["name"], value)
        else:
            click.echo(f"{key}: {_text(value)}")


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
