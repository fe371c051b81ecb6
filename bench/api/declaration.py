"""What a method declares about itself: family, training data, direction, range, licence, downloads."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from bench.api.photo import InputPolicy

UNKNOWN = "unknown"
"""Entry of ``trained_on`` for training data that is not listed anywhere, such as web-scale pre-training."""


NOT_DECLARED = "not declared"
"""Text of a field that nobody has filled in."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.+:-]*"
_TEXTS = ("name", "version", "licence", "citation", "summary")
_SERIES = ("trained_on", "trained_on_hashes", "selected_on", "aliases", "tags")
_BATCHING = ("any", "same-size", "one")


class Family(StrEnum):
    """Kind of a method, by what it was developed from. Tables group methods by family, in this order."""

    HAND_CRAFTED = "hand-crafted"
    ZERO_SHOT = "zero-shot"
    SELF_SUPERVISED = "self-supervised"
    MOS_TRAINED = "MOS-trained"
    UNDECLARED = "undeclared"


@dataclass(frozen=True)
class Download:
    """A file to download: weights for ``bench fetch weights NAME``, or an archive of a dataset.

    Attributes:
        name: name in commands; weights have unique names, unless two methods need the same file.
        url: address of the file.
        path: local path of the file.
        licence: licence of the file, printed before the download.
        size: approximate size in bytes; None if unknown.
        sha256: SHA-256 of the file, 64 hex digits; empty if it is not published.
        md5: MD5 of the file, 32 hex digits, if no SHA-256 is published; it detects damage, not forgery.
    """

    name: str
    url: str
    path: Path
    licence: str
    size: int | None = None
    sha256: str = ""
    md5: str = ""

    @property
    def checksum(self) -> tuple[str, str]:
        """Algorithm and digest of the best published hash; two empty strings if no hash is published."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5) if self.md5 else ("", "")


@dataclass(frozen=True, kw_only=True)
class MethodInfo:
    """Metadata that a method declares; stored with its scores.

    Only the name and the direction must be given. A method that leaves out more can run, and is undeclared: its rows
    say so, and :attr:`undeclared` says what to declare before numbers are published.

    Attributes:
        name: identifier, lower-case by custom, e.g. ``niqe`` or ``pyiqa:musiq``.
        version: version of the method; change it whenever scores may change. Part of a score's identity.
        family: kind of the method.
        opinion_aware: whether any human opinion score was used to develop it; None if undeclared.
        trained_on: ids of the datasets it was trained on; empty without any, ``(UNKNOWN,)`` if nobody lists them.
        trained_on_hashes: hashes of the labels and of the image files of these datasets, where they are known, as a run
            records them: a copy under another name is then told.
        selected_on: ids of datasets with some of whose MOS it was tuned.
        score_range: (low, high) of possible scores; ±inf if unbounded.
        higher_is_better: direction of the raw score.
        licence: licence of code and weights together, the stricter of the two.
        citation: paper or origin, in one line.
        code: address of the authors' public code; empty if there is none, or none is known.
        summary: description for ``bench list``, in one line.
        input: form of the photographs that the method gets.
        batching: sizes of images in one batch: ``any``, only the ``same-size``, or ``one`` image at a time.
        device_bound: whether it runs in one process with all threads or on an accelerator, not in one for each core.
        stochastic: whether scores depend on the random seed, which is then part of their identity.
        aliases: other names that the registry accepts.
        tags: what it measures, if that is not technical quality: aesthetic, face, underwater.
    """

    name: str
    higher_is_better: bool
    version: str = "1"
    family: Family = Family.UNDECLARED
    opinion_aware: bool | None = None
    trained_on: tuple[str, ...] = (UNKNOWN,)
    score_range: tuple[float, float] = (-math.inf, math.inf)
    licence: str = NOT_DECLARED
    citation: str = NOT_DECLARED
    code: str = ""
    summary: str = NOT_DECLARED
    input: InputPolicy = InputPolicy()
    batching: Literal["any", "same-size", "one"] = "any"
    device_bound: bool = False
    stochastic: bool = False
    selected_on: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    trained_on_hashes: tuple[str, ...] = ()

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Names of the fields that must be declared before numbers of the method are published; empty where all are.

        Example:
            >>> MethodInfo(name="mine", higher_is_better=True, licence="MIT", citation="none").undeclared
            ('family', 'opinion_aware', 'trained_on')
        """
        lacking = {
            "family": self.family == Family.UNDECLARED,
            "opinion_aware": self.opinion_aware is None,
            # What is declared of a method may be that nobody knows its training data.
            "trained_on": self.opinion_aware is None and self.trained_on == (UNKNOWN,),
            "licence": self.licence == NOT_DECLARED,
            "citation": self.citation == NOT_DECLARED,
        }
        return tuple(name for name, is_lacking in lacking.items() if is_lacking)

    def as_json(self) -> dict[str, Any]:
        """Return the metadata as plain JSON values; None stands for an unbounded end of the range."""
        declared = asdict(self)
        declared["score_range"] = [bound if math.isfinite(bound) else None for bound in self.score_range]
        declared["input"] = {"colour": self.input.colour, "resize": str(self.input.resize)}
        return declared

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            self._need(isinstance(value, str) and bool(value.strip()), name, "a text that is not empty")
        self._need(re.fullmatch(_NAME, self.name) is not None, "name", "letters, digits and _ . + : -")
        address = isinstance(self.code, str) and re.fullmatch(r"(https?://[^\s<>\"'{}]+)?", self.code) is not None
        self._need(address, "code", "an address that begins with https://, or nothing")
        for name in _SERIES:
            value = getattr(self, name)
            series = isinstance(value, (tuple, list)) and all(isinstance(each, str) for each in value)
            self._need(series, name, "a tuple of texts")
            object.__setattr__(self, name, tuple(value))
        for name in ("higher_is_better", "device_bound", "stochastic"):
            self._need(isinstance(getattr(self, name), bool), name, "True or False")
        self._need(self.opinion_aware is None or isinstance(self.opinion_aware, bool), "opinion_aware", "True or False")
        self._need(self.family in list(Family), "family", f"one of {', '.join(Family)}")
        object.__setattr__(self, "family", Family(self.family))
        self._need(_is_range(self.score_range), "score_range", "(low, high)")
        self._need(isinstance(self.input, InputPolicy), "input", "a bench.InputPolicy")
        self._need(self.batching in _BATCHING, "batching", f"one of {', '.join(_BATCHING)}")

    def _need(self, right: bool, field: str, what: str) -> None:
        if not right:
            whose = "" if field == "name" else f"method {self.name!r}: "
            raise ValueError(f"{whose}{field} got {getattr(self, field)!r}: give {what}")


def _is_range(value: Any) -> bool:
    pair = isinstance(value, (tuple, list)) and len(value) == 2
    return pair and all(isinstance(end, (int, float)) for end in value) and value[0] < value[1]
