"""``bench inspect``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common
from bench.cli.commands import command
from bench.io.atomic import write_output

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@command("inspect", short_help="Tell from two files of weights what the training between them was.")
@click.argument("file", type=_FILE, metavar="FILE")
@click.option(
    "--against",
    required=True,
    type=_FILE,
    metavar="FILE",
    help="Weights that training began from, such as CLIP's RN50.",
)
@click.option(
    "--method", "name", default="qualiclip", show_default=True, metavar="NAME", help="Method whose weights they are."
)
@common.text_or(
    "csv", "json", help="Format of the output: sentences and a table, only the table, or both with unrounded numbers."
)
@common.raw_option
@common.output_option
def inspect(file: Path, against: Path, name: str, form: str, raw: bool, output: Path | None) -> None:
    """Tell how far each layer of FILE is from the weights that its training began from, and what follows.

    For each layer: the largest change and the root mean square of all changes, absolute and relative to the root mean
    square of the layer's weights, and the share of weights that 16 bits hold exactly. Batch normalisation's running
    statistics are listed too. From this follow a lower bound of learning rate times steps, and whether batch
    normalisation was frozen. Nothing that a file contains is executed.
    """
    common.check_raw(raw, form)
    from bench.plugins.weights import compare_weights
    from bench.views.weights import written

    text = written(compare_weights(name, file, against), form, raw)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_output(output, text)
