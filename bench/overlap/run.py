"""``bench overlap``: images that two datasets share, given by ids or paths."""

from __future__ import annotations

from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.overlap.compare import Overlap, compare_names, compare_sets, read_names
from bench.overlap.near import THRESHOLD


def find_overlap(a: str, b: str, places: Roots, *, threshold: int | None = None) -> Overlap:
    """Find images of A that are also in B, slightly changed or under another name; A twice finds duplicates inside it.

    Args:
        a: id, folder, CSV, card or image.
        b: as ``a``.
        places: where the folders of datasets are.
        threshold: largest distance of near-duplicates, of 256 bits; None: as measured in docs/guides/overlap.md.

    Raises:
        UsageError: a dataset is not known or cannot be read.
        MissingRequirementError: a dataset is not here.
    """
    chosen = THRESHOLD if threshold is None else threshold
    return compare_sets(resolve(a, places, "A"), resolve(b, places, "B"), chosen)


def find_shared_names(a: str, b: str, places: Roots) -> Overlap:
    """Find distinctive names that two datasets share; labels are read, images are not.

    Args:
        a: id, folder, CSV or card.
        b: as ``a``.
        places: where the folders of datasets are.

    Raises:
        UsageError: a dataset is not known or its labels cannot be read.
    """
    return compare_names(read_names(a, places, "A"), read_names(b, places, "B"))
