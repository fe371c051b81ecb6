"""A dataset as its authors distribute it: a card says how to read the folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.adapters import table
from bench.cards import Card
from bench.errors import MissingRequirementError, UsageError
from bench.samples import Attribute, Dataset, Sample

_NUMERIC = ("std", "n_raters")


def read_with_card(card: Card, root: Path) -> Dataset:
    """Read the labels that the card describes and find the images below ``root``.

    Raises:
        MissingRequirementError: the root or the label file is not there.
        UsageError: the label file is not what the card says.
    """
    labels = label_file(card, root)
    header, rows = table.read_csv(labels)
    spec = card.labels
    table.need_columns(labels, header, [spec.image, spec.score, *spec.attributes.values()])
    folder = _image_folder(card, root, rows)
    samples = tuple(_sample(card, labels, folder, row) for row in rows)
    table.check_unique(labels, [s.name for s in samples])
    dataset = describe_with_card(card, samples, str(root))
    if len(samples) == card.n:
        return dataset
    return replace(dataset, notes=(*card.notes, f"the label file has {len(samples)} images, the complete set {card.n}"))


def describe_with_card(card: Card, samples: tuple[Sample, ...], origin: str) -> Dataset:
    """Return a dataset of these samples about which the card says everything else."""
    return Dataset(
        id=card.id,
        title=card.title,
        kind=card.kind,
        direction=card.labels.direction,
        samples=samples,
        within=card.within,
        cluster=card.cluster,
        content=card.content,
        card_hash=card.hash,
        origin=origin,
        notes=card.notes,
    )


def label_file(card: Card, root: Path) -> Path:
    """Return the card's label file below ``root``.

    Raises:
        MissingRequirementError: the root or the file is not there.
    """
    if not root.is_dir():
        raise MissingRequirementError(f"the root of dataset {card.id!r} is {root}, which is no folder: check the path")
    for name in card.labels.files:
        if table.is_file(root / name):
            return root / name
    raise MissingRequirementError(
        f"the root of dataset {card.id!r}, {root}, has no label file {' or '.join(card.labels.files)}: "
        f"get it from {card.source}"
    )


def _image_folder(card: Card, root: Path, rows: list[table.Row]) -> Path:
    names = [row[card.labels.image] for row in rows[:50]]
    for folder in card.image_folders:
        if any(table.is_inside(name) and table.is_file(root / folder / name) for name in names):
            return root / folder
    raise MissingRequirementError(
        f"dataset {card.id!r}: none of the first {len(names)} images of the label file is in "
        f"{', '.join(str(root / folder) for folder in card.image_folders)}: get the images from {card.source}"
    )


def _sample(card: Card, labels: Path, folder: Path, row: table.Row) -> Sample:
    spec = card.labels
    name = table.image_name(labels, row[spec.image])
    if not table.is_inside(name):
        raise UsageError(
            f"{labels}: the image name {name!r} leaves the dataset's folder; the file is not to be trusted"
        )
    mos = table.number(labels, spec.score, name, row[spec.score])
    low, high = spec.range
    if mos is None or not low <= mos <= high:
        raise UsageError(
            f"{labels}: the label of {name!r} is {row[spec.score]!r}, outside the card's range of {low} to {high}"
        )
    attributes: dict[str, Attribute] = {}
    for attribute, column in spec.attributes.items():
        text = row[column]
        value = table.number(labels, column, name, text) if attribute in _NUMERIC else text
        if value is not None:
            attributes[attribute] = value
    return Sample(name, folder / name, mos, attributes)
