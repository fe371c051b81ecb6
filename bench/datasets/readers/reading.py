"""What a user says of how a dataset is to be read, where nothing in it tells."""

from __future__ import annotations

from dataclasses import dataclass

from bench.datasets.dataset import Direction
from bench.errors import UsageError
from bench.io.images import is_image_name
from bench.io.visible import quoted


@dataclass(frozen=True)
class Reading:
    """What a user says of a table of their own, and of the image files of any dataset with labels.

    Attributes:
        labels: the table's column of labels; empty: ``score`` or ``mos``, in any case; NO_LABELS: no column is read.
        lower_is_better: whether a lower label in the table means better quality.
        images: the table's column of image names; empty: ``image``, or another name that is in use for it.
        suffix: what the names of image files end in, such as ``.png``, in place of what the labels say.

    Raises:
        UsageError: the suffix is not that of an image.

    Example:
        >>> Reading(suffix="png").suffix
        '.png'
    """

    labels: str = ""
    lower_is_better: bool = False
    images: str = ""
    suffix: str = ""

    def __post_init__(self) -> None:
        suffix = f".{self.suffix.lstrip('.')}" if self.suffix else ""
        if suffix and (not is_image_name(f"x{suffix}") or "/" in suffix):
            raise UsageError(f"--suffix got {quoted(self.suffix)}: give one of image files, such as .png")
        object.__setattr__(self, "suffix", suffix)

    def __bool__(self) -> bool:
        """Tell whether anything is said."""
        return bool(self.of_table or self.suffix)

    @property
    def of_table(self) -> bool:
        """Whether something is said that is for a table of the user's own alone."""
        return bool(self.labels or self.lower_is_better or self.images)

    @property
    def direction(self) -> Direction:
        """Direction of the labels in the table."""
        return "lower" if self.lower_is_better else "higher"
