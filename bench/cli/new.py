"""``bench new``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from bench.cli.commands import group
from bench.errors import counted


@group(short_help="Begin a method's package or a dataset's card.")
def new() -> None:
    """Begin a method's package or a dataset's card, to be completed by you."""


@new.command("method", short_help="Write a package that offers a method.")
@click.argument("name")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write, new or empty. [default: NAME in the working directory]",
)
def new_method(name: str, output: Path | None) -> None:
    """Write a package that offers the method NAME: code, test, CI workflow and README.

    It can be installed, tested and run as it is, with an example as its method.
    """
    from bench.new.method import write_package

    written = write_package(name, output)
    for path in written:
        click.echo(path)
    folder = shlex.quote(str(output or name))
    click.echo(f'Next: pip install -e "{folder}[test]", then pytest {folder}; its README.md says the rest.', err=True)


@new.command("dataset", short_help="Write a card of what is found in a folder.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CARD.toml",
    help="Card to write. [default: card.toml in FOLDER]",
)
def new_dataset(folder: Path, output: Path | None) -> None:
    """Write a card (.toml) of the images and labels that are found in FOLDER.

    What nobody can know from the files is marked TODO in it. `bench doctor` and `bench run --dataset` take the card.
    """
    from bench.new.dataset import write_card

    draft = write_card(folder, output)
    told = f"labels from {draft.labels.file}" if draft.labels else "no table of labels found"
    click.echo(f"{draft.path}: {counted(draft.images, 'image')}, {told}")
    click.echo(f"To say: {', '.join(draft.todo)}. Then: bench doctor {shlex.quote(str(draft.path))}", err=True)
