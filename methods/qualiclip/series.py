"""Training series: two overlapping crops of a photograph under one degradation at rising levels.

Every draw comes from a generator of its own, made from the seed and what is drawn: the epoch and the
photograph's position. So the number of workers and processes, and a resumed run, change nothing that is drawn.

Images are kept in 8 bits, as a stored picture has them: what is degraded is rounded, wherever it is degraded. In
32 bits a batch of 16 series has 96 MB, which workers cannot hand over in a container's 64 MB of shared memory.
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
from bench.distortions import LEVELS, distort, distort_levels, distort_series, find
from bench.distortions.severity import gradient_distance, squared_error
from bench.errors import ImageError
from bench.io.images import decode, read_bytes, resize

from .photographs import TrainingPhotographs

ORDER, SERIES, DEGRADATION, VALIDATION, STEP = range(5)
"""What a generator is for; the number that follows the seed in its key."""

_DISTANCES = {"gradient-distance": gradient_distance, "squared-error": squared_error}
_TRIES = 10  # crops of one photograph
_SUBSTITUTES = 50  # photographs in a row
_FLAT = 1.0  # standard deviation, of 255, below which a crop shows nothing to degrade


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
        degrade: whether levels are always computed with the item; else, of the types that can be degraded in
            batches, later by ``Batch.degraded``.
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

    def degrades(self, name: str) -> bool:
        """Return whether the levels of a type are computed with the item."""
        return self.degrade or not find(name).batched

    def for_validation(self) -> SeriesRecipe:
        """Return the recipe of series that are only to be ranked, the same for every way to train.

        Each type once, no severity, five levels of one draw.
        """
        return replace(self, types=tuple(dict.fromkeys(self.types)), draws="shared", order=None, pristine=False)


@dataclass(frozen=True, eq=False)
class SeriesItem:
    """One series in 8 bits. ``images`` is (L, 2, 3, c, c), or (2, 3, c, c) where it is still to be degraded."""

    name: str
    type: str
    draw: int
    images: Tensor
    severity: Tensor
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Batch:
    """Several series, and the photographs (name, reason) that were skipped on the way.

    Attributes:
        names: of the photographs.
        types: of degradations.
        draws: seeds of the degradations.
        later: whether a series is still to be degraded.
        levels: (D, L, 2, 3, c, c) in 8 bits, the D series that are degraded, in their order.
        crops: (B - D, 2, 3, c, c) in 8 bits, the others.
        severity: (D, L).
        skipped: names and reasons.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    draws: tuple[int, ...]
    later: tuple[bool, ...]
    levels: Tensor
    crops: Tensor
    severity: Tensor
    skipped: tuple[tuple[str, str], ...]

    def pin_memory(self) -> Batch:
        """Return the same in memory that a GPU can read by itself; the loader calls it."""
        pinned = {name: getattr(self, name).pin_memory() for name in ("levels", "crops", "severity")}
        return replace(self, **pinned)

    def degraded(self, device: torch.device, recipe: SeriesRecipe) -> tuple[Tensor, Tensor]:
        """Return images (B, L, N, 3, c, c) in 8 bits and severities (B, L) on a device.

        What is still to be degraded is degraded there, all series of a type at once.
        """
        levels, crops, severity = (
            part.to(device, non_blocking=True) for part in (self.levels, self.crops, self.severity)
        )
        if not any(self.later):
            return levels, severity
        waiting = [place for place, later in enumerate(self.later) if later]
        found: dict[int, tuple[Tensor, Tensor]] = {}
        for name in dict.fromkeys(self.types[place] for place in waiting):
            of_type = [row for row, place in enumerate(waiting) if self.types[place] == name]
            places = [waiting[row] for row in of_type]
            draws = [self.draws[place] for place in places]
            each = zip(*degrade_series(crops[of_type], name, draws, recipe), strict=True)
            found |= dict(zip(places, each, strict=True))
        done = [place for place, later in enumerate(self.later) if not later]
        found |= dict(zip(done, zip(levels, severity, strict=True), strict=True))
        images, severities = zip(*(found[place] for place in range(len(self.names))), strict=True)
        return torch.stack(images), torch.stack(severities)


def collate(items: Sequence[SeriesItem]) -> Batch:
    """Stack series; those that found no photograph are left out, and all their reasons kept."""
    whole = [item for item in items if len(item.images)]
    later = tuple(item.images.ndim == 4 for item in whole)
    done = [item for item, waits in zip(whole, later, strict=True) if not waits]
    waiting = [item for item, waits in zip(whole, later, strict=True) if waits]
    return Batch(
        tuple(item.name for item in whole),
        tuple(item.type for item in whole),
        tuple(item.draw for item in whole),
        later,
        torch.stack([item.images for item in done]) if done else torch.empty(0),
        torch.stack([item.images for item in waiting]) if waiting else torch.empty(0),
        torch.stack([item.severity for item in done]) if done else torch.empty(0),
        tuple(skip for item in items for skip in item.skipped),
    )


def as_input(images: Tensor) -> Tensor:
    """Return images (..., 3, c, c) in 8 bits as a network takes them: (M, 3, c, c) in [0, 1], channels last."""
    flat = images.flatten(0, -4)
    return flat.to(torch.float32, memory_format=torch.channels_last).div_(255)


