"""``bench fetch``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bench.errors import StoppedError, UsageError


@click.group(short_help="Fetch a method's weights or a dataset ahead.")
def fetch() -> None:
    """Fetch ahead what methods need, for machines that will have no network, and datasets."""


@fetch.command()
@click.argument("name")
def weights(name: str) -> None:
    """Fetch the weights called NAME to where the methods look for them.

    A fetch that broke off goes on when the same command is given again. `bench list methods` says what
    lacks weights, and what they are called.
    """
    from bench.plugins import weights

    click.echo(f"{name} is here: {weights.fetch_weights(name)}")


@fetch.command()
@click.argument("name", metavar="ID")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The folder that the dataset is to be. [default: $BENCH_DATA/ID]",
)
@click.option("--mirror", default="", metavar="NAME", help="Whose copy to fetch. [default: the authors' own]")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option("--keep-archive", is_flag=True, help="Keep what was downloaded after it is unpacked.")
def dataset(name: str, to: Path | None, mirror: str, yes: bool, keep_archive: bool) -> None:
    """Fetch the dataset ID and unpack it, after saying its licence, size and source.

    A fetch that broke off goes on when the same command is given again. Whoever fetches accepts the
    dataset's licence.
    """
    from bench.datasets import fetch as dataset_fetching
    from bench.datasets import fetch_plan

    plan = fetch_plan.plan(name, to, mirror)
    click.echo(plan.describe(), err=True)
    if not yes:
        _confirm()
    for line in dataset_fetching.carry_out(plan, keep_archives=keep_archive):
        click.echo(line)


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise UsageError("nothing was fetched, for there is no terminal to ask on: give --yes to fetch on these terms")
    if not click.confirm("Fetch it on these terms?", err=True):
        raise StoppedError("nothing was fetched")
