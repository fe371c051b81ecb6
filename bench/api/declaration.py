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


@dataclass(frozen=True)
class MethodInfo:
    """Metadata that a method declares; stored with its scores.

    Attributes:
        name: identifier, lower-case by custom, e.g. ``niqe`` or ``pyiqa:musiq``.
        version: version of the method; change it whenever scores may change. Part of a score's identity.
        family: kind of the method.
        opinion_aware: whether any human opinion score was used to develop it; None if undeclared.
        trained_on: ids of the datasets it was trained on; empty without any, ``(UNKNOWN,)`` if nobody lists them.
        selected_on: ids of datasets with some of whose MOS it was tuned.
        score_range: (low, high) of possible scores; ±inf if unbounded.
        higher_is_better: direction of the raw score.
        licence: licence of code and weights together, the stricter of the two.
        citation: paper or origin, in one line.
        summary: description for ``bench list``, in one line.
        input: form of the photographs that the method gets.
        batching: sizes of images in one batch: ``any``, only the ``same-size``, or ``one`` image at a time.
        device_bound: whether it runs in one process with all threads or on an accelerator, not in one for each core.
        stochastic: whether scores depend on the random seed, which is then part of their identity.
        aliases: other names that the registry accepts.
        tags: what it measures, if that is not technical quality: aesthetic, face, underwater.
    """

    name: str
    version: str
    family: Family
    opinion_aware: bool | None
    trained_on: tuple[str, ...]
    score_range: tuple[float, float]
    higher_is_better: bool
    licence: str
    citation: str
    summary: str
    input: InputPolicy = InputPolicy()
    batching: Literal["any", "same-size", "one"] = "any"
    device_bound: bool = False
    stochastic: bool = False
    selected_on: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the metadata as plain JSON values; None stands for an unbounded end of the range."""
        declared = asdict(self)
        declared["score_range"] = [bound if math.isfinite(bound) else None for bound in self.score_range]
        declared["input"] = {"colour": self.input.colour, "resize": str(self.input.resize)}
        return declared

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+:-]*", self.name):
            raise ValueError(f"method name {self.name!r}: use letters, digits and _ . + : -")
        if not self.score_range[0] < self.score_range[1]:
            raise ValueError(f"method {self.name!r}: score_range {self.score_range} is not (low, high)")
        for name in ("version", "licence", "citation", "summary"):
            if not getattr(self, name).strip():
                raise ValueError(f"method {self.name!r} declares no {name}")
