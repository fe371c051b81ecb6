"""Options that several commands share, and the steps from their texts to objects."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.api import Resize

T = TypeVar("T")

results_option = click.option(
    "--results",
    metavar="DIR",
    help="The store. [default: $BENCH_RESULTS, else results/ in the working directory]",
)
root_option = click.option(
    "--root", "roots", multiple=True, metavar="ID=PATH", help="Where a dataset's folder is. Repeatable."
)
methods_option = click.option(
    "--method", "methods", multiple=True, required=True, metavar="NAME", help="A method's name. Repeatable."
)
option_option = click.option(
    "--option",
    "options",
    multiple=True,
    metavar="METHOD.NAME=VALUE",
    help="An option of a method (see `bench list methods METHOD`). Repeatable.",
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where networks run; auto takes CUDA if it is there.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["exact", "fast"]),
    default="exact",
    show_default=True,
    help="Arithmetic of the networks that have both: float32, or 16 bits where the device has such arithmetic.",
)
LEAST_DRAWS = 100


def _enough(ctx: click.Context, param: click.Parameter, value: int) -> int:  # noqa: ARG001 - click's signature
    if 0 < value < LEAST_DRAWS:
        raise UsageError(f"--draws got {value}: give 0 for no bootstrap, or at least {LEAST_DRAWS}")
    return value


draws_option = click.option(
    "--draws",
    type=click.IntRange(0, 100_000),
    callback=_enough,
    default=2000,
    show_default=True,
    help="Of the bootstrap behind intervals and marks; 0: none.",
)
picture_option = click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Picture to write: .svg, .png or .pdf.",
)
_SETTINGS = (
    click.option(
        "--resize",
        metavar="POLICY",
        help="Resize every image first: none, short:N or WxH. Part of the protocol. [default: what the dataset's card "
        "asks for, mostly none]",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1, 4096),
        default=8,
        show_default=True,
        help="Images handed to a method at once.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, 512),
        help="Processes. [default: one a core; one in all for networks, which use every core themselves]",
    ),
    click.option(
        "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="For methods that draw."
    ),
)


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of how to score; the command gets them as one ``settings``."""

    @functools.wraps(command)
    def with_settings(resize: str | None, batch_size: int, workers: int | None, seed: int, **others: Any) -> None:
        from bench.runs.scoring import Settings

        command(settings=Settings(parse_resize(resize) if resize else None, seed, batch_size, workers), **others)

    return functools.reduce(lambda wrapped, add: add(wrapped), reversed(_SETTINGS), with_settings)


def parse_resize(text: str) -> Resize:
    """Turn ``--resize`` into a policy.

    Raises:
        UsageError: it is none.
    """
    from bench.api import Resize

    try:
        return Resize.parse(text)
    except ValueError as error:
        raise UsageError(f"--resize: {error}") from None


def write_text(text: str, path: Path, parameter: str = "--output") -> None:
    """Write a file whole or not at all.

    Raises:
        UsageError: it cannot be written there.
    """
    from bench.io.atomic import write_atomically

    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise UsageError(f"{parameter} got {path}, which cannot be written: {error.strerror}") from None
