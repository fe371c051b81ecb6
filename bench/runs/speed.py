"""Speed of stored results, as their sessions recorded it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.runs.entry import Entry

LEAST = 10
"""Images that a timing needs: the first ones wait for everything that is loaded once."""


PARTS = 16
"""Parts of a session that are timed by themselves, at most; an even number."""


class PartTimes:
    """Images and seconds of a session's parts, one after the other and each of about as many images.

    Attributes:
        parts: images and seconds of each, at most :data:`PARTS`.

    Example:
        >>> times = PartTimes()
        >>> for _ in range(5):
        ...     times.add(6, 1.5)
        >>> times.parts
        [(12, 3.0), (12, 3.0), (6, 1.5)]
    """

    def __init__(self) -> None:
        self.parts: list[tuple[int, float]] = []
        self._full = LEAST

    def add(self, images: int, seconds: float) -> None:
        """Count a batch; parts become longer when there are too many, so that memory does not grow."""
        if not self.parts or self.parts[-1][0] >= self._full:
            if len(self.parts) == PARTS:
                pairs = zip(self.parts[::2], self.parts[1::2], strict=True)
                self.parts = [(a[0] + b[0], a[1] + b[1]) for a, b in pairs]
                self._full *= 2
            self.parts.append((0, 0.0))
        before = self.parts[-1]
        self.parts[-1] = (before[0] + images, before[1] + seconds)


class Conditions(NamedTuple):
    """Conditions that two timings must share to be comparable. The store does not record the machine."""

    device: str
    threads: int
    processes: int
    batch_size: int

    def __str__(self) -> str:
        threads, processes = (f"{n} {word}{'' if n == 1 else many}" for n, word, many in self._counts())
        return f"{self.device}, {processes} of {threads}, batches of {self.batch_size}"

    def _counts(self) -> tuple[tuple[int, str, str], tuple[int, str, str]]:
        return (self.threads, "thread", "s"), (self.processes, "process", "es")


@dataclass(frozen=True)
class Speed:
    """Images a second in one process of a method: scoring alone, without reading and decoding.

    Attributes:
        value: images a second; None where no timing says it.
        conditions: it was measured under; None without a value.
        images: that were timed.
        slowest: images a second in the slowest part of the sessions; None where fewer than two are long enough.
        fastest: likewise in the fastest part.
        reason: why there is no value; empty where there is.
    """

    value: float | None
    conditions: Conditions | None = None
    images: int = 0
    slowest: float | None = None
    fastest: float | None = None
    reason: str = ""


def speed(entry: Entry) -> Speed:
    """Return the speed under the conditions that most of an entry's images were scored under."""
    if entry.source != "run":
        return Speed(None, reason="imported")
    images: dict[Conditions, int] = {}
    seconds: dict[Conditions, float] = {}
    rates: dict[Conditions, list[float]] = {}
    for session in entry.sessions:
        if session.get("images") and session.get("method_seconds") and session.keys() >= set(Conditions._fields):
            under = _conditions(session)
            images[under] = images.get(under, 0) + session["images"]
            seconds[under] = seconds.get(under, 0.0) + session["method_seconds"]
            # Sessions of before parts were timed are one part each.
            parts = session.get("parts") or [(session["images"], session["method_seconds"])]
            rates.setdefault(under, []).extend(n / took for n, took in parts if n >= LEAST and took > 0)
    most = max(images, key=lambda under: images[under], default=None)
    if most is None or images[most] < LEAST:
        return Speed(None, reason=f"timed on fewer than {LEAST} images")
    several = rates[most] if len(rates[most]) > 1 else []
    slowest, fastest = min(several, default=None), max(several, default=None)
    return Speed(images[most] / seconds[most], most, images[most], slowest, fastest)


def _conditions(session: Mapping[str, Any]) -> Conditions:
    return Conditions(session["device"], session["threads"], session["processes"], session["batch_size"])
