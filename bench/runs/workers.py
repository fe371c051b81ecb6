"""Scoring in processes, which one image that kills a method's process does not stop.

Each process says what it is at (:mod:`bench.runs.worker`). Where one is killed, the images that it was at are scored
again, each by each method alone: one that kills its process there too is recorded as failed, and the rest goes on.
A process that is at an image for too long is killed from here, whatever it does.
"""

from __future__ import annotations

import atexit
import math
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bench.errors import BenchError, counted
from bench.io.progress import note
from bench.runs.culprits import Culprits, KilledError
from bench.runs.decoding import MOST_PIXELS
from bench.runs.jobs import BatchOutcomes, ImageToScore, MethodSpec, ProcessPlan, Settings
from bench.runs.worker import Share
from bench.runs.worker_handle import Worker, listen_to

SHARD = 32
"""Images that all processes together have before them, so what a kill loses at most; more where a batch is larger, or
where there are more than ten processes."""

_KINDS_KEPT = 2  # of processes: those of processors' methods, and those of networks
_MOST_AT_NOTHING = 3


def score_in_processes(
    specs: Mapping[int, MethodSpec], items: Sequence[ImageToScore], settings: Settings, plan: ProcessPlan
) -> Iterator[BatchOutcomes]:
    """Score images in processes, and yield their outcomes as they come.

    Raises:
        BenchError: several images in a row ended the process that scored them, which names them; processes end before
            they are at an image; or what a process raised.
    """
    team = _Team(specs, settings, plan)
    try:
        yield from _score(team, deque(items), Culprits(specs))
    except BaseException:
        team.end()
        raise
    team.rest()


def _score(team: _Team, todo: deque[ImageToScore], culprits: Culprits) -> Iterator[BatchOutcomes]:
    while left := len(todo) + sum(len(worker.left) for worker in team.workers):
        todo.extendleft(team.fit(left))
        for worker in team.workers:
            worker.feed(todo, math.ceil(left / len(team.workers)))
        for scored in listen_to(team.workers):
            culprits.absolve(scored)
            team.ended_at_nothing = 0
            yield scored
        for worker in [worker for worker in team.workers if worker.reason]:
            suspects = worker.suspects()
            had_work = bool(worker.left)
            todo.extendleft(team.dismiss(worker, suspects))
            if had_work:  # else nothing is lost
                yield from _judge(team, worker, suspects, culprits)


def _judge(
    team: _Team, worker: Worker, suspects: Sequence[ImageToScore], culprits: Culprits
) -> Iterator[BatchOutcomes]:
    """Find which of the images that a worker was at ended it; if it was none of them, go on with fewer workers.

    Raises:
        BenchError: workers end while they are at no image, again and again.
    """
    if worker.late and len(suspects) == 1:  # no need to wait as long again
        for index in suspects[0].methods:
            yield from culprits.record(suspects[0].name, index, worker.reason)
        return
    if not suspects:
        team.ended_at_nothing += 1
        if team.ended_at_nothing == _MOST_AT_NOTHING:
            raise BenchError(
                f"{worker.reason} {_MOST_AT_NOTHING} times in a row, while it was at no image; what was scored is "
                "stored"
            )
        return
    note(f"{worker.reason}; the {counted(len(suspects), 'image')} that it was at are scored again, each alone")
    before = culprits.count
    yield from culprits.try_alone(suspects, team.score_alone)
    if culprits.count == before and not worker.late:
        team.shrink()


class _Team:
    """The processes that score together, and how many there may be.

    Attributes:
        workers: those at work.
        ended_at_nothing: how many have ended at no image since an image was last scored.
    """

    def __init__(self, specs: Mapping[int, MethodSpec], settings: Settings, plan: ProcessPlan) -> None:
        self.workers: list[Worker] = []
        self.ended_at_nothing = 0
        self._specs, self._settings = specs, settings
        self._most = plan.processes
        half = SHARD // 2 // plan.processes
        window = max(settings.batch_size, half) if plan.processes == 1 else max(1, half)
        self._share = Share(plan.threads, window, MOST_PIXELS // plan.processes)
        told = ((i, s.method, repr(s.options), s.devices, s.fingerprint) for i, s in specs.items())
        self._kind = (repr(settings), plan, *told)
        self._spare = _resting.pop(self._kind, [])

    def fit(self, images: int) -> Iterator[ImageToScore]:
        """Have as many processes as there may be, or as there are images; return what those too many leave."""
        while len(self.workers) < min(self._most, images):
            self.workers.append(self._rested() or self._start())
        for worker in self.workers[self._most :]:
            yield from self.dismiss(worker)

    def dismiss(self, worker: Worker, suspects: Sequence[ImageToScore] = ()) -> Iterator[ImageToScore]:
        """End a process, and return the images that it leaves, but for suspects, the last first."""
        self.workers.remove(worker)
        worker.end()
        worker.forget(suspects)
        return reversed(worker.left.values())

    def score_alone(self, item: ImageToScore) -> BatchOutcomes:
        """Score one image by one method while no other is scored in that process.

        Raises:
            KilledError: the process ended, or took too long.
        """
        worker = self._rested() or self._start()
        worker.feed(deque([item]), 1)
        scored = BatchOutcomes()
        while worker.left and not worker.reason:
            for outcomes in listen_to([worker]):
                scored.add(outcomes)
        if worker.reason:
            worker.end()
            raise KilledError(worker.reason, certain=worker.late)
        self._spare.append(worker)
        return scored

    def shrink(self) -> None:
        """Allow half as many processes, for memory may have run out."""
        if self._most > 1:
            self._most //= 2
            note(f"no image ends it alone, so memory may have run out: {self._most} process(es) from here")

    def rest(self) -> None:
        """Keep the processes for the next images of these methods."""
        _resting[self._kind] = self.workers + self._spare
        while len(_resting) > _KINDS_KEPT:
            _end(_resting.pop(next(iter(_resting))))

    def end(self) -> None:
        """End all processes."""
        _end(self.workers + self._spare)

    def _rested(self) -> Worker | None:
        """Take a process that has nothing to do, if there is one; one that rests for long has ended."""
        while self._spare:
            worker = self._spare.pop()
            if worker.alive:
                return worker
            worker.end()
        return None

    def _start(self) -> Worker:
        """Start a process on the devices that the fewest have."""
        taken = [worker.place for worker in self.workers]
        place = min(range(self._most), key=taken.count)
        on_its_own = {i: replace(s, devices=(s.devices[place % len(s.devices)],)) for i, s in self._specs.items()}
        return Worker(on_its_own, self._settings, self._share, place)


_resting: dict[object, list[Worker]] = {}


@atexit.register
def _end_resting() -> None:
    for workers in _resting.values():
        _end(workers)


if hasattr(os, "register_at_fork"):  # a copy of this process has no say over them
    os.register_at_fork(after_in_child=_resting.clear)


def _end(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.end()
