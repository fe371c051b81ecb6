"""A process that scores: images come in by a pipe, outcomes go out by it, and each step is announced."""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from bench.errors import BenchError
from bench.io.processes import end_own_group, lead_group
from bench.runs.batches import Batches, score_window
from bench.runs.decoding import decode_ahead, windows
from bench.runs.jobs import ImageToScore, MethodSpec, Settings, load_methods, set_threads

_IDLE = 300  # seconds without work, after which it gives its memory back


@dataclass(frozen=True)
class Share:
    """What one process may use and hold.

    Attributes:
        threads: for decoding, and for a network.
        window: images that it sorts into batches at once.
        pixels: that may be decoded and wait.
    """

    threads: int
    window: int
    pixels: int

    @property
    def ahead(self) -> int:
        """Images that it decodes ahead."""
        return max(self.threads, self.window // 2)

    @property
    def images(self) -> int:
        """Images that it needs so that it never waits: for batches, ahead, and as many that are under way."""
        return self.window + 2 * self.ahead


@dataclass(frozen=True)
class Began:
    """A step on images, by methods: their decoding for all of these, or their scoring by one.

    Attributes:
        step: its number, by which its end is told.
        images: their names.
        methods: the indices.
        scoring: whether it is no decoding.
    """

    step: int
    images: tuple[str, ...]
    methods: tuple[int, ...]
    scoring: bool


@dataclass(frozen=True)
class Ended:
    """The end of a step."""

    step: int


def work(pipe: Connection, specs: Mapping[int, MethodSpec], settings: Settings, share: Share) -> None:
    """Score the images that come by ``pipe`` until it closes, or nothing comes for minutes.

    Lists of images come in, and None where the last of them are to be scored without waiting for more. Out go
    ``Began``, ``Ended``, ``BatchOutcomes``, and an error that ends the work.
    """
    lead_group()
    said = _Said(pipe)
    received: queue.SimpleQueue[Sequence[ImageToScore] | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, received), daemon=True).start()
    try:
        _work(said, received, specs, settings, share)
    except queue.Empty:
        return
    except KeyboardInterrupt:
        said.say(BenchError("a process that scores was interrupted; what was scored is stored"))
    except BaseException as error:  # whatever it is, the run must say it
        said.say(error if isinstance(error, BenchError) else BenchError(f"{type(error).__name__}: {error}"))


def _receive(pipe: Connection, received: queue.SimpleQueue[Sequence[ImageToScore] | None]) -> None:
    """Take what comes at once, so that the run never waits, and end all where the run is gone."""
    try:
        while True:
            received.put(pipe.recv())
    except (EOFError, OSError):
        end_own_group()


def _work(
    said: _Said,
    received: queue.SimpleQueue[Sequence[ImageToScore] | None],
    specs: Mapping[int, MethodSpec],
    settings: Settings,
    share: Share,
) -> None:
    loaded = zip(specs, load_methods(specs.values()), strict=True)
    methods = {index: Batches(one.method, settings, said.scoring(index)) for index, one in loaded}
    set_threads(share.threads)

    def images() -> Iterator[ImageToScore]:
        items = received.get(timeout=_IDLE)
        while items is not None:
            yield from items
            items = received.get()

    while True:
        decoded = decode_ahead(images(), settings, share.threads, share.ahead, share.pixels, said.decoding)
        for window in windows(decoded, share.window, share.pixels):
            for part in score_window(methods, window):
                said.say(part)


@dataclass
class _Said:
    """What is said by the pipe, from several threads."""

    pipe: Connection
    _steps: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: int = field(default_factory=os.getpid)

    def say(self, message: object) -> None:
        if os.getpid() != self._process:  # a copy that a method made, and that came back from it
            os._exit(1)
        with self._lock:
            self.pipe.send(message)

    @contextmanager
    def step(self, images: Sequence[str], methods: tuple[int, ...], scoring: bool) -> Iterator[None]:
        number = next(self._steps)
        self.say(Began(number, tuple(images), methods, scoring))
        try:
            yield
        finally:
            self.say(Ended(number))

    def decoding(self, item: ImageToScore) -> AbstractContextManager[None]:
        return self.step([item.name], item.methods, scoring=False)

    def scoring(self, index: int) -> Callable[[Sequence[str]], AbstractContextManager[None]]:
        return lambda images: self.step(images, (index,), scoring=True)
