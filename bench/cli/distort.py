"""``bench distort``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli.commands import command
from bench.errors import ImageError, UsageError
from bench.io.visible import quoted


@command(short_help="Draw a photograph with every distortion at every level.")
@click.argument("photo", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Picture to write. [default: PHOTO's name with -distortions.png, in the working directory]",
)
@click.option(
    "--types",
    default="kadid",
    show_default=True,
    metavar="NAME[,NAME...]",
    help="Distortion types, or presets of types: kadid, authentic, compositions.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed.")
@click.option("--overwrite", is_flag=True, help="Replace the picture if it exists.")
def distort(photo: Path, output: Path | None, types: str, seed: int, overwrite: bool) -> None:
    """Draw PHOTO with every distortion: one row for each type, one column for each level.

    The photograph is resized to a short side of 224 pixels; its central 224 x 224 pixels are shown without scaling.
    """
    output = output or Path(f"{photo.stem}-distortions.png")
    picture_format = _check_output(output, overwrite)
    from bench.io.atomic import check_apart, output_file
    from bench.io.images import decode, read_bytes

    check_apart([("--output", output)], [("PHOTO", photo)])
    try:
        pixels = decode(read_bytes(photo), photo.name).pixels
    except ImageError as error:
        raise UsageError(f"PHOTO got {photo}: {error}") from None
    from bench.distortions import select
    from bench.distortions.contact_sheet import draw_sheet

    try:
        names = tuple(dict.fromkeys(select(types)))
    except ValueError as error:
        raise UsageError(f"--types got {quoted(types)}: {error}") from None

    with output_file(output, overwrite=overwrite) as temporary:
        draw_sheet(pixels, names, seed).save(temporary, picture_format)
    click.echo(f"{output}: {len(names)} types at 5 levels")


def _check_output(output: Path, overwrite: bool) -> str:
    """Return the format that the name stands for, unless nothing can be written there."""
    from PIL import Image

    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    if output.exists() and not overwrite:
        raise UsageError(f"--output got {output}, which exists: give --overwrite to replace it, or another path")
    known = Image.registered_extensions().get(output.suffix.lower())
    if known not in Image.SAVE:
        raise UsageError(f"--output got {output}: its name must end as a picture's does, such as .png")
    return known
