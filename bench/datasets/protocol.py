"""Protocol of a result: split, resize policy and origin of the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Protocol:
    """Protocol of a result; results under different protocols are not comparable.

    Attributes:
        split: which part of the dataset.
        resize: resize policy applied to every image before any method's own (see ``Resize``).
        mos: ``dataset`` labels, or those of an ``imported`` file.
    """

    split: str = "all"
    resize: str = "none"
    mos: Literal["dataset", "imported"] = "dataset"

    def __str__(self) -> str:
        parts = ["all images" if self.split == "all" else f"split {self.split}"]
        if self.resize != "none":
            parts.append(f"resize {self.resize}")
        elif self.mos == "dataset":
            parts.append("full size")
        if self.mos == "imported":
            parts.append("MOS of the imported file")
        return ", ".join(parts)
