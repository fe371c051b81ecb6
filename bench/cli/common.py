"""Options that several commands share, and functions that parse their values."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bench.cli import completion
from bench.defaults import DRAWS, IMAGE_TIMEOUT, REPORT_TITLE
from bench.errors import UsageError
from bench.views.shown import FORMS

if TYPE_CHECKING:
    from bench.api import Resize

F = TypeVar("F", bound=Callable[..., Any])

results_option = click.option(
    "--results",
    metavar="DIR",
    help="Folder of stored results. [default: $BENCH_RESULTS, else results/ in the working directory]",
)
root_option = click.option(
    "--root", "roots", multiple=True, metavar="ID=PATH", help="Path of a dataset's folder. Repeatable."
)
images_option = click.option(
    "--images",
    metavar="DIR",
    help="Folder, archive or URL of photographs that were moved, for datasets of which it has nearly all.",
)
_READING = (
    click.option(
        "--score-column",
        default="",
        metavar="NAME",
        help="Column of the labels in a CSV of your own; none for no labels. [default: score or mos]",
    ),
    click.option(
        "--lower-is-better", is_flag=True, help="Lower labels mean better quality, in a CSV of your own (as for DMOS)."
    ),
    click.option(
        "--image-column",
        default="",
        metavar="NAME",
        help="Column of the image names in a CSV of your own. [default: image, filename or the like]",
    ),
    click.option(
        "--suffix",
        default="",
        metavar="SUFFIX",
        help="What image files end in, such as .png, in place of what the labels say. Pictures saved again in another "
        "format are another protocol.",
    ),
)


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of how labels are read; the command gets them as one ``reading``."""

    @functools.wraps(command)
    def with_reading(score_column: str, lower_is_better: bool, image_column: str, suffix: str, **others: Any) -> None:
        from bench.datasets.readers.reading import Reading

        command(reading=Reading(score_column, lower_is_better, image_column, suffix), **others)

    return functools.reduce(lambda wrapped, add: add(wrapped), reversed(_READING), with_reading)


incomplete_option = click.option(
    "--allow-incomplete",
    is_flag=True,
    help="Accept a copy of a dataset whose number of images is over 1% off the complete set's.",
)
_PLUGINS = "bench.plugins"  # what a context has loaded


