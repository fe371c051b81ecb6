"""Photographs that belong to stored results: found by name again, and decoded small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.adapters.card import read_with_card
from bench.adapters.index import Index
from bench.adapters.local import read_local
from bench.api import Pixels, Resize
from bench.datasets import find_named
from bench.errors import ImageError, MissingRequirementError
from bench.evaluation import Cell
from bench.files import File, Folder
from bench.images import decode, resize
from bench.places import Roots
from bench.samples import Dataset


@dataclass(frozen=True)
class Pictures:
    """Where the images of a dataset are.

    Attributes:
        files: name → file.
        reason: why one that is not there is not.
    """

    files: Mapping[str, File] = field(default_factory=dict)
    reason: str = ""

    def thumbnail(self, name: str, side: int) -> Pixels:
        """Return an image (H, W, 3), uint8 RGB, its long side at most so many pixels.

        Raises:
            ImageError: it is not here, or cannot be decoded.
        """
        if name not in self.files:
            raise ImageError(self.reason)
        pixels = decode(self.files[name].read(), name).pixels
        height, width = pixels.shape[:2]
        scale = min(1.0, side / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return resize(pixels, Resize(exact=size))


def of_dataset(cells: Sequence[Cell], roots: Roots) -> Pictures:
    """Find a dataset's images: where ``--root`` and the like say for a card, else where it was scored.

    Args:
        cells: of that dataset.
        roots: where the folders of datasets are.
    """
    try:
        named = find_named(cells[0].dataset["id"], roots)
    except MissingRequirementError as error:
        return Pictures(reason=str(error))
    if named:
        return _of(read_with_card(*named))
    scored = [Path(cell.dataset["origin"]) for cell in cells if cell.entry.meta["source"] == "run"]
    origin = next((path for path in scored if path.exists()), None)
    return _of(read_local(origin)) if origin else Pictures(reason="nothing says where they are")


def _of(dataset: Dataset) -> Pictures:
    files = {sample.name: sample.file for sample in dataset.samples if sample.file is not None}
    return Pictures(files, f"not in {dataset.origin}")


def in_folder(folder: Folder, names: Iterable[str]) -> Pictures:
    """Find images below a folder by their names, else by the last part where only one file has it."""
    files = folder.files()
    index, alone = Index(files), _by_last_part(files)
    found = ((name, index.find(name) or alone.get(name.rpartition("/")[2])) for name in names)
    return Pictures({name: File(folder, file) for name, file in found if file}, f"not in {folder}")


def _by_last_part(files: Iterable[str]) -> dict[str, str]:
    alike: dict[str, list[str]] = {}
    for file in files:
        alike.setdefault(file.rpartition("/")[2], []).append(file)
    return {last: same[0] for last, same in alike.items() if len(same) == 1}
