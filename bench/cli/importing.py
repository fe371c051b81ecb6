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
    "--dataset", required=True, metavar="ID|PATH", help="What was scored; any new id if the file has a mos column."
)
@click.option("--method", metavar="NAME", help="The method's name; needed unless --wide.")
@click.option("--column", metavar="NAME", help="The column of scores, without --wide.  [default: score]")
@click.option("--wide", is_flag=True, help="Every column but image and mos is a method, named by its header.")
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    default="higher",
    show_default=True,
    help="Which raw score means better quality.",
)
@click.option(
    "--mos-direction",
    type=click.Choice(["higher", "lower"]),
    help="Which value in the mos column means better quality. [default: as the dataset's card says, else higher]",
)
@click.option(
    "--family", type=click.Choice(_FAMILIES), default="undeclared", show_default=True, help="For the table's groups."
)
@click.option("--opinion-aware/--opinion-unaware", default=None, help="Whether any MOS was used to make the method.")
@click.option(
    "--trained-on", multiple=True, metavar="ID", help="A dataset it was trained on. Repeatable. [default: unknown]"
)
@click.option("--split", default="all", show_default=True, metavar="NAME", help="The split that was scored.")
@click.option(
    "--resize",
    default="none",
    show_default=True,
    metavar="POLICY",
    help="How every image was resized before it was scored: none, short:N or WxH. Part of the protocol.",
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
    """Store per-image scores that somebody else computed, as rows like any other.

    SCORES.CSV has the columns image and score, and mos where the dataset is not here. A mos column
    wins over a card's labels and is a protocol of its own. No image is needed.
    """
    from bench.api import Family
    from bench.datasets.protocol import Protocol
    from bench.runs import importing
    from bench.runs.store import Store
    from bench.tables.evaluation import evaluate
    from bench.views.words import srcc_text

    if wide == (method is not None):
        raise UsageError("give --method NAME for one column of scores, or --wide for one method a column")
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
    """Tell of training sets that nothing is known of, and of a resize policy that is not the dataset's."""
    from bench.datasets.catalogue import names, shipped_cards
    from bench.errors import did_you_mean

    known = {*names(), *(pool for card in shipped_cards().values() for pool in card.content)}
    for name in trained_on:
        if name != "unknown" and name not in known:
            hint = did_you_mean(name, known)
            click.echo(
                f"bench: note: --trained-on {name!r} is no dataset or pool of photographs known here.{hint}", err=True
            )
    if protocol.resize == "none" and target.resize != "none":
        click.echo(
            f"bench: note: {target.id} is mostly scored at {target.resize}; these are stored as scored at full size: "
            f"give --resize {target.resize} if they were not",
            err=True,
        )


def _compare_images(strange: int, total: int, dataset: str) -> None:
    if strange == total:
        raise UsageError(f"none of the {total} images of the scores is in dataset {dataset!r}: is it the right one?")
    if strange:
        click.echo(f"bench: note: {strange} of {total} images are not in dataset {dataset!r} as it is here", err=True)


def _find_dataset(text: str, roots: tuple[str, ...], split: str, *, labelled: bool) -> Dataset:
    """Return the dataset, or what is known of it without samples where the scores bring labels."""
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
        raise UsageError(f"--dataset got {text!r}: as a new id use letters, digits and . _ + -")
    click.echo(f"bench: note: no card has the id {text!r}; it becomes a dataset of its own", err=True)
    return Dataset(id=text, title=text, kind="unknown", direction="higher", samples=())
