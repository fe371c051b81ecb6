"""Journal of an entry: the outcomes of a run that is not complete, one line an image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.runs import checksums

JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class Outcome:
    """Outcome of one image: a raw finite score, or an error message."""

    image: str
    score: float | None
    error: str | None = None


@dataclass(frozen=True)
class Journal:
    """What a run that is not complete has stored.

    Attributes:
        path: of the file.
        outcomes: of the images that were scored.
        damaged: number of lines that are not as they were written, not counting one that a kill cut short.
    """

    path: Path
    outcomes: tuple[Outcome, ...] = ()
    damaged: int = 0

    @property
    def problem(self) -> str:
        """Sentence on what is missing or damaged; empty where all is well."""
        if not self.path.is_file():
            return f"{self.path} is missing: the same `bench run` scores its images again"
        lines = f"{self.damaged} line{'' if self.damaged == 1 else 's'}"
        return f"{self.path} is damaged in {lines}: the same `bench run` scores these images again" * bool(self.damaged)

    def check(self) -> None:
        """Raise UsageError where it is missing or damaged."""
        if self.problem:
            raise UsageError(self.problem)


def read_journal(path: Path, key: str, sealed: bool) -> Journal:
    """Read what a run that is not complete has stored.

    Args:
        path: of the journal; where there is none, it has no outcomes.
        key: of the entry.
        sealed: whether each line must have a checksum.
    """
    if not path.is_file():
        return Journal(path)
    outcomes, damaged = [], 0
    *lines, rest = path.read_bytes().split(b"\n")
    for line in [*lines, rest] if rest else lines:
        try:
            outcomes.append(Outcome(**checksums.read_line(line, key, sealed)))
        except (ValueError, TypeError):
            damaged += line is not rest or not checksums.is_cut_short(rest)
    return Journal(path, tuple(outcomes), damaged)


def journal_lines(outcomes: Iterable[Outcome], key: str) -> bytes:
    """Return outcomes as lines of the journal of the entry with that key."""
    return b"".join(checksums.seal_line(vars(outcome), key) + b"\n" for outcome in outcomes)