def _load_plugins(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:  # noqa: ARG001
    from bench.plugins.from_file import load_plugins

    if value and not ctx.resilient_parsing:
        ctx.meta[_PLUGINS] = load_plugins(value)


plugin_option = click.option(
    "--plugin",
    multiple=True,
    metavar="FILE.py",
    is_eager=True,
    expose_value=False,
    callback=_load_plugins,
    help="Python file with a method of your own, a class or a function of one image. Repeatable.",
)


def chosen_methods(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG001
    """Return the methods that are named; without names the one method of the plugins, where there are any."""
    from bench.plugins.from_file import choose_methods

    return choose_methods(value, ctx.meta.get(_PLUGINS, ())) if _PLUGINS in ctx.meta else value


def _at_least_one(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    names = chosen_methods(ctx, param, value)
    if not names and not ctx.resilient_parsing:
        raise click.MissingParameter(ctx=ctx, param=param)
    return names


def _methods_option(callback: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    add = click.option(
        "--method",
        "methods",
        multiple=True,
        callback=callback,
        metavar="NAME",
        shell_complete=completion.methods,
        help="Name of a method. Repeatable. [default: that of --plugin]",
    )
    return lambda command: add(plugin_option(command))


methods_option = _methods_option(_at_least_one)
"""Adds --method, of which at least one is needed, and --plugin."""
optional_methods_option = _methods_option(chosen_methods)
"""The same where something else may say what scores."""


option_option = click.option(
    "--option",
    "options",
    multiple=True,
    metavar="METHOD.NAME=VALUE",
    shell_complete=completion.method_options,
    help="Value of a method's option (see `bench list methods METHOD`). Several values, separated by commas, make a "
    "row each; a comma in a value is written \\,. Repeatable.",
)
device_option = click.option(
    "--device",
    metavar="DEVICE",
    default="auto",
    show_default=True,
    help="Device for networks: auto (CUDA if it is available, otherwise the CPU), cpu, cuda, mps, one CUDA device such "
    "as cuda:1, or several such as cuda:0,1, with one process on each.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["exact", "fast"]),
    default="exact",
    show_default=True,
    help="Arithmetic of networks: exact is float32, fast is 16-bit if network and device support it.",
)


def _enough(ctx: click.Context, param: click.Parameter, value: int) -> int:  # noqa: ARG001 - click's signature
    from bench.results.arguments import check_draws

    check_draws(value)
    return value


draws_option = click.option(
    "--draws",
    type=click.IntRange(0, 100_000),
    callback=_enough,
    default=DRAWS,
    show_default=True,
    help="Number of bootstrap draws for intervals and tests; 0 turns both off.",
)
title_option = click.option("--title", default=REPORT_TITLE, show_default=True, help="Title of the page.")
gmad_option = click.option(
    "--gmad",
    nargs=2,
    metavar="A B",
    help="Two methods to show the images for on which they differ most. [default: the two best on each dataset]",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="Form of the output; csv and json are unrounded. [default: a table for the terminal on one, else md]",
)


def text_or(*forms: str, help: str = "Format of the output.") -> Callable[[F], F]:  # noqa: A002 - click's word
    """Return ``--format`` of a command that prints text for people unless one of other forms is asked for."""
    return click.option(
        "--format", "form", type=click.Choice(["text", *forms]), default="text", show_default=True, help=help
    )


output_option = click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="File to write instead of stdout."
)
raw_option = click.option(
    "--raw",
    is_flag=True,
    help="Write the texts of a CSV as they are, for machines: else one that a spreadsheet would compute begins with an "
    "apostrophe, and control characters are spelled out.",
)
_STYLE = (
    click.option(
        "--style",
        "figure_style",
        type=click.Choice(["screen", "paper"]),
        default="screen",
        show_default=True,
        help="Size of the figure and its text: for a screen, or for one or two columns of a paper.",
    ),
    click.option(
        "--transparent",
        is_flag=True,
        help="Leave the background out; on screen, text is a grey that white and black pages both show.",
    ),
)
_picture_option = click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Figure to write: .svg, .png or .pdf.",
)


def style_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add ``--style`` and ``--transparent``; the command draws its figures so."""

    @functools.wraps(function)
    def drawing(*args: Any, figure_style: str, transparent: bool, **values: Any) -> None:
        from bench.figures.style import styled

        with styled(figure_style, transparent):
            function(*args, **values)

    for add in reversed(_STYLE):
        drawing = add(drawing)
    return drawing


def picture_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add ``--output`` and the options of style."""
    return _picture_option(style_options(function))


_PROCESSES = (
    click.option(
        "--workers",
        type=click.IntRange(1, 512),
        help="Number of processes. [default: one for each core; one for each device of networks, which use all cores "
        "themselves]",
    ),
    click.option(
        "--image-timeout",
        type=click.IntRange(1),
        default=IMAGE_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="Seconds in which an image must be decoded, and in which a method must score it (a batch: as many times "
        "as long), where several processes do it.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler whose workers score, such as tcp://host:8786; auto: a cluster on this machine. See "
        "docs/guides/cluster.md.",
    ),
)
_SETTINGS = (
    click.option(
        "--resize",
        metavar="POLICY",
        help="Resize every image first: none, short:N or WxH. Part of the protocol. [default: the policy of the "
        "dataset's card, usually none]",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1, 4096),
        default=8,
        show_default=True,
        help="Largest number of images that a method gets at once.",
    ),
    click.option(
        "--batch-pixels",
        type=click.IntRange(1),
        help="Largest number of pixels that a method gets at once, unless one image has more. [default: what a quarter "
        "of the free memory holds]",
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(1),
        help="Largest number of pixels of an image; a larger one is recorded as failed, until --retry-failed. "
        "[default: no limit below 178,956,970 pixels]",
    ),
    *_PROCESSES,
    click.option(
        "--seed",
        type=click.IntRange(0, 2**31 - 1),
        default=0,
        show_default=True,
        help="Random seed of stochastic methods.",
    ),
)


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of how to score; the command gets them as one ``settings``."""

    @functools.wraps(command)
    def with_settings(
        resize: str | None,
        batch_size: int,
        batch_pixels: int | None,
        max_pixels: int | None,
        workers: int | None,
        image_timeout: int,
        scheduler: str | None,
        seed: int,
        **others: Any,
    ) -> None:
        from bench.runs.jobs import Settings

        policy = parse_resize(resize) if resize else None
        settings = Settings(
            policy, seed, batch_size, workers, batch_pixels, max_pixels, image_timeout, scheduler=scheduler
        )
        command(settings=settings, **others)

    return functools.reduce(lambda wrapped, add: add(wrapped), reversed(_SETTINGS), with_settings)


def processes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of which processes compute, here or on a cluster."""
    return functools.reduce(lambda wrapped, add: add(wrapped), reversed(_PROCESSES), command)


def check_raw(raw: bool, form: str | None) -> None:
    """Let the texts of a CSV pass as they are if ``--raw`` asks so.

    Raises:
        UsageError: the output is no CSV.
    """
    from bench.cli.streams import pass_as_it_is

    if raw and form != "csv":
        raise UsageError(f"--raw is given with --format {form or 'md'}, which is no CSV: give --format csv too")
    if raw:
        pass_as_it_is()


def parse_resize(text: str) -> Resize:
    """Turn ``--resize`` into a policy.

    Raises:
        UsageError: the text is not a resize policy.
    """
    from bench.api import Resize

    try:
        return Resize.parse(text)
    except ValueError as error:
        raise UsageError(f"--resize: {error}") from None
