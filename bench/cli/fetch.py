"""``bench fetch``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bench.cli import common, completion
from bench.cli.commands import group
from bench.errors import StoppedError, UsageError


@group(short_help="Download a method's weights or a dataset in advance.")
def fetch() -> None:
    """Download weights of methods in advance, for machines without a network, and datasets."""


@fetch.command()
@click.argument("name")
@common.plugin_option
def weights(name: str) -> None:
    """Download the weights NAME to the folder where methods look for them.

    An interrupted download resumes when the command is run again. `bench list methods` shows which methods lack weights
    and the names of these weights.
    """
    from bench.plugins import weights

    click.echo(f"{name} is here: {weights.fetch_weights(name)}")


@fetch.command()
@click.argument("name", metavar="ID", shell_complete=completion.datasets)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder of the dataset, created by the command. [default: $BENCH_DATA/ID]",
)
@click.option("--mirror", default="", metavar="NAME", help="Mirror to download from. [default: the authors' server]")
@click.option("--yes", is_flag=True, help="Accept the terms without asking, for scripts.")
@click.option("--keep-archive", is_flag=True, help="Keep the downloaded archives after unpacking.")
def dataset(name: str, output: Path | None, mirror: str, yes: bool, keep_archive: bool) -> None:
    """Download the dataset ID and unpack it, after printing its licence, size and source.

    An interrupted download resumes when the command is run again. Downloading means accepting the dataset's licence.
    """
    from bench.datasets import fetch as dataset_fetching
    from bench.datasets import fetch_plan

    plan = fetch_plan.plan(name, output, mirror)
    click.echo(plan.describe(), err=True)
    if not yes:
        _confirm()
    for line in dataset_fetching.carry_out(plan, keep_archives=keep_archive):
        click.echo(line)


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "nothing was downloaded because there is no terminal to ask on: give --yes to accept the terms"
        )
    if not click.confirm("Download it on these terms?", err=True):
        raise StoppedError("nothing was downloaded")
