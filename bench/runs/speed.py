"""Speed of stored results, as their sessions recorded it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.runs.entry import Entry

LEAST = 10
"""Images that a timing needs: the first ones wait for everything that is loaded once."""


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
        reason: why there is no value; empty where there is.
    """

    value: float | None
    conditions: Conditions | None = None
    images: int = 0
    reason: str = ""


def speed(entry: Entry) -> Speed:
    """Return the speed under the conditions that most of an entry's images were scored under."""
    if entry.source != "run":
        return Speed(None, reason="imported")
    images: dict[Conditions, int] = {}
    seconds: dict[Conditions, float] = {}
    for session in entry.sessions:
        if session.get("images") and session.get("method_seconds") and session.keys() >= set(Conditions._fields):
            under = _conditions(session)
            images[under] = images.get(under, 0) + session["images"]
            seconds[under] = seconds.get(under, 0.0) + session["method_seconds"]
    most = max(images, key=lambda under: images[under], default=None)
    if most is None or images[most] < LEAST:
        return Speed(None, reason=f"timed on fewer than {LEAST} images")
    return Speed(images[most] / seconds[most], most, images[most])


def _conditions(session: Mapping[str, Any]) -> Conditions:
    return Conditions(session["device"], session["threads"], session["processes"], session["batch_size"])
