"""Scores of images now, one row an image and method, with nothing stored."""

from __future__ import annotations

import itertools
import math
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from bench.api import Photo
from bench.errors import BenchError, counted
from bench.io.files import File, LocalFolder
from bench.io.images import decode
from bench.io.progress import say, say_failures
from bench.runs.jobs import ImageToScore, LoadedMethod, Settings
from bench.runs.journal import Outcome
from bench.runs.scoring import score_items

Sort = Literal["worst", "best", "name"]


class ImageScore(NamedTuple):
    """A method's result for an image.

    Attributes:
        image: its name.
        method: label of the method.
        score: raw, as the method gives it; None where there is none.
        error: why there is none; None where there is a score.
        better: ``higher`` or ``lower``: which scores of the method are better.
    """

    image: str
    method: str
    score: float | None
    error: str | None
    better: str

    @property
    def quality(self) -> float:
        """The score, turned so that higher is better; NaN where there is none."""
        score = math.nan if self.score is None else self.score
        return score if self.better == "higher" else -score


class NamedImage(NamedTuple):
    """An image, and the resize policy that its dataset asks for.

    Attributes:
        name: of the image.
        file: where it lies, or the photo itself.
        resize: the policy.
        digest: hash that its file must still have; empty: any will do.
    """

    name: str
    file: File | Photo
    resize: str
    digest: str = ""

    @property
    def path(self) -> str:
        """Its absolute path on this machine; empty where it is in an archive, on a server or in memory."""
        if isinstance(self.file, Photo) or not isinstance(self.file.folder, LocalFolder):
            return ""
        return str((self.file.folder.path / self.file.name).absolute())

    def photo(self) -> Photo:
        """Return the image decoded, before any resize.

        Raises:
            ImageError: it cannot be decoded.
        """
        return self.file if isinstance(self.file, Photo) else decode(self.file.read(), self.name)


def score_images(
    images: Sequence[NamedImage],
    ready: Sequence[LoadedMethod],
    settings: Settings,
    done: Collection[tuple[str, str]] = (),
) -> Iterator[ImageScore]:
    """Score images by every method and yield each row as soon as it and those before it are there.

    Args:
        images: what to score.
        ready: the methods.
        settings: how to score; without a resize policy that of the image's dataset holds.
        done: (image, label of a method) that need no score any more.

    Yields:
        One row an image and method that is not done, images in the order given.
    """
    for policy, alike in itertools.groupby(images, key=lambda image: image.resize):
        yield from _score_alike(list(alike), ready, settings.with_policy(policy), done)


def _score_alike(
    images: Sequence[NamedImage],
    ready: Sequence[LoadedMethod],
    settings: Settings,
    done: Collection[tuple[str, str]],
) -> Iterator[ImageScore]:
    labels = [one.spec.label for one in ready]
    better = [direction(one) for one in ready]
    wanted = [
        (image, tuple(index for index, label in enumerate(labels) if (image.name, label) not in done))
        for image in images
    ]
    items = [ImageToScore(image.name, image.file, by, image.digest) for image, by in wanted if by]
    waiting = deque((image.name, index) for image, by in wanted for index in by)
    found: dict[tuple[str, int], Outcome] = {}
    for scored in score_items(ready, items, settings, "scoring"):
        for index, outcomes in scored.outcomes.items():
            found |= {(outcome.image, index): outcome for outcome in outcomes}
        while waiting and (outcome := found.get(waiting[0])):
            name, index = waiting.popleft()
            yield ImageScore(name, labels[index], outcome.score, outcome.error, better[index])


def direction(ready: LoadedMethod) -> str:
    """Return ``higher`` or ``lower``: which scores of a method are better."""
    return "higher" if ready.method.declared().higher_is_better else "lower"


def arranged(rows: Iterable[ImageScore], sort: Sort | None, top: int | None = None) -> list[ImageScore]:
    """Return rows in an order; those without a score come last, and equal scores stay in the order given.

    Args:
        rows: of one method or several.
        sort: ``worst`` or ``best`` first, the rows of one method after those of another; ``name`` of the image; None:
            the order given.
        top: how many of each method to keep; None: all.

    Example:
        >>> rows = [ImageScore(name, "niqe", score, None, "lower") for name, score in (("b", 3.0), ("a", 9.0))]
        >>> [row.image for row in arranged(rows, "worst")], [row.image for row in arranged(rows, "best", 1)]
        (['a', 'b'], ['b'])
    """
    rows = list(rows)
    if sort == "name":
        rows.sort(key=lambda row: row.image)
    elif sort is not None:
        place = {method: place for place, method in enumerate(dict.fromkeys(row.method for row in rows))}
        turned = 1 if sort == "worst" else -1
        rows.sort(
            key=lambda row: (place[row.method], row.score is None, 0.0 if row.score is None else turned * row.quality)
        )
    seen = Counter[str]()
    kept = []
    for row in rows:
        if top is None or seen[row.method] < top:
            kept.append(row)
        seen[row.method] += 1
    return kept


def check_scores(rows: Sequence[ImageScore]) -> None:
    """Raise BenchError where an image has no score."""
    failed = [row for row in rows if row.error is not None]
    if failed:
        raise BenchError(f"--strict: {len(failed)} of {len(rows)} scores are missing; the first: {failed[0].error}")


def tell_failures(rows: Sequence[ImageScore]) -> None:
    """Say on stderr which images failed, the first of them, where they are not among what is printed."""
    say_failures([(f"{row.image} by {row.method}", row.error) for row in rows if row.error is not None])


def tell_speed(new: int, methods: int, seconds: float) -> None:
    """Say on stderr how many images a second were scored, where there were several.

    Args:
        new: rows that were scored now.
        methods: how many methods there are.
        seconds: that it took, with reading and decoding.
    """
    images = new / methods
    if images >= 2:
        by = f" by {counted(methods, 'method')}" if methods > 1 else ""
        say(f"scored {images:,.0f} images{by} in {seconds:.1f} s: {images / seconds:.3g} images a second")
