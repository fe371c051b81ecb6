"""``bench import``: storing a CSV of scores that somebody else computed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from bench.api import Family, Resize
from bench.datasets.card import Card
from bench.datasets.catalogue import find_card, names, shipped_cards
from bench.datasets.dataset import MOST_OFF, Dataset, Direction, told_count
from bench.datasets.protocol import Protocol
from bench.datasets.readers.rows import content_hash
from bench.datasets.readers.with_card import describe_with_card, read_with_card
from bench.datasets.resolve import open_root, resolve
from bench.datasets.roots import Roots
from bench.errors import MissingRequirementError, UsageError, did_you_mean
from bench.io.progress import note
from bench.io.visible import quoted
from bench.runs import importing
from bench.runs.entry import Entry
from bench.runs.store import Store


def import_file(
    scores: Path,
    dataset: str,
    store: Store,
    places: Roots,
    *,
    method: str | None = None,
    column: str | None = None,
    wide: bool = False,
    higher_is_better: bool = True,
    mos_direction: Direction | None = None,
    family: Family = Family.UNDECLARED,
    opinion_aware: bool | None = None,
    trained_on: Sequence[str] = (),
    split: str = "all",
    resize: Resize | None = None,
    allow_incomplete: bool = False,
) -> list[Entry]:
    """Store per-image scores that somebody else computed, as results like any other.

    Args:
        scores: a CSV with the columns ``image`` and ``score``, and ``mos`` where the dataset is not here. A ``mos``
            column wins over a card's labels and is a protocol of its own. No image is needed.
        dataset: id or path of what was scored; any new id if the file has a ``mos`` column.
        store: where the results go.
        places: where the folders of datasets are.
        method: the method's name; None with ``wide``.
        column: the column of scores; None: ``score``.
        wide: every column but ``image`` and ``mos`` is a method, named by its header.
        higher_is_better: direction of the scores.
        mos_direction: direction of the ``mos`` column; None: as the dataset's card says, else higher.
        family: of the method.
        opinion_aware: whether any MOS was used to make the method; None: undeclared.
        trained_on: ids of datasets that the method was trained on; empty: unknown.
        split: the split that was scored.
        resize: how every image was resized before it was scored; None: not at all.
        allow_incomplete: accept labels for over 1 % more or fewer images than the dataset has.

    Returns:
        One entry a method.

    Raises:
        UsageError: the file is not what it should be, or names images that the dataset does not have.
        MissingRequirementError: the dataset is not here, and the file has no ``mos``.
    """
    if wide == (method is not None):
        raise UsageError("give --method NAME for one column of scores, or --wide for one method in each column")
    if wide and column is not None:
        raise UsageError(f"--column got {quoted(column)}, but --wide takes every column: leave one of them out")
    store.check_writable()
    file = importing.read_scores(scores, None if wide else column or "score")
    infos = {
        col: importing.imported_method(method or col, family, opinion_aware, higher_is_better, tuple(trained_on))
        for col in file.scores
    }
    target = _find_dataset(dataset, places, store, labelled=file.mos is not None)
    if target.here_n and not allow_incomplete:
        target.check_count(len(target.samples))
    target = target.split(split) if target.samples else target
    card = find_card(dataset)
    if file.mos is not None and card is not None and not target.samples:
        file = importing.without_shared_folders(file, card)
        _compare_with_card(file, card, split, allow_incomplete)
    file = importing.aligned(file, target)
    if file.mos is not None:
        if target.samples:
            _compare_images(len(importing.unknown_images(file, target)), len(file.images), target.id)
        target = importing.with_own_labels(file, target, mos_direction, card)
    mos: Literal["dataset", "imported"] = "imported" if file.mos is not None else "dataset"
    protocol = Protocol(split, str(resize or Resize()), mos)
    _say_what_is_doubtful(trained_on, target, protocol)
    return importing.import_scores(file, infos, target, store, protocol)


def _say_what_is_doubtful(trained_on: Sequence[str], target: Dataset, protocol: Protocol) -> None:
    """Print a note on unknown training sets, and on a resize policy that is not the dataset's."""
    known = {*names(), *(pool for card in shipped_cards().values() for pool in card.content)}
    for name in trained_on:
        if name != "unknown" and name not in known:
            hint = did_you_mean(name, known)
            note(f"--trained-on {quoted(name)} is not a known dataset or pool.{hint}")
    if protocol.resize == "none" and target.resize != "none":
        note(
            f"{target.id} is usually scored at {target.resize}; these scores are stored as computed at full size: "
            f"otherwise give --resize {target.resize}"
        )


def _compare_images(strange: int, total: int, dataset: str) -> None:
    if strange == total:
        raise UsageError(
            f"--dataset got {quoted(dataset)}, which has none of the {total} images of the scores: give the right "
            "dataset"
        )
    if strange:
        note(f"{strange} of {total} images are not in the copy of dataset {quoted(dataset)}")


def _compare_with_card(file: importing.ScoreFile, card: Card, split: str, allow_incomplete: bool) -> None:
    """Compare scores of a dataset that is not here with what its card says of names and of their number.

    Raises:
        UsageError: there are over 1 % more images than the dataset has.
    """
    total = len(file.images)
    strange = sum(importing.said_by_name(card, image) is None for image in file.images)
    if strange:
        note(
            f"{strange} of the {total} images of {file.path} are not named as those of dataset {quoted(card.id)} are: "
            "what "
            "names tell (reference, type, level) is not known of them, and without references no test is made"
        )
    labels = file.labels
    low, high = min(labels.values(), default=0.0), max(labels.values(), default=0.0)
    if card.labels and not any(spec.range[0] <= low and high <= spec.range[1] for spec in card.labels):
        ranges = dict.fromkeys(f"{spec.range[0]:g} to {spec.range[1]:g}" for spec in card.labels)
        note(
            f"labels of {file.path} go from {low:g} to {high:g}, those of {quoted(card.id)} from {' or '.join(ranges)}"
        )
    known = {content for spec in card.labels for content in spec.known}
    if known and total == card.n and content_hash(labels.items()) not in known:
        note(f"names or labels of {file.path} are not those that the authors of {quoted(card.id)} distribute")
    if total > card.n * (1 + MOST_OFF) and not allow_incomplete:
        raise UsageError(
            f"--dataset got {quoted(card.id)}, which has {card.n:,} images, and {file.path} names {total:,}: give the "
            "right "
            "dataset, or add --allow-incomplete"
        )
    if split == "all" and (short := told_count(total, card.n)):
        note(f"{card.id}: {short}")


def _find_dataset(text: str, places: Roots, store: Store, *, labelled: bool) -> Dataset:
    """Return the dataset; or its description without samples if it is not available and the scores have labels."""
    card = find_card(text)
    try:
        if card is not None:
            return read_with_card(card, open_root(card, places), need_images=False)
        return resolve(text, places)
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
        raise UsageError(f"--dataset got {quoted(text)}: a new id consists of letters, digits and . _ + -")
    if not store.has_results_on(text):
        note(f"no card has the id {quoted(text)}; a new dataset is created")
    return Dataset(id=text, title=text, kind="unknown", direction="higher", samples=())
