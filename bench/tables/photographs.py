"""Photographs of stored results: found by name, and decoded at a small size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.api import Photo, Pixels, Resize
from bench.datasets.catalogue import find_card
from bench.datasets.dataset import Dataset
from bench.datasets.readers.index import Index
from bench.datasets.readers.reading import Reading
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.errors import ImageError, UsageError
from bench.io.files import File, Folder, is_url
from bench.io.images import decode, resize
from bench.tables.cell import Cell


@dataclass(frozen=True)
class Photographs:
    """Files of a dataset's images.

    Attributes:
        files: name → file.
        reason: why one that is not there is not.
    """

    files: Mapping[str, File] = field(default_factory=dict)
    reason: str = ""

    def read(self, name: str) -> Photo:
        """Return an image as it was decoded.

        Raises:
            ImageError: it is not here, or cannot be decoded.
        """
        if name not in self.files:
            raise ImageError(self.reason)
        return decode(self.files[name].read(), name)

    def thumbnail(self, name: str, side: int) -> Pixels:
        """Return an image (H, W, 3), uint8 RGB, its long side at most so many pixels.

        Raises:
            ImageError: it is not here, or cannot be decoded.
        """
        pixels = self.read(name).pixels
        height, width = pixels.shape[:2]
        scale = min(1.0, side / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return resize(pixels, Resize(exact=size))


def of_dataset(cells: Sequence[Cell], roots: Roots) -> Photographs:
    """Find a dataset's images: where ``--root`` and the like say for a card, else where it was scored.

    Args:
        cells: of that dataset.
        roots: where the folders of datasets are.
    """
    reasons = []
    for cell in cells:
        try:
            return Photographs(_find_files(cell, roots), "not in the copy of the dataset that is here")
        except UsageError as error:
            reasons.append(str(error))
    return Photographs(reason="; ".join(dict.fromkeys(reasons)))


def _find_files(cell: Cell, roots: Roots) -> dict[str, File]:
    """Return the files of a cell's dataset by the names of the images; UsageError says why there are none."""
    dataset = _dataset(cell, roots)
    # A store may come from others: it must not choose which files of this machine a report shows. Imported
    # labels are no dataset's own, so that those of the copy cannot be theirs.
    scored = cell.entry.identity.labels
    if cell.protocol.mos == "dataset" and dataset.split(cell.protocol.split).labels_hash != scored:
        raise UsageError("the copy has other names or labels than the one that was scored")
    return {sample.name: sample.file for sample in dataset.samples if sample.file is not None}


def _dataset(cell: Cell, roots: Roots) -> Dataset:
    about = cell.dataset
    if find_card(about.id) is not None and (about.card_hash or cell.protocol.mos == "imported"):
        return resolve(about.id, roots, reading=Reading(suffix=about.suffix))
    if cell.protocol.mos == "imported":
        raise UsageError("only scores were imported")
    origin = roots.explicit.get(about.id, about.origin)  # photographs that were moved
    if is_url(origin) or not Path(origin).exists():
        raise UsageError("the folder that was scored is gone, or was never on this machine")
    reading = Reading(about.label_column, about.direction == "lower", about.image_column, about.suffix)
    return resolve(str(Path(origin).absolute()), roots, reading=reading)


def in_folder(folder: Folder, names: Iterable[str]) -> Photographs:
    """Find images below a folder by their names, else by the last part where only one file has it."""
    files = folder.files()
    index, alone = Index(files), _by_last_part(files)
    found = ((name, index.find(name) or alone.get(name.rpartition("/")[2])) for name in names)
    return Photographs({name: File(folder, file) for name, file in found if file}, f"not in {folder}")


def _by_last_part(files: Iterable[str]) -> dict[str, str]:
    alike: dict[str, list[str]] = {}
    for file in files:
        alike.setdefault(file.rpartition("/")[2], []).append(file)
    return {last: same[0] for last, same in alike.items() if len(same) == 1}
