"""``bench overlap``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli import common, completion
from bench.cli.commands import command
from bench.errors import BenchError, UsageError
from bench.io.atomic import write_output


@command(short_help="Find the images that two datasets share.")
@click.argument("a", metavar="A", shell_complete=completion.datasets)
@click.argument("b", metavar="B", shell_complete=completion.datasets)
@common.root_option
@click.option("--names", "only_names", is_flag=True, help="Compare only file names; labels are read, images are not.")
@click.option(
    "--threshold",
    type=click.IntRange(0, 256),
    metavar="BITS",
    help="Largest Hamming distance of near-duplicates, of 256 bits. [default: the value measured in "
    "docs/guides/overlap.md]",
)
@click.option(
    "--show",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Number of pairs and names to print with --format text.",
)
@click.option(
    "--fail-over", type=click.IntRange(0), metavar="N", help="Exit with 1 if more than N images of A are in B."
)
@common.text_or("csv", "json")
@common.raw_option
@common.output_option
def overlap(
    a: str,
    b: str,
    roots: tuple[str, ...],
    only_names: bool,
    threshold: int | None,
    show: int,
    fail_over: int | None,
    form: str,
    raw: bool,
    output: Path | None,
) -> None:
    """Find images of A that are also in B, slightly changed or under another name.

    A and B are ids, folders, CSVs, cards or images; give A twice to find duplicates inside it. Near-duplicates are
    listed with the distance of their perceptual hashes, followed by distinctive names that both have. Check every pair
    by eye.
    """
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    if only_names and threshold is not None:
        raise UsageError("--threshold applies to images, and --names compares only names: leave one of them out")
    common.check_raw(raw, form)
    from bench.datasets.roots import Roots
    from bench.overlap.output import to_csv, to_json, to_text
    from bench.overlap.run import find_overlap, find_shared_names

    places = Roots.parse(roots)
    found = find_shared_names(a, b, places) if only_names else find_overlap(a, b, places, threshold=threshold)
    writers = {"text": lambda: to_text(found, show), "csv": lambda: to_csv(found, raw), "json": lambda: to_json(found)}
    _write(writers[form](), output)
    in_a, _ = found.near.counts() if found.near else found.named()
    if fail_over is not None and in_a > fail_over:
        raise BenchError(f"--fail-over got {fail_over}: {in_a} images of A are in B")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
    else:
        write_output(output, text)
