"""Protocol of a result: split, resize policy and origin of the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LIMIT = "limit:"
"""Beginning of the split that ``--limit N`` takes: ``limit:N``, or ``limit:N:SPLIT`` of another split."""


@dataclass(frozen=True)
class Protocol:
    """Protocol of a result; results under different protocols are not comparable.

    Attributes:
        split: which part of the dataset.
        resize: resize policy applied to every image before any method's own (see ``Resize``).
        mos: ``dataset`` labels, or those of an ``imported`` file.
        size: measured size of the images as files, where it is not that of the dataset's card; empty where it is, or
            where the card names none.
        saved_as: format that the images were saved in again, such as ``PNG``, where it is not that of the set.
    """

    split: str = "all"
    resize: str = "none"
    mos: Literal["dataset", "imported"] = "dataset"
    size: str = ""
    saved_as: str = ""

    @property
    def is_trial(self) -> bool:
        """Whether it is of the first images alone, which ``--limit`` chose."""
        return self.split.startswith(LIMIT)

    def as_json(self) -> dict[str, str]:
        """Return it as plain JSON values; without ``size`` and ``saved_as`` where empty, as before they were there."""
        return {name: value for name, value in vars(self).items() if value or name not in ("size", "saved_as")}

    def __str__(self) -> str:
        parts = ["all images" if self.split == "all" else f"split {self.split}"]
        if self.is_trial:
            n, _, split = self.split.removeprefix(LIMIT).partition(":")
            parts = [f"a trial on {n} images" + (f" of split {split}" if split else "")]
        if self.size:
            parts.append(f"images of {self.size} and not of the card's size")
        if self.saved_as:
            parts.append(f"images saved again as {self.saved_as}")
        if self.resize != "none":
            parts.append(f"resize {self.resize}")
        elif self.mos == "dataset" and not self.size:
            parts.append("full size")
        if self.mos == "imported":
            parts.append("MOS of the imported file")
        return ", ".join(parts)