def degrade(crops: Tensor, name: str, draw: int, recipe: SeriesRecipe) -> tuple[Tensor, Tensor]:
    """Degrade crops (N, 3, c, c) in 8 bits by one type at every level, with one draw or one for each image.

    Returns:
        Images (L, N, 3, c, c) in 8 bits, L = 5, or 6 with the crops themselves first, and severities (L,): the
        square root of the distance to the originals, mean over the crops; zeros where no order is asked for.
    """
    if recipe.draws == "shared":
        levels = distort_levels(crops / 255, name, torch.Generator().manual_seed(draw))
    else:
        seeds = _seeds([draw], len(crops))
        rows = zip(LEVELS, seeds, strict=True)
        levels = torch.stack([_distort_apart(crops / 255, name, level, row) for level, row in rows])
    images, severity = _series(crops[None], levels[None], recipe)
    return images[0], severity[0]


def degrade_series(crops: Tensor, name: str, draws: Sequence[int], recipe: SeriesRecipe) -> tuple[Tensor, Tensor]:
    """Degrade crops (S, N, 3, c, c) of several series at once, where they are; the type is a batched one.

    Returns:
        What ``degrade`` returns, for each series: (S, L, N, 3, c, c) and (S, L). On a GPU the draws are others
        than on the CPU.
    """
    seeds = [draws] * len(LEVELS) if recipe.draws == "shared" else _seeds(draws, crops.shape[1])
    return _series(crops, distort_series(crops / 255, name, seeds), recipe)


def _seeds(draws: Sequence[int], crops: int) -> list[list[int]]:
    """Return for every level a seed of each image of series: the draws tell the series apart."""
    return [[seed_of(draw, level, place) for draw in draws for place in range(crops)] for level in LEVELS]


def _distort_apart(crops: Tensor, name: str, level: int, seeds: Sequence[int]) -> Tensor:
    pairs = zip(crops, seeds, strict=True)
    return torch.stack([distort(crop, name, level, torch.Generator().manual_seed(seed)) for crop, seed in pairs])


def _series(crops: Tensor, levels: Tensor, recipe: SeriesRecipe) -> tuple[Tensor, Tensor]:
    """Round levels (S, 5, N, 3, c, c) to 8 bits, put the crops before them if asked for, and measure severities."""
    images = (levels * 255).round_().to(torch.uint8)
    if recipe.pristine:
        images = torch.cat([crops[:, None], images], 1)
    if recipe.order is None:
        return images, torch.zeros(images.shape[:2], device=images.device)
    originals = crops[:, None].expand_as(images).flatten(0, 2)
    distances = _DISTANCES[recipe.order](images.flatten(0, 2) / 255, originals / 255)
    return images, distances.clamp(min=0).sqrt().view(images.shape[:3]).mean(2)


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
            made = degrade(crops, name, draw, recipe) if recipe.degrades(name) else (crops, torch.zeros(5))
            return SeriesItem(photograph, name, draw, *made, tuple(skipped))
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
            if _is_flat(crop):
                raise ImageError("the crop is flat")
        except ImageError as error:
            return SeriesItem(photograph, name, draw, torch.empty(0), torch.zeros(5), ((photograph, str(error)),))
        made = degrade(crop, name, draw, recipe) if recipe.degrades(name) else (crop, torch.zeros(5))
        return SeriesItem(photograph, name, draw, *made, ())


def read_photograph(photographs: TrainingPhotographs, name: str, recipe: SeriesRecipe) -> Tensor:
    """Return a photograph (3, H, W) in 8 bits at the recipe's size.

    Raises:
        ImageError: it cannot be decoded, or is smaller than a crop.
    """
    pixels = decode(read_bytes(photographs.root / name), name).pixels
    if recipe.short_side:
        pixels = resize(pixels, Resize(short=recipe.short_side))
    height, width = pixels.shape[:2]
    if min(height, width) < recipe.crop:
        raise ImageError(
            f"{width}x{height} pixels are fewer than a crop of {recipe.crop}x{recipe.crop}: lower --crop, or enlarge "
            f"photographs by --short-side {recipe.crop} or more"
        )
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)


def draw_crops(image: Tensor, recipe: SeriesRecipe, generator: torch.Generator) -> Tensor:
    """Draw two overlapping crops (2, 3, c, c) of an image (3, H, W) in 8 bits.

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
        if not _is_flat(crops):
            return crops
    raise ImageError(f"all of {_TRIES} random crops are flat")


def _is_flat(crops: Tensor) -> bool:
    # Ten times as quick as torch's.
    return bool(crops.flatten(1).numpy().std(axis=1, dtype=np.float32).min() < _FLAT)


def _shared(first: list[int], second: list[int], side: int) -> float:
    rows, columns = (max(0, side - abs(a - b)) for a, b in zip(first, second, strict=True))
    return rows * columns / side**2


def _near(place: int, reach: int, space: int, generator: torch.Generator) -> int:
    low, high = max(0, place - reach), min(space, place + reach)
    return low + _below(high - low + 1, generator)


def _below(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
