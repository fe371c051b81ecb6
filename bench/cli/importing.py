"""``bench import``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from bench.cli import common, completion
from bench.cli.commands import command

_FAMILIES = ["hand-crafted", "zero-shot", "self-supervised", "MOS-trained", "undeclared"]


@command("import", short_help="Store per-image scores that somebody else computed.")
@click.argument("scores", type=click.Path(path_type=Path), metavar="SCORES.CSV")
@click.option(
    "--dataset",
    required=True,
    metavar="ID|PATH",
    shell_complete=completion.datasets,
    help="Dataset that was scored; a new id is allowed if the file has a mos column.",
)
@click.option("--method", metavar="NAME", help="Name of the method; required without --wide.")
@click.option("--column", metavar="NAME", help="Column of the scores, without --wide. [default: score]")
@click.option("--wide", is_flag=True, help="Import every column except image and mos as a method, named by its header.")
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    default="higher",
    show_default=True,
    help="Direction of the scores: whether a higher or a lower score means better quality.",
)
@click.option(
    "--mos-direction",
    type=click.Choice(["higher", "lower"]),
    help="Direction of the mos column. [default: the direction of the dataset's card, otherwise higher]",
)
@click.option(
    "--family",
    type=click.Choice(_FAMILIES),
    default="undeclared",
    show_default=True,
    help="Family of the method; tables group by it.",
)
@click.option("--opinion-aware/--opinion-unaware", default=None, help="Whether any MOS was used to develop the method.")
@click.option(
    "--trained-on",
    multiple=True,
    metavar="ID",
    help="Dataset that the method was trained on. Repeatable. [default: unknown]",
)
@click.option("--split", default="all", show_default=True, metavar="NAME", help="Split that was scored.")
@click.option(
    "--resize",
    default="none",
    show_default=True,
    metavar="POLICY",
    help="Resize policy used before scoring: none, short:N or WxH. Part of the protocol.",
)
@common.root_option
@common.results_option
@common.incomplete_option
def import_scores(
    scores: Path,
    dataset: str,
    method: str | None,
    column: str | None,
    wide: bool,
    direction: str,
    mos_direction: Literal["higher", "lower"] | None,
    family: str,
    opinion_aware: bool | None,
    trained_on: tuple[str, ...],
    split: str,
    resize: str,
    roots: tuple[str, ...],
    results: str | None,
    allow_incomplete: bool,
) -> None:
    """Store per-image scores that somebody else computed; tables show them like any other result.

    SCORES.CSV has the columns image and score, and mos if the dataset is not available here. A mos column replaces the
    dataset's labels and makes a separate protocol. No image files are needed.
    """
    from bench.api import Family
    from bench.datasets.roots import Roots
    from bench.io.collector import no_collector
    from bench.runs.score_files import import_file
    from bench.runs.store import Store
    from bench.tables.evaluation import evaluate
    from bench.views.words import srcc_text

    with no_collector():
        entries = import_file(
            scores,
            dataset,
            Store.locate(results),
            Roots.parse(roots),
            method=method,
            column=column,
            wide=wide,
            higher_is_better=direction == "higher",
            mos_direction=mos_direction,
            family=Family(family),
            opinion_aware=opinion_aware,
            trained_on=trained_on,
            split=split,
            resize=common.parse_resize(resize),
            allow_incomplete=allow_incomplete,
        )
        for cell in evaluate(entries, draws=0, values=("srcc",)):
            counts = f"imported {cell.scored}, without a score {cell.failed}"
            click.echo(f"{cell.method.label} on {cell.dataset.id}: {counts}; {srcc_text(cell)}")
