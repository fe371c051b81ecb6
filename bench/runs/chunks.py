"""Scoring of chunks of images by whatever runs them, which one image that kills it does not stop.

What is killed is a process of this machine or a worker of a cluster. The images that it may have been killed by are
scored again, each by each method alone: one that kills there too is recorded as failed, and the rest goes on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Self

from bench.errors import BenchError
from bench.io.progress import note
from bench.runs.jobs import BatchOutcomes, ImageToScore, MethodSpec
from bench.runs.journal import Outcome

Chunk = Sequence[ImageToScore]
Running = dict[Future[BatchOutcomes], Chunk]

_MOST_IN_A_ROW = 3


class KilledError(Exception):
    """What scored a chunk was killed.

    Attributes:
        how: what is known of the end, such as a signal in brackets; may be empty.
        late: the whole reason where an image took too long; empty where it did not.
    """

    def __init__(self, how: str = "", late: str = "") -> None:
        super().__init__(how, late)
        self.how = how
        self.late = late


class Pool(ABC):
    """What runs chunks: processes of this machine, or the workers of a cluster.

    Attributes:
        specs: the methods, by their indices.
    """

    specs: Mapping[int, MethodSpec]

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what runs, where it is left because the user or the caller has had enough."""

    @property
    @abstractmethod
    def room(self) -> int:
        """How many chunks it should be given at once."""

    @abstractmethod
    def submit(self, chunk: Chunk) -> Future[BatchOutcomes]:
        """Have a chunk scored; raises KilledError where another chunk has just broken the pool."""

    @abstractmethod
    def wait(self, running: Collection[Future[BatchOutcomes]]) -> Collection[Future[BatchOutcomes]]:
        """Wait until some are done or a while has passed, and return those."""

    @abstractmethod
    def result(self, done: Future[BatchOutcomes]) -> BatchOutcomes:
        """Return the outcomes of a chunk that is done; raises KilledError where what scored it was killed."""

    @abstractmethod
    def alone(self) -> Pool:
        """Return a pool for chunks of which only one is run at a time."""

    @abstractmethod
    def smaller(self) -> Pool:
        """Return the pool to go on with after a kill that no image alone repeats, as if memory had run out."""


def score_chunks(pool: Pool, chunks: Sequence[Chunk]) -> Iterator[BatchOutcomes]:
    """Score chunks of images, as many at once as the pool has room for, and yield their outcomes as they come.

    Raises:
        BenchError: several images in a row killed what scored them; names them.
    """
    todo = deque(chunks)
    while todo:
        killed = yield from _score_until_killed(pool, todo)
        if killed is None:
            continue
        error, suspects = killed
        why = _why(error, "a worker process was killed")
        note(f"{why}; the {len(suspects)} images in work are scored again, each alone")
        culprits = yield from _score_alone(pool.alone(), suspects)
        if not culprits:
            pool = pool.smaller()


def _score_until_killed(
    pool: Pool, todo: deque[Chunk]
) -> Generator[BatchOutcomes, None, tuple[KilledError, list[ImageToScore]] | None]:
    """Take chunks from ``todo`` until it is empty or a chunk is lost; return why, and the images of those lost."""
    running: Running = {}
    killed: KilledError | None = None
    lost: list[ImageToScore] = []
    with pool:
        while running or (todo and not killed):
            try:
                while todo and not killed and len(running) < pool.room:
                    running[pool.submit(todo[0])] = todo[0]
                    todo.popleft()
            except KilledError as error:
                killed = error
            for done in pool.wait(running) if running else ():
                chunk = running.pop(done)
                try:
                    scored = pool.result(done)
                except KilledError as error:
                    killed = error
                    lost.extend(chunk)
                else:
                    yield scored
    return (killed, lost) if killed else None


def _score_alone(pool: Pool, items: Sequence[ImageToScore]) -> Generator[BatchOutcomes, None, int]:
    """Score each image by each of its methods alone; return how many killed what scored them."""
    culprits = 0
    in_a_row: dict[int, list[str]] = defaultdict(list)
    for item in items:
        for index in sorted(pool.specs.keys() & set(item.methods)):
            try:
                scored = _score_one(pool, replace(item, methods=(index,)))
                in_a_row[index].clear()
            except KilledError as error:
                culprits += 1
                in_a_row[index].append(item.name)
                why = _why(error, "the process that scored it was killed")
                scored = BatchOutcomes({index: [Outcome(item.name, None, why)]}, {index: 0.0})
            yield scored
            if len(in_a_row[index]) == _MOST_IN_A_ROW:
                raise BenchError(
                    f"{_MOST_IN_A_ROW} images in a row killed the process that scored them: "
                    f"{', '.join(in_a_row[index])}: see whether the method {pool.specs[index].label} works at all "
                    "here; what was scored is stored"
                )
    return culprits


def _score_one(pool: Pool, item: ImageToScore) -> BatchOutcomes:
    with pool:
        running = pool.submit([item])
        while not running.done():
            pool.wait([running])
        return pool.result(running)


def _why(error: KilledError, killed: str) -> str:
    return error.late or f"{killed}{error.how}"
