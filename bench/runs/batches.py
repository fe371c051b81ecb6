"""Decoded photos to scores: batches that fit, and a photo that fails takes no other along."""

from __future__ import annotations

import gc
import math
import random
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import Any

import numpy as np

from bench.api import Method, Photo
from bench.errors import ImageError
from bench.io.images import prepare
from bench.io.machine import free_memory
from bench.io.progress import note
from bench.io.visible import quoted, visible
from bench.plugins.pristine_distance import rows_of, summed_up
from bench.runs.decoding import Decoded, count_pixels
from bench.runs.jobs import BatchOutcomes, Measured, Settings
from bench.runs.journal import Outcome

BREACH = "the method does not keep to what it declares: "
"""Beginning of the error of an image whose score is not what the method promises."""
TOO_LARGE = "too large for this machine's memory"
_ROUNDING = 1e-6  # of a bound, or of 1 for small ones: single precision may exceed it by so much
# CLIP's RN50 in float32 holds some 270 bytes a pixel at its widest; a quarter of the memory is left to it.
_BYTES_A_PIXEL, _SHARE = 300, 4


class Batches:
    """Scores photos by one method, in batches that it can hold.

    A batch for which memory does not suffice is halved, and no later one is as large.

    Args:
        method: loaded.
        settings: of which ``batch_size``, ``batch_pixels``, ``seed`` and ``measure`` matter.
        during: given the names of a batch's images, what the method is called within.
    """

    def __init__(
        self,
        method: Method,
        settings: Settings,
        during: Callable[[Sequence[str]], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.method = method
        self.settings = settings
        self.during = during
        self._halved = False
        self.most_pixels = settings.batch_pixels or _free_memory(method.device) // (_SHARE * _BYTES_A_PIXEL)

    def score(self, photos: Sequence[Photo]) -> Iterator[list[Outcome]]:
        """Score decoded photos, and yield the outcomes of each batch."""
        prepared = []
        for photo in photos:
            try:
                prepared.append(prepare(photo, self.method.info.input))
            except (ImageError, MemoryError) as error:
                yield [Outcome(photo.name, None, str(error) or TOO_LARGE)]
        for group in self._alike(prepared):
            place = 0
            while place < len(group):
                batch = group[place : place + self._fitting(group[place:])]
                yield self._score(batch)
                place += len(batch)

    def _alike(self, photos: Sequence[Photo]) -> list[list[Photo]]:
        """Divide photos into those that may be in one batch."""
        info = self.method.info
        # What draws is scored alone, so that its seed is the image's own.
        one_by_one = self.settings.measure == "features" or self.settings.debug
        if info.stochastic or info.batching == "one" or one_by_one:
            return [[photo] for photo in photos]
        groups: dict[object, list[Photo]] = {}
        for photo in photos:
            groups.setdefault(photo.pixels.shape if info.batching == "same-size" else None, []).append(photo)
        return list(groups.values())

    def _fitting(self, photos: Sequence[Photo]) -> int:
        """Return how many of the first photos are a batch: at least one."""
        most, held = min(self.settings.batch_size, len(photos)), 0
        for count, photo in enumerate(photos[:most]):
            held += count_pixels(photo)
            if held > self.most_pixels:
                return max(1, count)
        return most

    def _score(self, batch: list[Photo]) -> list[Outcome]:
        seed_draws(self.settings.seed, batch[0].name)
        # Whatever a method raises is that image's recorded failure: a run never dies of one image.
        try:
            with self.during([photo.name for photo in batch]):
                return self._without_failure(self._asked(batch))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, and the panics of compiled code
            if self.settings.debug:
                error.add_note(f"{self.method.info.name} failed on {batch[0].name}")
                raise
            if len(batch) == 1:
                return [Outcome(batch[0].name, None, _reason(error))]
            size = 1
            if _is_out_of_memory(error):
                size = (len(batch) + 1) // 2
                self._remember(batch)
        parts = (batch[start : start + size] for start in range(0, len(batch), size))
        return [outcome for part in parts for outcome in self._score(part)]

    def _without_failure(self, outcomes: list[Outcome]) -> list[Outcome]:
        failed = next((outcome for outcome in outcomes if outcome.error), None)
        if failed and self.settings.debug:
            raise ImageError(failed.error)
        return outcomes

    def _asked(self, batch: list[Photo]) -> list[Outcome]:
        if self.settings.measure == "score":
            return self._checked(batch, [_number(score) for score in self.method.score(batch)])
        (photo,) = batch
        return [Measured(photo.name, None, vector=summed_up(rows_of(self.method, self.method.features(photo))))]

    def _remember(self, batch: Sequence[Photo]) -> None:
        """Make batches smaller from now on, where one of this size does not fit."""
        first, self._halved = not self._halved, True
        self.most_pixels = sum(map(count_pixels, batch)) // 2
        gc.collect()
        if "torch" in sys.modules:
            sys.modules["torch"].cuda.empty_cache()
        if first:
            note(
                f"{self.method.info.name}: memory does not suffice for {len(batch)} images of "
                f"{2 * self.most_pixels / 1e6:.1f} megapixels in all at once; batches are smaller from here on, as "
                "with --batch-pixels"
            )

    def _checked(self, batch: Sequence[Photo], scores: Sequence[float]) -> list[Outcome]:
        if len(scores) != len(batch):
            wrong = f"{BREACH}{len(scores)} scores for {len(batch)} images"
            return [Outcome(photo.name, None, wrong) for photo in batch]
        bounds = self.method.declared().score_range
        return [_within(photo.name, score, bounds) for photo, score in zip(batch, scores, strict=True)]


def score_window(methods: Mapping[int, Batches], window: Sequence[Decoded]) -> Iterator[BatchOutcomes]:
    """Score decoded images by those of the methods that they are for, and yield the outcomes of each batch."""
    for index, method in methods.items():
        wanted = [decoded for decoded in window if index in decoded.item.methods]
        failed = [Outcome(item.name, None, error) for item, error in wanted if isinstance(error, str)]
        photos = [photo for _, photo in wanted if isinstance(photo, Photo)]
        started = time.perf_counter()
        for outcomes in chain([failed] if failed else [], method.score(photos)):
            seconds = time.perf_counter() - started
            yield BatchOutcomes({index: outcomes}, {index: seconds})
            started = time.perf_counter()


def score_photos(method: Method, photos: Sequence[Photo], settings: Settings) -> list[Outcome]:
    """Score decoded photos; a photo that fails is recorded with its reason and takes no other along."""
    return [outcome for outcomes in Batches(method, settings).score(photos) for outcome in outcomes]


def _free_memory(device: str) -> int:
    if not device.startswith("cuda"):
        return free_memory()
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return int(free)


def _reason(error: BaseException) -> str:
    if isinstance(error, ImageError):
        return _text(error) or "failed without a reason"
    return f"{type(error).__name__}: {_text(error)}"


def _text(error: BaseException) -> str:
    """Return what an error says, in characters that can be stored; empty where it cannot say it."""
    try:
        return visible(str(error))
    except Exception:  # of a __str__ that somebody wrote
        return ""


def _is_out_of_memory(error: BaseException) -> bool:
    # torch has a class for CUDA's; a processor's allocator raises RuntimeError.
    told = _text(error).lower()
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or (isinstance(error, RuntimeError) and ("out of memory" in told or "can't allocate memory" in told))


def _number(score: Any) -> float:
    # float() also takes texts and truth values, those of numpy and torch too, which are a mistake.
    if isinstance(score, (str, bytes, bool)) or str(getattr(score, "dtype", "")).endswith(("bool", "object")):
        raise TypeError(f"the score is {quoted(score)}, not a number")
    return float(score)


def _within(name: str, score: float, bounds: tuple[float, float]) -> Outcome:
    if not math.isfinite(score):
        return Outcome(name, None, f"the method's score is {score}, not a finite number")
    (low, high), (below, above) = bounds, (_ROUNDING * max(1.0, abs(bound)) for bound in bounds)
    if not low - below <= score <= high + above:
        return Outcome(name, None, f"{BREACH}score {score:.6g} is outside {low:g} to {high:g}")
    return Outcome(name, score)


def seed_draws(seed: int, name: str) -> None:
    """Give the global generators a state of the image's own."""
    value = zlib.crc32(f"{seed}/{name}".encode())
    random.seed(value)
    np.random.seed(value)  # third-party methods draw from the global states
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(value)
