"""Thumbnails of a dataset's images as data URLs, if the images are available."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.api import Photo
from bench.datasets.roots import Roots
from bench.errors import ImageError
from bench.io.files import Folder
from bench.tables.cell import Cell
from bench.tables.photographs import Photographs, in_folder, of_dataset

LONG_SIDE = 480
"""Pixels of a picture's longer side; a smaller image stays as it is."""
MOST_OF = 0.9
"""Share of a dataset's images that a folder must have by name to be taken for its own."""
BUDGET = 8 * 2**20
"""Bytes of pictures in one report, so that it can be sent: equal parts for its datasets. What is over is named."""
_QUALITY = 78


@dataclass(frozen=True)
class PictureFiles:
    """Places of photographs.

    Attributes:
        roots: where datasets lie.
        moved: a folder to look in for those that are not there; None for none.
    """

    roots: Roots = field(default_factory=Roots)
    moved: Folder | None = None

    def of(self, cell: Cell) -> Photographs:
        """Return the photographs of a cell's dataset, where labels prove them to be its own, else by their names."""
        own = of_dataset([cell], self.roots)
        if own.files or self.moved is None:
            return own
        names = cell.entry.scores(("image",))["image"].tolist()
        found = in_folder(self.moved, names)
        enough = len(found.files) >= MOST_OF * len(names)
        return found if enough else Photographs(reason=f"{own.reason}; {self.moved} has {len(found.files)} of them")


@dataclass(frozen=True)
class EmbeddedPicture:
    """One picture.

    Attributes:
        uri: ``data:image/jpeg;base64,...``.
        width: of the image, in pixels.
        height: of the image.
    """

    uri: str
    width: int
    height: int


@dataclass
class EmbeddedPictures:
    """Pictures of one dataset.

    Attributes:
        of: image name → picture.
        reasons: image name → why there is none.
    """

    of: dict[str, EmbeddedPicture] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def take_pictures(cell: Cell, names: Sequence[str], files: PictureFiles, room: int) -> EmbeddedPictures:
    """Return pictures of some images of a cell's dataset, or for each why there is none.

    Args:
        cell: any of the dataset.
        names: of the images, those that matter most first.
        files: where photographs lie.
        room: bytes after which no further picture is taken.
    """
    found = EmbeddedPictures()
    photographs = files.of(cell) if names else Photographs()
    for name in names:
        try:
            if sum(len(picture.uri) for picture in found.of.values()) >= room:
                raise ImageError(f"the {room / 2**20:.1f} MiB for pictures of this dataset are used up")
            found.of[name] = shrink(photographs.read(name))
        except ImageError as error:
            found.reasons[name] = str(error)
    return found


def shrink(photo: Photo) -> EmbeddedPicture:
    """Return a photograph, its longer side no longer than LONG_SIDE, as JPEG."""
    from PIL import Image

    height, width = photo.pixels.shape[:2]
    image = Image.fromarray(photo.pixels)
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return EmbeddedPicture(f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode('ascii')}", width, height)
