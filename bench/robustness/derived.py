"""Images derived from a dataset's photographs, as files in the cache.

A photograph's folder is named by the content of its file, so that any choice of photographs shares what is made of
them, and by the short side that it was brought to before anything else.
"""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.api import Pixels, Resize
from bench.datasets.dataset import Dataset, Sample
from bench.errors import BenchError, ImageError, UsageError
from bench.io.atomic import write_atomically
from bench.io.cache import cache_root
from bench.io.files import File, LocalFolder
from bench.io.hashing import hash_bytes
from bench.io.images import decode, resize
from bench.io.progress import bar
from bench.io.visible import quoted

RECIPE = 2
"""Raise it when the same photograph would give other pixels: it names the folder."""

_RESERVE = 2**30
"""Bytes of the disk that are left free."""


@dataclass(frozen=True, eq=False)
class SourcePhotograph:
    """One photograph of which images are made.

    Attributes:
        sample: what the dataset says of it.
        data: the bytes of its file.
        short: the short side that it is brought to where it has a longer one; None: it stays as it is.
    """

    sample: Sample
    data: bytes
    short: int | None

    @functools.cached_property
    def pixels(self) -> Pixels:
        """Its pixels, (H, W, 3) uint8.

        Raises:
            ImageError: the file is no image.
        """
        return shrink(decode(self.data, self.sample.name).pixels, self.short)

    @property
    def content(self) -> str:
        """12 hex digits of its file's hash."""
        return hash_bytes(self.data)

    def seed(self, purpose: str) -> int:
        """Return a seed that this photograph has for a purpose on every machine, whatever is made beside it."""
        return int.from_bytes(hashlib.sha256(f"{self.content}/{purpose}".encode()).digest()[:4])


@dataclass(frozen=True)
class DerivationRecipe:
    """Recipe for files derived from a photograph.

    Attributes:
        files: their names; the suffix, .png or .webp, is the format, which is lossless.
        make: gives the pixels of each, (H, W, 3) uint8. Raises ImageError where there is nothing to make.
    """

    files: tuple[str, ...]
    make: Callable[[SourcePhotograph], Sequence[Pixels]]


@dataclass(frozen=True)
class DerivedImages:
    """A photograph, and the folder that holds what was made of it."""

    sample: Sample
    folder: LocalFolder

    def file(self, name: str) -> File:
        """Return one of its files."""
        return File(self.folder, name)


def shrink(pixels: Pixels, short: int | None) -> Pixels:
    """Return pixels with a short side of at most so many; nothing is enlarged."""
    return pixels if short is None or min(pixels.shape[:2]) <= short else resize(pixels, Resize(short=short))


def choose(dataset: Dataset, count: int) -> list[Sample]:
    """Choose samples by the hash of their names: a larger choice holds every smaller one. In the dataset's order.

    Raises:
        UsageError: the dataset has no images, only scores of some.
    """
    there = [sample for sample in dataset.samples if sample.file is not None]
    if not there:
        raise UsageError(f"--dataset got {quoted(dataset.id)}, which has no image files")
    kept = set(sorted((s.name for s in there), key=lambda name: hashlib.sha256(name.encode()).digest())[:count])
    return [sample for sample in there if sample.name in kept]


def make(
    title: str, samples: Sequence[Sample], short: int | None, recipes: Sequence[DerivationRecipe]
) -> list[DerivedImages]:
    """Make what is not made yet of each sample.

    Args:
        title: what the progress bar is headed.
        samples: photographs with a file.
        short: see Photograph.
        recipes: what to make.

    Raises:
        UsageError: a photograph cannot be read, or the cache cannot be written.
        BenchError: the disk is nearly full; what was made stays.
    """
    made = []
    with bar(len(samples), title, delay=1.0) as shown:
        for sample in samples:
            made.append(_make(sample, short, recipes))
            shown.update()
    return made


def _make(sample: Sample, short: int | None, recipes: Sequence[DerivationRecipe]) -> DerivedImages:
    assert sample.file is not None
    try:
        photograph = SourcePhotograph(sample, sample.file.read(), short)
        folder = cache_root() / f"derived-{RECIPE}" / f"{photograph.content}-{short or 'full'}"
        for recipe in recipes:
            if not all((folder / name).is_file() for name in recipe.files):
                _write(folder, dict(zip(recipe.files, recipe.make(photograph), strict=True)))
    except ImageError as error:
        raise UsageError(f"--dataset: {sample.name} cannot be used: {error}. Repair or remove it") from None
    return DerivedImages(sample, LocalFolder(folder))


def _write(folder: Path, images: Mapping[str, Pixels]) -> None:
    import shutil

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < _RESERVE + sum(pixels.nbytes for pixels in images.values()):
            raise BenchError(
                f"the disk of {folder.parent} is nearly full: use a smaller --count or --size, or set BENCH_CACHE "
                "to another folder; finished images are kept"
            )
        for name, pixels in images.items():
            write_atomically(folder / name, _encode(pixels, name))
    except OSError as error:
        raise UsageError(
            f"images cannot be written to {folder.parent}: {error.strerror or error}. Set BENCH_CACHE to another folder"
        ) from None


def _encode(pixels: Pixels, name: str) -> bytes:
    from PIL import Image

    image, encoded = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
    if name.endswith(".webp"):
        image.save(encoded, "WEBP", lossless=True)
    else:
        image.save(encoded, "PNG", compress_level=1)  # a third of the time for a tenth more bytes
    return encoded.getvalue()
