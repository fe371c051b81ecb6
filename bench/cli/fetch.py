"""``bench fetch``."""

from __future__ import annotations

import click


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
    from bench import fetching

    download = fetching.find_download(name)
    if fetching.is_whole(download):
        click.echo(f"{name} is here: {download.path}")
        return
    size = "size not known" if download.size is None else f"about {download.size / 1e6:,.0f} MB"
    check = "checked by its SHA-256" if download.sha256 else "no hash is published to check it by"
    click.echo(f"{name}: {size}, licence {download.licence}, from {download.url}; {check}", err=True)
    fetching.fetch(download)
    click.echo(f"{name} is here: {download.path}")
