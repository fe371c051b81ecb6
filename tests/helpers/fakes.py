"""Methods that only tests use; not registered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bench.api import Family, InputPolicy, Method, MethodInfo, Photo, option
from bench.errors import ImageError


def info(name: str, **changes: object) -> MethodInfo:
    """Declare a method with the least that must be said."""
    declared: dict[str, object] = {
        "name": name,
        "version": "1",
        "family": Family.HAND_CRAFTED,
        "opinion_aware": False,
        "trained_on": (),
        "score_range": (0.0, 255.0),
        "higher_is_better": True,
        "licence": "Apache-2.0",
        "citation": "none",
        "summary": "for tests",
    }
    return MethodInfo(**{**declared, **changes})  # type: ignore[arg-type]


class Brightness(Method):
    """Mean pixel value."""

    info = info("brightness")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(photo.pixels.mean()) for photo in photos]


class Darkness(Brightness):
    """The same, declared the other way round."""

    info = info("darkness", higher_is_better=False)


@dataclass(frozen=True)
class PickyOptions:
    """Every type that an option can have."""

    fail: str = option("3", help="refuse images whose name has this in it")
    gain: float = option(1.0, help="factor on the score")
    repeat: int = option(1, help="how often")
    invert: bool = option(False, help="turn the score round")
    mode: Literal["mean", "max"] = option("mean", help="which statistic")
    model: Path | None = option(None, help="a file", identity=False)


class Picky(Method):
    """Refuses some images, and with them any batch that they are in."""

    info = info("picky", score_range=(-1e9, 1e9))
    Options = PickyOptions

    def score(self, photos: Sequence[Photo]) -> list[float]:
        for photo in photos:
            if self.options.fail in photo.name:
                raise ImageError("I do not like it")
        return [self.options.gain * float(photo.pixels.mean()) for photo in photos]


class SameSize(Method):
    """Stacks its batch, so it must never be handed two sizes."""

    info = info("same-size", batching="same-size", input=InputPolicy(colour="grey"))

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(value) for value in np.stack([p.pixels for p in photos]).mean(axis=(1, 2))]


class Random(Method):
    """Draws its score from the global state."""

    info = info("random", stochastic=True, score_range=(0.0, 1.0))

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(np.random.random()) for _ in photos]


class NotFinite(Method):
    """Gives NaN."""

    info = info("not-finite")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float("nan") for _ in photos]


class TooFew(Method):
    """Breaks the contract: one score whatever the batch."""

    info = info("too-few")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [] if len(photos) == 1 else [1.0]


class Narrow(Brightness):
    """Declares a range that half of all photographs leave."""

    info = info("narrow", score_range=(0.0, 127.0))


class Threads(Method):
    """How many threads torch has where it runs."""

    info = info("threads")

    def load(self) -> None:
        import torch  # noqa: F401 - there before the harness sets its threads

    def score(self, photos: Sequence[Photo]) -> list[float]:
        import torch

        return [float(torch.get_num_threads()) for _ in photos]


class Poisoned(Method):
    """Is killed by one image, and ends itself at another as compiled code does."""

    info = info("poisoned")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        names = {photo.name for photo in photos}
        if "3.png" in names:
            os.kill(os.getpid(), signal.SIGKILL)
        if "8.png" in names:
            os.abort()
        return [1.0 for _ in photos]


class Sleepy(Method):
    """Sleeps over one image."""

    info = info("sleepy", batching="one")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        time.sleep(60 if photos[0].name == "3.png" else 0)
        return [1.0 for _ in photos]


class Dies(Method):
    """Is killed as the kernel kills what takes too much memory."""

    info = info("dies")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        os.kill(os.getpid(), signal.SIGKILL)
        return []


@dataclass(frozen=True)
class SlowOptions:
    """Where to write, since a worker process may not have this one's environment."""

    log: str = option("", help="file that gets a line an image", identity=False)
    stop_at: int = option(0, help="wait to be killed once the file has so many lines; 0: never", identity=False)


class Slow(Method):
    """Writes down every image that it scores, and may wait: for runs that are killed."""

    info = info("slow")
    Options = SlowOptions

    def score(self, photos: Sequence[Photo]) -> list[float]:
        for photo in photos:
            with Path(self.options.log).open("a") as log:
                log.write(photo.name + "\n")
            while 0 < self.options.stop_at <= Path(self.options.log).read_text().count("\n"):
                time.sleep(0.02)
        return [float(photo.pixels.mean()) for photo in photos]


class Dawdling(Brightness):
    """Takes a hundredth of a second for an image, so that it can be disturbed."""

    info = info("dawdling", batching="one")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        time.sleep(0.01)
        return super().score(photos)
