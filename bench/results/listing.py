"""``bench.list_methods``, ``bench.list_datasets`` and ``bench.load_dataset``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.datasets.catalogue import shipped_cards
from bench.datasets.dataset import Dataset
from bench.datasets.doctor import describe_card
from bench.datasets.readers.reading import Reading
from bench.plugins.listing import describe_method, listed_methods
from bench.plugins.registry import warn_about_plugins
from bench.results.arguments import DatasetLike, datasets_of, places_of
from bench.results.wording import public

if TYPE_CHECKING:
    import pandas as pd


@public
def list_methods() -> pd.DataFrame:
    """Return every method, opinion-unaware ones first, with all that each declares and whether it is ready here.

    Returns:
        One row a method: ``name``, ``family``, ``opinion_aware``, ``trained_on``, ``score_range``,
        ``higher_is_better``, ``ready``, ``missing`` (what it lacks, and how to get it), ``options`` and the other
        fields of :class:`bench.MethodInfo`.

    Example:
        >>> methods = list_methods().set_index("name")
        >>> bool(methods.loc["niqe", "opinion_aware"])
        False
    """
    import pandas as pd

    warn_about_plugins()
    return pd.DataFrame([describe_method(method) for method in listed_methods()])


@public
def list_datasets(roots: Mapping[str, str | os.PathLike[str]] | None = None) -> pd.DataFrame:
    """Return every dataset with a card, with all that the card says and whether the dataset is here.

    Args:
        roots: where the folders of datasets are, as ``{"koniq": "/data/koniq10k"}``; then ``$BENCH_DATA`` and
            ``bench.toml``.

    Returns:
        One row a dataset: ``id``, ``title``, ``kind``, ``n`` (images), ``licence``, ``source``, ``direction`` of its
        labels, ``ready`` (where it is, or that it is missing) and the other keys of a card.

    Raises:
        UsageError: ``roots`` names a dataset that is not known or a folder that is not there.

    Example:
        >>> int(list_datasets().set_index("id").loc["sample", "n"])
        210
    """
    import pandas as pd

    places = places_of(roots)
    return pd.DataFrame([describe_card(card, places) for card in shipped_cards().values()])


@public
def load_dataset(
    dataset: DatasetLike,
    *,
    split: str = "all",
    roots: Mapping[str, str | os.PathLike[str]] | None = None,
    score_column: str = "",
    lower_is_better: bool = False,
    image_column: str = "",
    suffix: str = "",
) -> Dataset:
    """Read a dataset's labels; images are read when they are scored.

    Args:
        dataset: an id, a folder, an archive, a URL, a CSV, a card or an image.
        split: ``all``, an official split, ``random:SEED`` or ``ATTRIBUTE=VALUE``.
        roots: as in :func:`list_datasets`.
        score_column: of a CSV of your own, the column of the labels; empty: ``score`` or ``mos``; ``none``: no labels.
        lower_is_better: whether a lower label of that CSV means better quality.
        image_column: of that CSV, the column of image names; empty: ``image``, ``filename`` or the like.
        suffix: what image files end in, such as ``.png``, in place of what the labels say; pictures saved again in
            another format are another protocol.

    Returns:
        The dataset: ``samples`` with name, file, MOS (in the dataset's own units) and attributes; ``direction`` says
        whether a higher label means better quality.

    Raises:
        UsageError: it is not known or cannot be read, or has no such split.
        MissingRequirementError: nobody said where it is.

    Example:
        >>> dataset = load_dataset("sample", split="type=gaussian-blur")
        >>> len(dataset.samples), dataset.direction
        (35, 'lower')
    """
    (found,) = datasets_of(
        [dataset], places_of(roots), "dataset", Reading(score_column, lower_is_better, image_column, suffix)
    )
    return found.split(split)
