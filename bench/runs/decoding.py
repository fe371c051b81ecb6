"""Decoding ahead of scoring: in threads, in order, within a bound of pixels."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from bench.api import Photo, Resize
from bench.errors import ImageError
from bench.io.hashing import read_unchanged
from bench.io.images import decode, resize, size_of
from bench.runs.jobs import ImageToScore, Settings

MOST_PIXELS = 50_000_000
"""Pixels, of three bytes each, that may be decoded and wait; one image alone may have more."""


class Decoded(NamedTuple):
    """An image, and its photo or the reason why there is none."""

    item: ImageToScore
    photo: Photo | str

    @property
    def pixels(self) -> int:
        """How many pixels are held."""
        return 0 if isinstance(self.photo, str) else count_pixels(self.photo)


def count_pixels(photo: Photo) -> int:
    """Return how many pixels a photo has as it is now, whatever its file has."""
    return math.prod(photo.pixels.shape[:2])


def decode_ahead(
    items: Iterable[ImageToScore],
    settings: Settings,
    threads: int,
    ahead: int,
    most: int = MOST_PIXELS,
    during: Callable[[ImageToScore], AbstractContextManager[object]] = nullcontext,
) -> Iterator[Decoded]:
    """Decode images, and resize them as the protocol asks; yield them in order.

    Args:
        items: the images; from an iterator, ``ahead`` of them are taken before the first is yielded, or all.
        settings: of which ``resize`` and ``max_pixels`` matter.
        threads: how many decode at once.
        ahead: images that may wait.
        most: pixels that may wait.
        during: given an image, what it is read within, and then decoded.

    Raises:
        BenchError: a file is not any more what was hashed.
    """
    room = _Room(most)
    todo = enumerate(items)
    waiting: deque[Future[tuple[Decoded, int]]] = deque()
    # Pillow and libjpeg-turbo decode without Python's lock.
    pool = ThreadPoolExecutor(max_workers=threads)

    def send(count: int) -> None:
        for place, item in islice(todo, count):
            waiting.append(pool.submit(_decode_within, room, place, item, settings, during))

    try:
        send(max(threads, ahead))
        while waiting:
            decoded, held = waiting.popleft().result()
            room.leave(held)
            send(1)
            yield decoded
    finally:
        room.let_in()
        pool.shutdown(cancel_futures=True)


def decode_one(item: ImageToScore, settings: Settings) -> Decoded:
    """Decode one image as :func:`decode_ahead` does."""
    try:
        data = _read(item)
        _allowed_pixels(item, data, settings)
        return Decoded(item, _photo(item, data, settings.resize))
    except ImageError as error:
        return Decoded(item, str(error))


def windows(decoded: Iterator[Decoded], images: int, pixels: int = MOST_PIXELS) -> Iterator[list[Decoded]]:
    """Gather images until there are so many, or so many pixels.

    Example:
        >>> some = (Decoded(ImageToScore(name, File(None, name), (0,)), "no image") for name in "abcde")
        >>> [len(window) for window in windows(some, 2)]
        [2, 2, 1]
    """
    window: list[Decoded] = []
    held = 0
    for one in decoded:
        window.append(one)
        held += one.pixels
        if len(window) >= images or held >= pixels:
            yield window
            window, held = [], 0
    if window:
        yield window


class _Room:
    """Room for pixels, given out in the order of the images, so that nobody waits for one that is kept out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._next = 0
        self._bounded = True
        self._changed = threading.Condition()

    def let_in(self) -> None:
        """Let everybody in from now on, so that no thread waits for ever."""
        with self._changed:
            self._bounded = False
            self._changed.notify_all()

    def enter(self, place: int, pixels: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._bounded or (self._next == place and self._fits(pixels)))
            self._next += 1
            self._held += pixels
            self._changed.notify_all()

    def leave(self, pixels: int) -> None:
        with self._changed:
            self._held -= pixels
            self._changed.notify_all()

    def _fits(self, pixels: int) -> bool:
        return self._held == 0 or self._held + pixels <= self._most


def _decode_within(
    room: _Room,
    place: int,
    item: ImageToScore,
    settings: Settings,
    during: Callable[[ImageToScore], AbstractContextManager[object]],
) -> tuple[Decoded, int]:
    """Decode an image as soon as there is room for it; return how much it takes too."""
    pixels = 0
    try:
        with during(item):
            data = _read(item)
            pixels = _allowed_pixels(item, data, settings)
    except ImageError as error:
        return Decoded(item, str(error)), 0
    finally:
        room.enter(place, pixels)  # whatever happens, for those behind it wait for their turn
    try:
        with during(item):
            return Decoded(item, _photo(item, data, settings.resize)), pixels
    except ImageError as error:
        return Decoded(item, str(error)), pixels


def _read(item: ImageToScore) -> bytes | Photo:
    if isinstance(item.file, Photo):
        return item.file
    return read_unchanged(item.file, item.digest) if item.digest else item.file.read()


def _allowed_pixels(item: ImageToScore, data: bytes | Photo, settings: Settings) -> int:
    pixels = _pixels(item, data)
    if settings.max_pixels and pixels > settings.max_pixels:
        raise ImageError(f"{pixels:,} pixels are more than the {settings.max_pixels:,} allowed (max_pixels)")
    return pixels


def _pixels(item: ImageToScore, data: bytes | Photo) -> int:
    if isinstance(data, Photo):
        return count_pixels(data)
    if item.pixels:
        return item.pixels
    try:
        width, height = size_of(data, item.name)
    except ImageError:  # decoding will say what is wrong
        return 0
    return width * height


def _photo(item: ImageToScore, data: bytes | Photo, policy: Resize | None) -> Photo:
    photo = data if isinstance(data, Photo) else decode(data, item.name)
    return replace(photo, pixels=resize(photo.pixels, policy or Resize()))
