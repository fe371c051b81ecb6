"""A process that scores, as the run that feeds it sees it."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Pipe, wait
from typing import Any

from bench.errors import BenchError
from bench.io.processes import end_group, end_process
from bench.runs.jobs import BatchOutcomes, ImageToScore, MethodSpec, Settings
from bench.runs.worker import Began, Ended, Share, work

_TICK = 0.5  # seconds between looks at processes that say nothing
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Worker:
    """A process that loads methods, and scores the images that it is fed.

    Attributes:
        place: its number among those that work at once.
        pipe: by which it speaks.
        left: the images that it was fed, by name, with those of their methods whose outcome it has not given.
        reason: why it can score no more; empty while it works.
        late: whether it was at an image for too long.
    """

    def __init__(self, specs: Mapping[int, MethodSpec], settings: Settings, share: Share, place: int) -> None:
        # It starts without running the user's script again, unlike the standard library's.
        from joblib.externals.loky.backend.context import get_context

        self.place = place
        self.pipe, theirs = Pipe()
        self.left: dict[str, ImageToScore] = {}
        self.reason = ""
        self.late = False
        self._at: dict[int, tuple[Began, float]] = {}
        self._flushed = True
        self._most = share.images
        self._timeout = settings.image_timeout
        # loky has a process that is killed print its stacks else: the image has its sentence.
        environment = {**dict.fromkeys(_THREADS, str(share.threads)), "PYTHONFAULTHANDLER": ""}
        self._process: Any = get_context("loky").Process(
            target=work, args=(theirs, specs, settings, share), env=environment
        )
        self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self._process.exitcode is None

    def feed(self, todo: deque[ImageToScore], most: int) -> None:
        """Take images from ``todo`` until it has ``most`` of them, and tell it where none is left."""
        room = min(most, self._most) - len(self.left)
        taken = [todo.popleft() for _ in range(min(len(todo), room))]
        self.left |= {item.name: item for item in taken}
        self._flushed &= not taken
        with suppress(OSError):  # it has ended, which listening to it shows
            if taken:
                self.pipe.send(taken)
            if not todo and not self._flushed:
                self.pipe.send(None)
                self._flushed = True

    def listen(self) -> Iterator[BatchOutcomes]:
        """Yield the outcomes that it gives, and notice whether it has ended or is at an image for too long.

        Raises:
            BenchError: which it raised.
        """
        ended = self._process.exitcode is not None  # asked first, so that nothing comes after the last look
        try:
            while self.pipe.poll():
                message = self.pipe.recv()
                if isinstance(message, BenchError):
                    raise message
                if isinstance(message, BatchOutcomes):
                    self._tick_off(message)
                    yield message
                elif isinstance(message, Began):
                    self._begin(message)
                elif isinstance(message, Ended):
                    self._end_step(message.step)
        except (EOFError, OSError):
            ended = True
        if ended:
            self._process.join()
            self.reason = f"the process that scored it {_end_of(self._process.exitcode)}"
        elif self._is_late():
            self.late = True
            self.reason = f"decoding or scoring took longer than {self._timeout} s for an image (image_timeout)"

    def _begin(self, step: Began) -> None:
        self._at[step.step] = step, time.monotonic() + self._timeout * len(step.images)

    def _end_step(self, number: int) -> None:
        ended, _ = self._at.pop(number)
        if ended.scoring:  # which may have kept the threads that decode from going on: their time begins anew
            for step, _ in list(self._at.values()):
                self._begin(step)

    def _is_late(self) -> bool:
        """Whether a step takes too long; a decoding does not while a method has Python's lock, perhaps."""
        scoring = [deadline for step, deadline in self._at.values() if step.scoring]
        return any(time.monotonic() > each for each in scoring or [deadline for _, deadline in self._at.values()])

    def suspects(self) -> list[ImageToScore]:
        """Return the images that it was at, with the methods that may have ended it by them."""
        found: dict[str, set[int]] = {}
        for step, _ in self._at.values():
            for image in self.left.keys() & step.images:
                found.setdefault(image, set()).update(step.methods)
        of_image = ((self.left[image], methods) for image, methods in found.items())
        return [replace(item, methods=tuple(i for i in item.methods if i in methods)) for item, methods in of_image]

    def forget(self, items: Sequence[ImageToScore]) -> None:
        """Leave the outcomes of images by their methods to others."""
        for item in items:
            self._leave(item.name, item.methods)

    def end(self) -> None:
        """End it, with all that it started."""
        end_group(self._process.pid)
        if self._process.exitcode is None:  # it has not come to lead a group of its own
            end_process(self._process.pid)
        self._process.join()
        self.pipe.close()

    def _tick_off(self, scored: BatchOutcomes) -> None:
        for index, outcomes in scored.outcomes.items():
            for outcome in outcomes:
                self._leave(outcome.image, (index,))

    def _leave(self, image: str, methods: tuple[int, ...]) -> None:
        item = self.left.pop(image)
        if rest := tuple(index for index in item.methods if index not in methods):
            self.left[image] = replace(item, methods=rest)


def listen_to(workers: Sequence[Worker]) -> Iterator[BatchOutcomes]:
    """Yield what workers give, and come back after half a second where they say nothing."""
    wait([worker.pipe for worker in workers], _TICK)
    for worker in workers:
        yield from worker.listen()


def _end_of(code: int) -> str:
    if code >= 0:
        return f"ended itself (exit code {code})"
    return f"was killed ({signal.Signals(-code).name})"
