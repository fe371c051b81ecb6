"""Images that kill the process which scores them: found one by one, recorded, and too many in a row stop the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from bench.errors import BenchError
from bench.runs.jobs import BatchOutcomes, ImageToScore, MethodSpec
from bench.runs.journal import Outcome

_MOST_IN_A_ROW = 3


class KilledError(Exception):
    """A process ended before it had scored its image; says why.

    Attributes:
        certain: whether the image is known to be the reason.
    """

    def __init__(self, why: str, certain: bool) -> None:
        super().__init__(why)
        self.certain = certain


class Culprits:
    """Finds them, and counts how many there were in a row.

    Args:
        specs: the methods, by their indices.

    Attributes:
        count: how many image and method pairs ended a process.
    """

    def __init__(self, specs: Mapping[int, MethodSpec]) -> None:
        self.count = 0
        self._specs = specs
        self._in_a_row: dict[int, list[str]] = defaultdict(list)

    def absolve(self, scored: BatchOutcomes) -> None:
        """Count anew for methods that scored something."""
        for index in scored.outcomes:
            self._in_a_row[index].clear()

    def try_alone(
        self, suspects: Iterable[ImageToScore], alone: Callable[[ImageToScore], BatchOutcomes]
    ) -> Iterator[BatchOutcomes]:
        """Score each image by each of its methods alone, and record those that end the process twice.

        Args:
            suspects: the images.
            alone: scores one image by one method, or raises KilledError.

        Raises:
            BenchError: three images in a row ended the process of a method; names them.
        """
        for item in suspects:
            for index in item.methods:
                one = replace(item, methods=(index,))
                try:
                    scored = _twice(alone, one)
                except KilledError as error:
                    yield from self.record(item.name, index, str(error))
                else:
                    self.absolve(scored)
                    yield scored

    def record(self, image: str, index: int, why: str) -> Iterator[BatchOutcomes]:
        """Yield an image's failure, and stop where it is the third in a row.

        Raises:
            BenchError: as above.
        """
        self.count += 1
        in_a_row = self._in_a_row[index]
        in_a_row.append(image)
        yield BatchOutcomes({index: [Outcome(image, None, why)]}, {index: 0.0})
        if len(in_a_row) == _MOST_IN_A_ROW:
            raise BenchError(
                f"{_MOST_IN_A_ROW} images in a row ended the process that scored them: {', '.join(in_a_row)}: "
                f"{why}; see whether the method {self._specs[index].label} works at all here; what was scored is stored"
            )


def _twice(alone: Callable[[ImageToScore], BatchOutcomes], item: ImageToScore) -> BatchOutcomes:
    """Score an image alone, and once more where something else may have ended the process."""
    try:
        return alone(item)
    except KilledError as error:
        if error.certain:
            raise
        return alone(item)
