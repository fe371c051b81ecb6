"""Photographs that belong to stored results: found by name again, and decoded small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.adapters.index import Index
from bench.api import Pixels, Resize
from bench.cells import Cell
from bench.errors import ImageError, UsageError
from bench.files import File, Folder
from bench.images import decode, resize
from bench.places import Roots


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


def of_dataset(cell: Cell, roots: Roots) -> Pictures:
    """Find the images of a cell's dataset where ``find_files`` does; where they are not here, the reason is kept."""
    try:
        files = find_files(cell, roots)
    except UsageError as error:
        return Pictures(reason=str(error))
    return Pictures({name: file for name, file in files.items() if file}, "not in the copy that is here")


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
