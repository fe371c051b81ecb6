"""Training series: two overlapping crops of a photograph under one degradation at rising levels.

Every draw comes from a generator of its own, made from the seed and what is drawn: the epoch and the
photograph's position. So the number of workers and processes, and a resumed run, change nothing that is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from bench.api import Resize
from bench.distortions import LEVELS, distort, distort_levels
from bench.distortions.severity import gradient_distance, squared_error
from bench.errors import ImageError
from bench.io.images import decode, read_bytes, resize

from .photographs import TrainingPhotographs

ORDER, SERIES, DEGRADATION, VALIDATION, STEP = range(5)
"""What a generator is for; the number that follows the seed in its key."""

_DISTANCES = {"gradient-distance": gradient_distance, "squared-error": squared_error}
_TRIES = 10  # crops of one photograph
_SUBSTITUTES = 50  # photographs in a row
_FLAT = 1 / 255  # standard deviation below which a crop shows nothing to degrade


def seed_of(*key: int) -> int:
    """Return a seed of 64 bits that a key of whole numbers decides."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])


def generator_of(*key: int) -> torch.Generator:
    """Return a generator that a key of whole numbers decides."""
    return torch.Generator().manual_seed(seed_of(*key))


@dataclass(frozen=True)
class SeriesRecipe:
    """How series are made.

    Attributes:
        seed: of all draws.
        crop: side in pixels.
        overlap: least share of a crop's area that both crops share.
        short_side: photographs are brought to it first; 0 leaves them.
        types: names of degradations.
        order: distance to the original by which severity is measured; None measures none.
        pristine: whether the crops themselves are a level before the first.
        degrade: whether levels are computed with the item, or later by ``Batch.degraded``.
        draws: whether the two crops and all levels of a series share one random draw, or each image has its own.
    """

    seed: int
    crop: int
    overlap: float
    short_side: int
    types: tuple[str, ...]
    order: str | None = None
    pristine: bool = False
    degrade: bool = True
    draws: Literal["shared", "independent"] = "shared"

    @property
    def views(self) -> int:
        """How many images a series has."""
        return 2 * (len(LEVELS) + self.pristine)

    def for_validation(self) -> SeriesRecipe:
        """Return the recipe of series that are only to be ranked, the same for every way to train.

        Each type once, no severity, five levels of one draw.
        """
        return replace(self, types=tuple(dict.fromkeys(self.types)), draws="shared", order=None, pristine=False)


