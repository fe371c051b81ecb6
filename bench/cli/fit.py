"""``bench fit``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import common
from bench.errors import ImageError, UsageError

if TYPE_CHECKING:
    from bench.api import Photo
    from bench.samples import Dataset


@click.command(short_help="Fit a method's parameters on pristine photographs.")
@click.argument("method")
@click.option("--pristine", required=True, metavar="ID|PATH", help="A folder (or CSV) of pristine photographs.")
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@common.option_option
@common.device_option
@common.precision_option
def fit(method: str, pristine: str, output: Path, options: tuple[str, ...], device: str, precision: str) -> None:
    """Fit METHOD's parameters on pristine photographs and write them to a file.

    The file is then given as an option, for example --option niqe.model=FILE.
    """
    from bench.datasets import resolve
    from bench.places import Roots

    (spec,) = common.method_specs([method], options, device, precision)
    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    dataset = resolve(pristine, Roots.parse(()), "--pristine")
    try:
        click.echo(
            common.with_fetching(
                lambda: spec.method.fit(
                    _photos(dataset), output, options=spec.options, device=spec.device, source=dataset.id
                )
            )
        )
    except NotImplementedError:
        raise UsageError(f"method {method!r} has nothing to fit on pristine photographs") from None


def _photos(dataset: Dataset) -> Iterator[Photo]:
    from bench.images import decode
    from bench.progress import bar

    with bar(len(dataset.samples), "fitting") as shown:
        for sample in dataset.samples:
            shown.update()
            if sample.file is None:
                continue
            try:
                yield decode(sample.file.read(), sample.name)
            except ImageError as error:
                shown.write(f"skipped {sample.name}: {error}", file=sys.stderr)
