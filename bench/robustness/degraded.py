"""Photographs with every distortion and level as a dataset, in a synthetic order without human ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.api import Pixels
from bench.datasets.dataset import Dataset, Sample
from bench.datasets.sample_set import one_thread
from bench.distortions import LEVELS
from bench.io.hashing import hash_files
from bench.robustness.derived import DerivationRecipe, DerivedImages, SourcePhotograph, choose, make

PREFIX = "degraded:"
"""Prefix of its id; ids of cards contain no colon."""
UNDISTORTED = "undistorted"
"""The type of level 0."""


def degraded(photos: Dataset, count: int, short: int, types: Sequence[str]) -> Dataset:
    """Return photographs of a dataset, as they are and under every level of some types; makes what is not there.

    The label of an image is its level, 0 for the photograph itself: LOWER IS BETTER, and no human opinion. Levels
    compare inside one photograph and type. One series has one random draw, so that noise grows with its level.

    Args:
        photos: where the photographs are from.
        count: so many of them, chosen by their names' hashes.
        short: their short side where it is longer.
        types: names of distortions, of this package or of others.

    Raises:
        UsageError: a photograph cannot be read, or the cache cannot be written.
        BenchError: the disk is nearly full.
    """
    recipes = [DerivationRecipe((_file(UNDISTORTED, 0),), lambda photograph: [photograph.pixels])]
    recipes += [DerivationRecipe(tuple(_kept_as(name, level) for level in LEVELS), _Series(name)) for name in types]
    with one_thread():
        made = make(f"{photos.id}: degrading", choose(photos, count), short, recipes)
    what = f"{len(made)} photographs of a short side of at most {short}, under {len(types)} types"
    return Dataset(
        id=PREFIX + photos.id,
        title=f"{photos.title}, degraded (synthetic order, no human opinion)",
        kind="synthetic-order",
        direction="lower",
        samples=_samples(made, types),
        within=("reference", "type"),
        cluster="reference",
        group="reference",
        content=photos.content,
        shares=(photos.id, *photos.shares),
        origin=photos.origin,
        notes=(what, "labels are distortion levels, a synthetic order and no human opinion"),
    )


def _file(name: str, level: int) -> str:
    return f"{name}-{level}.png"


def _kept_as(name: str, level: int) -> str:
    """Return the name in the cache. A type of another package may change at any time: its stamp is in it."""
    from bench.distortions import DISTORTIONS, find

    return _file(name, level) if name in (UNDISTORTED, *DISTORTIONS) else _file(f"{name}-{find(name).stamp}", level)


@dataclass(frozen=True)
class _Series:
    """The five levels of one type."""

    name: str

    def __call__(self, photograph: SourcePhotograph) -> list[Pixels]:
        # Imported here: where everything is made already nobody needs to wait for torch.
        import torch

        from bench.distortions import distort_levels

        pristine = torch.from_numpy(photograph.pixels.copy()).permute(2, 0, 1) / 255
        generator = torch.Generator().manual_seed(photograph.seed(self.name))
        levels = distort_levels(pristine[None], self.name, generator)[:, 0]
        return list((levels * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())


def _samples(made: Sequence[DerivedImages], types: Sequence[str]) -> tuple[Sample, ...]:
    places = [
        (one, name, level)
        for one in made
        for name, level in [(UNDISTORTED, 0), *((name, level) for name in types for level in LEVELS)]
    ]
    files = [one.file(_kept_as(name, level)) for one, name, level in places]
    # Which levels are one image: blur at level 1, say, may leave the photograph as it is.
    contents = hash_files(files)
    return tuple(
        Sample(
            f"{one.sample.name}/{_file(name, level)}",
            file,
            float(level),
            {"reference": one.sample.name, "type": name, "level": str(level), "content": content},
        )
        for (one, name, level), file, content in zip(places, files, contents, strict=True)
    )
