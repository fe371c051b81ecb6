"""``bench import``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from bench.cli import common
from bench.errors import MissingRequirementError, UsageError

if TYPE_CHECKING:
    from bench.datasets.dataset import Dataset
    from bench.datasets.protocol import Protocol

_FAMILIES = ["hand-crafted", "zero-shot", "self-supervised", "MOS-trained", "undeclared"]


@click.command("import", short_help="Store per-image scores that somebody else computed.")
@click.argument("scores", type=click.Path(path_type=Path), metavar="SCORES.CSV")
@click.option(
    "--dataset",
    required=True,
    metavar="ID|PATH",
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
) -> None:
    """Store per-image scores that somebody else computed; tables show them like any other result.

    SCORES.CSV has the columns image and score, and mos if the dataset is not available here. A mos column replaces the
    dataset's labels and makes a separate protocol. No image files are needed.
    """
    from bench.api import Family
    from bench.datasets.protocol import Protocol
    from bench.runs import importing
    from bench.runs.store import Store
    from bench.tables.evaluation import evaluate
    from bench.views.words import srcc_text

    if wide == (method is not None):
        raise UsageError("give --method NAME for one column of scores, or --wide for one method in each column")
    if wide and column is not None:
        raise UsageError(f"--column got {column!r}, but --wide takes every column: leave one of them out")
    store = Store.locate(results)
    store.check_writable()
    file = importing.read_scores(scores, None if wide else column or "score")
    infos = {
        col: importing.imported_method(method or col, Family(family), opinion_aware, direction == "higher", trained_on)
        for col in file.scores
    }
    target = _find_dataset(dataset, roots, split, labelled=file.mos is not None)
    file = importing.aligned(file, target)
    if file.mos is not None:
        if target.samples:
            _compare_images(len(importing.unknown_images(file, target)), len(file.images), target.id)
        target = importing.with_own_labels(file, target, mos_direction)
    mos: Literal["dataset", "imported"] = "imported" if file.mos is not None else "dataset"
    protocol = Protocol(split, str(common.parse_resize(resize)), mos)
    _say_what_is_doubtful(trained_on, target, protocol)
    entries = [importing.import_scores(file, col, target, infos[col], store, protocol) for col in infos]
    for cell in evaluate(entries, draws=0, values=("srcc",)):
        counts = f"imported {cell.scored}, without a score {cell.failed}"
        click.echo(f"{cell.method.label} on {target.id}: {counts}; {srcc_text(cell)}")


def _say_what_is_doubtful(trained_on: tuple[str, ...], target: Dataset, protocol: Protocol) -> None:
    """Print a note on unknown training sets, and on a resize policy that is not the dataset's."""
    from bench.datasets.catalogue import names, shipped_cards
    from bench.errors import did_you_mean

    known = {*names(), *(pool for card in shipped_cards().values() for pool in card.content)}
    for name in trained_on:
        if name != "unknown" and name not in known:
            hint = did_you_mean(name, known)
            click.echo(f"bench: note: --trained-on {name!r} is not a known dataset or pool.{hint}", err=True)
    if protocol.resize == "none" and target.resize != "none":
        click.echo(
            f"bench: note: {target.id} is usually scored at {target.resize}; these scores are stored as computed at "
            f"full size: otherwise give --resize {target.resize}",
            err=True,
        )


def _compare_images(strange: int, total: int, dataset: str) -> None:
    if strange == total:
        raise UsageError(
            f"--dataset got {dataset!r}, which has none of the {total} images of the scores: give the right dataset"
        )
    if strange:
        click.echo(f"bench: note: {strange} of {total} images are not in the copy of dataset {dataset!r}", err=True)


def _find_dataset(text: str, roots: tuple[str, ...], split: str, *, labelled: bool) -> Dataset:
    """Return the dataset; or its description without samples if it is not available and the scores have labels."""
    from bench.datasets.catalogue import find_card
    from bench.datasets.dataset import Dataset
    from bench.datasets.readers.with_card import describe_with_card
    from bench.datasets.resolve import resolve
    from bench.datasets.roots import Roots

    card = find_card(text)
    try:
        return resolve(text, Roots.parse(roots)).split(split)
    except UsageError as error:
        # With labels in the file the dataset itself need not be here: any id will do.
        absent = isinstance(error, MissingRequirementError) or (card is None and not Path(text).exists())
        if not absent:
            raise
        if not labelled:
            raise UsageError(f"{error} Or add a mos column to the scores.") from None
    if card is not None:
        return describe_with_card(card, (), "")
    if not re.fullmatch(r"[\w.+-]{1,80}", text):
        raise UsageError(f"--dataset got {text!r}: a new id consists of letters, digits and . _ + -")
    click.echo(f"bench: note: no card has the id {text!r}; a new dataset is created", err=True)
    return Dataset(id=text, title=text, kind="unknown", direction="higher", samples=())