@dataclass(frozen=True, eq=False)
class SeriesItem:
    """One series. ``images`` is (L, 2, 3, c, c), or (2, 3, c, c) where it is still to be degraded."""

    name: str
    type: str
    draw: int
    images: Tensor
    severity: Tensor
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Batch:
    """Several series, and the photographs (name, reason) that were skipped on the way."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    draws: tuple[int, ...]
    images: Tensor
    severity: Tensor
    skipped: tuple[tuple[str, str], ...]

    def degraded(self, device: torch.device, recipe: SeriesRecipe) -> tuple[Tensor, Tensor]:
        """Return images (B, L, 2, 3, c, c) and severities (B, L) on a device, degrading there if need be."""
        images, severity = self.images.to(device), self.severity.to(device)
        if images.ndim == 6:
            return images, severity
        each = [degrade(*one, recipe) for one in zip(images, self.types, self.draws, strict=True)]
        return torch.stack([levels for levels, _ in each]), torch.stack([severe for _, severe in each])


def collate(items: Sequence[SeriesItem]) -> Batch:
    """Stack series; those that found no photograph are left out, and all their reasons kept."""
    whole = [item for item in items if len(item.images)]
    return Batch(
        tuple(item.name for item in whole),
        tuple(item.type for item in whole),
        tuple(item.draw for item in whole),
        torch.stack([item.images for item in whole]) if whole else torch.empty(0),
        torch.stack([item.severity for item in whole]) if whole else torch.empty(0),
        tuple(skip for item in items for skip in item.skipped),
    )


def degrade(crops: Tensor, name: str, draw: int, recipe: SeriesRecipe) -> tuple[Tensor, Tensor]:
    """Degrade crops (N, 3, c, c) by one type at every level, with one draw or one for each image.

    Returns:
        Images (L, N, 3, c, c), L = 5, or 6 with the crops themselves first, and severities (L,): the square
        root of the distance to the originals, mean over the crops; zeros where no order is asked for.
    """
    if recipe.draws == "shared":
        levels = distort_levels(crops, name, torch.Generator().manual_seed(draw))
    else:
        levels = _distort_apart(crops, name, draw)
    if recipe.pristine:
        levels = torch.cat([crops[None], levels])
    if recipe.order is None:
        return levels, torch.zeros(len(levels))
    distances = _DISTANCES[recipe.order](levels.flatten(0, 1), crops.repeat(len(levels), 1, 1, 1))
    return levels, distances.clamp(min=0).sqrt().view(len(levels), -1).mean(1)


def _distort_apart(crops: Tensor, name: str, draw: int) -> Tensor:
    """(5, N, 3, c, c): every crop at every level by a generator of its own."""
    rows = [
        [distort(crop, name, level, generator_of(draw, level, place)) for place, crop in enumerate(crops)]
        for level in LEVELS
    ]
    return torch.stack([torch.stack(row) for row in rows])


class TrainingSeries(Dataset[SeriesItem]):
    """Series by (epoch, position of a photograph); a photograph that cannot be used is replaced by another."""

    def __init__(self, photographs: TrainingPhotographs, positions: Sequence[int], recipe: SeriesRecipe) -> None:
        self._photographs = photographs
        self._positions = positions
        self._recipe = recipe

    def __getitem__(self, key: tuple[int, int]) -> SeriesItem:
        recipe = self._recipe
        generator = generator_of(recipe.seed, SERIES, *key)
        draw = seed_of(recipe.seed, DEGRADATION, *key)
        name = recipe.types[_below(len(recipe.types), generator)]
        position = key[1]
        skipped: list[tuple[str, str]] = []
        for _ in range(_SUBSTITUTES):
            photograph = self._photographs.names[position]
            try:
                crops = draw_crops(self._read(photograph), recipe, generator)
            except ImageError as error:
                skipped.append((photograph, str(error)))
                position = self._positions[_below(len(self._positions), generator)]
                continue
            images, severity = degrade(crops, name, draw, recipe) if recipe.degrade else (crops, torch.zeros(5))
            return SeriesItem(photograph, name, draw, images, severity, tuple(skipped))
        return SeriesItem("", name, draw, torch.empty(0), torch.zeros(5), tuple(skipped))

    def _read(self, name: str) -> Tensor:
        return read_photograph(self._photographs, name, self._recipe)


class ValidationSeries(Dataset[SeriesItem]):
    """One crop from the middle of each held-out photograph under every type, at every level."""

    def __init__(self, photographs: TrainingPhotographs, positions: Sequence[int], recipe: SeriesRecipe) -> None:
        self._photographs = photographs
        self._recipe = recipe.for_validation()
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions) * len(self._recipe.types)

    def __getitem__(self, index: int) -> SeriesItem:
        recipe = self._recipe
        which, number = divmod(index, len(recipe.types))
        photograph, name = self._photographs.names[self._positions[which]], recipe.types[number]
        draw = seed_of(recipe.seed, VALIDATION, self._positions[which], number)
        try:
            image = read_photograph(self._photographs, photograph, recipe)
            top, left = ((side - recipe.crop) // 2 for side in image.shape[1:])
            crop = image[None, :, top : top + recipe.crop, left : left + recipe.crop]
            _refuse_flat(crop)
        except ImageError as error:
            return SeriesItem(photograph, name, draw, torch.empty(0), torch.zeros(5), ((photograph, str(error)),))
        images, severity = degrade(crop, name, draw, recipe) if recipe.degrade else (crop, torch.zeros(5))
        return SeriesItem(photograph, name, draw, images, severity, ())


def read_photograph(photographs: TrainingPhotographs, name: str, recipe: SeriesRecipe) -> Tensor:
    """Return a photograph (3, H, W) in [0, 1] at the recipe's size.

    Raises:
        ImageError: it cannot be decoded, or is smaller than a crop.
    """
    pixels = decode(read_bytes(photographs.root / name), name).pixels
    if recipe.short_side:
        pixels = resize(pixels, Resize(short=recipe.short_side))
    height, width = pixels.shape[:2]
    if min(height, width) < recipe.crop:
        raise ImageError(f"{width}x{height} pixels are fewer than a crop of {recipe.crop}x{recipe.crop}")
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).float() / 255


def draw_crops(image: Tensor, recipe: SeriesRecipe, generator: torch.Generator) -> Tensor:
    """Draw two overlapping crops (2, 3, c, c) of an image (3, H, W).

    The first lies anywhere; the second anywhere that shares the least area with it.

    Raises:
        ImageError: whatever was drawn was flat.
    """
    side = recipe.crop
    room = (image.shape[1] - side, image.shape[2] - side)
    # Farther off, not even equal rows share enough.
    reach = min(int(side * (1 - recipe.overlap)), side - 1)
    for _ in range(_TRIES):
        first = [_below(space + 1, generator) for space in room]
        second = first
        while second is first or _shared(first, second, side) < recipe.overlap:
            second = [_near(place, reach, space, generator) for place, space in zip(first, room, strict=True)]
        crops = torch.stack([image[:, top : top + side, left : left + side] for top, left in (first, second)])
        if crops.flatten(1).std(1).amin() >= _FLAT:
            return crops
    raise ImageError(f"all of {_TRIES} random crops are flat")


def _refuse_flat(crops: Tensor) -> None:
    if crops.flatten(1).std(1).amin() < _FLAT:
        raise ImageError("the crop is flat")


def _shared(first: list[int], second: list[int], side: int) -> float:
    rows, columns = (max(0, side - abs(a - b)) for a, b in zip(first, second, strict=True))
    return rows * columns / side**2


def _near(place: int, reach: int, space: int, generator: torch.Generator) -> int:
    low, high = max(0, place - reach), min(space, place + reach)
    return low + _below(high - low + 1, generator)


def _below(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
