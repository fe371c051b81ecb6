"""``bench new dataset``: a card of what is found in a folder, with marks where only its owner knows more."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bench.datasets.card import TableSpec
from bench.datasets.dataset import references_repeat
from bench.datasets.readers import formats
from bench.datasets.readers import text as table
from bench.datasets.readers.index import Index
from bench.datasets.readers.own_table import Columns, OwnTable, Place, find_columns, may_be_labels, read_table
from bench.datasets.readers.reading import Reading
from bench.errors import UsageError, listed
from bench.io.atomic import write_output
from bench.io.files import LocalFolder
from bench.io.images import is_image_name

TODO = "TODO"
_MOST_BASES = 20  # folders that the names of a table are tried from
_TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".json")


@dataclass(frozen=True)
class Labels:
    """A table of labels that was found.

    Attributes:
        file: its path in the folder.
        base: folder of the images that it names, in the folder.
        columns: which column is what.
        label: the column taken for the labels; empty where there is none.
        candidates: further columns of numbers, which may be the labels instead.
        read: what is in it.
    """

    file: str
    base: str
    columns: Columns
    label: str
    candidates: tuple[str, ...]
    read: OwnTable


@dataclass(frozen=True)
class Draft:
    """A card that was written.

    Attributes:
        path: of the card.
        images: how many images it is of.
        labels: the table that they are labelled by; None where there is none.
        todo: what is left to say, in order.
    """

    path: Path
    images: int
    labels: Labels | None
    todo: tuple[str, ...]


def write_card(folder: Path, output: Path | None = None) -> Draft:
    """Write a card for the images in a folder, and for the table of labels that names most of them.

    Args:
        folder: of the dataset.
        output: the card; None: ``card.toml`` in the folder, where commands that take the card find the images.

    Returns:
        What was found, and what is left to say.

    Raises:
        UsageError: there is no such folder, no image is in it, or the card is there already.
    """
    if not folder.is_dir():
        raise UsageError(f"FOLDER got {folder}, which is no folder: give that of the images")
    output = output or folder / "card.toml"
    if output.exists():
        raise UsageError(f"--output got {output}, which is there already: remove it, or give another file")
    files = LocalFolder(folder).files()
    images = [file for file in files if is_image_name(file)]
    if not images:
        raise UsageError(f"FOLDER got {folder}, which has no image files")
    labels = _find_labels(folder, files, images)
    lines = _card_lines(folder, images, labels)
    write_output(output, "\n".join(lines) + "\n")
    left = [line.partition(" = ")[0] for line in lines if TODO in line]
    return Draft(output, len(labels.read.samples) if labels else len(images), labels, tuple(left))


def _find_labels(folder: Path, files: Sequence[str], images: Sequence[str]) -> Labels | None:
    """Return the table that names the most images, relative to its own folder or to one of images."""
    index = Index(files)
    within = Counter(above for image in images for above in _folders(image))
    bases = [base for base, _ in within.most_common(_MOST_BASES)]
    best, most = None, 0
    for file in (file for file in files if PurePosixPath(file).suffix.lower() in _TABLES):
        try:
            found = formats.parse(table.read_file(folder / file), file, TableSpec(files=()))
        except UsageError:  # no table
            continue
        for base in dict.fromkeys(["", *bases, _folders(file)[0]]):
            labels = _read(found, Place(LocalFolder(folder), index.find, base, closed=True), file)
            if labels and (count := _count_files(labels, files)) > most:
                best, most = labels, count
    return best


def _folders(file: str) -> list[str]:
    """Return the folder of a file and those above it, each with a slash at its end; the whole is empty."""
    return [f"{folder}/" if folder.name else "" for folder in PurePosixPath(file).parents]


def _read(found: table.TextTable, place: Place, file: str) -> Labels | None:
    try:
        columns = find_columns(found, place)
        candidates = tuple(may_be_labels(found, columns))
        label = columns.label or next(iter(candidates), "")
        read = read_table(found, place, Reading(labels=label))
    except UsageError:  # a table of something else, or of other images
        return None
    return Labels(file, place.start, columns, label, tuple(each for each in candidates if each != label), read)


def _count_files(labels: Labels, files: Iterable[str]) -> int:
    there = set(files)
    return sum(sample.file is not None and sample.file.name in there for sample in labels.read.samples)


def _card_lines(folder: Path, images: Sequence[str], labels: Labels | None) -> list[str]:
    name = re.sub(r"[^A-Za-z0-9._+-]+", "-", folder.resolve().name).strip("-._+") or "mine"
    samples = labels.read.samples if labels else ()
    lines = [
        f"id = {_toml(name.lower())}",
        f"title = {_toml(folder.resolve().name)}",
        'kind = "authentic"  # TODO: authentic, synthetic, restoration, ai-generated, aesthetic or pristine',
        f"n = {len(samples) or len(images)}",
        f'licence = "{TODO}"  # terms of the images',
        f'source = "{TODO}"  # address to get them from',
        f'citation = "{TODO}"  # paper, in one line',
        '# doi = "10.1000/182"  # or arxiv = "2601.00001": `bench cite` prints the paper',
    ]
    lines.append('# rated = "..."  # what people were asked, and how many answered')
    if references_repeat(samples):
        lines.append('cluster = "reference"  # what intervals resample, and random splits keep together')
    if labels is None:
        return [*lines, *_layouts(images), "# No table of labels was found: the images are scored without."]
    splits = sorted({str(sample.attributes["split"]) for sample in samples if "split" in sample.attributes})
    if splits:
        counts = {split: sum(str(sample.attributes.get("split")) == split for sample in samples) for split in splits}
        lines.append(f"splits = {_toml(counts)}")
    lines.append(f"layouts = {_toml([[labels.base.rstrip('/') or '.']])}")
    return [*lines, "", *_label_lines(labels)]


def _layouts(images: Sequence[str]) -> list[str]:
    folders = list(dict.fromkeys(_folders(image)[0].rstrip("/") or "." for image in images))
    return [f"layouts = {_toml([folders])}"] if folders != ["."] else []


def _label_lines(labels: Labels) -> list[str]:
    values = [sample.mos for sample in labels.read.samples if sample.mos is not None]
    low, high = (math.floor(min(values)), math.ceil(max(values))) if values else (0, 1)
    others = f"; or {listed(labels.candidates)}" if labels.candidates else ""
    direction = "lower" if "dmos" in labels.label.lower() else "higher"
    attributes = {name: columns[0] for name, columns in labels.columns.attributes.items() if columns[0] != labels.label}
    lines = [
        "[[labels]]",
        f"files = {_toml([labels.file])}",
        f"image = {_toml(labels.columns.image)}",
        f"score = {_toml(labels.label)}" + (f"  # {TODO}: is it this column{others}?" if others else ""),
        f"direction = {_toml(direction)}  # {TODO}: higher, or lower where lower labels mean better quality (DMOS)",
        f"range = [{low}, {max(high, low + 1)}]  # {TODO}: the ends of the scale; found are the labels' own",
    ]
    return [*lines, f"attributes = {_toml(attributes)}"] if attributes else lines


def _toml(value: Any) -> str:
    """Write texts, numbers, lists and tables on one line of TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON's escapes are TOML's too.
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml(key)
