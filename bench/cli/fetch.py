"""``bench fetch``."""

from __future__ import annotations

import click

from bench.cli import common


@click.group(short_help="Fetch a method's weights ahead.")
def fetch() -> None:
    """Fetch ahead what methods need, for machines that will have no network."""


@fetch.command()
@click.argument("name")
def weights(name: str) -> None:
    """Fetch the weights called NAME to where the methods look for them.

    A fetch that broke off goes on when the same command is given again. `bench list methods` says what
    lacks weights, and what they are called.
    """
    click.echo(f"{name} is here: {common.fetch_weights(name)}")
