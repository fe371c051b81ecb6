"""``bench.score``: scores of images now, with nothing stored; ``bench score`` is written on it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.api import Resize
from bench.datasets.dataset import Dataset
from bench.datasets.readers.local import names_one_image
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.defaults import IMAGE_TIMEOUT
from bench.errors import UsageError, counted
from bench.io.memory import is_batch, is_in_memory, to_photos
from bench.io.progress import note, say
from bench.plugins.registry import warn_about_plugins
from bench.report.photographs import check_page, write_page
from bench.results.arguments import (
    MethodLike,
    assignments_of,
    methods_of,
    places_of,
    settings_of,
    several,
    text_of,
)
from bench.results.wording import public
from bench.runs import loading
from bench.runs.global_state import preserved
from bench.runs.image_scores import ImageScore, NamedImage, check_scores, score_images
from bench.runs.jobs import LoadedMethod, Settings
from bench.runs.score_table import score_into
from bench.runs.store import Store

if TYPE_CHECKING:
    import pandas as pd


@public
def score(
    images: Any,
    methods: MethodLike | Sequence[MethodLike],
    *,
    options: Mapping[str, Any] | None = None,
    resize: str | Resize | None = None,
    device: str = "auto",
    precision: Literal["exact", "fast"] = "exact",
    batch_size: int = 8,
    batch_pixels: int | None = None,
    max_pixels: int | None = None,
    workers: int | None = None,
    image_timeout: int = IMAGE_TIMEOUT,
    scheduler: str | None = None,
    seed: int = 0,
    roots: Mapping[str, str | os.PathLike[str]] | None = None,
    strict: bool = False,
    name: str | None = None,
    higher_is_better: bool | None = None,
    batch: bool = False,
    output: str | os.PathLike[str] | None = None,
    html: str | os.PathLike[str] | None = None,
    results: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """Score images now and keep nothing in the store, as ``bench score`` does.

    Args:
        images: one of the following, or a list of them: a path or URL of an image, a folder, an archive, a CSV or a
            dataset's id; a dataset of :func:`bench.load_dataset`; a PIL image; an array (H, W, 3) RGB or (H, W) grey,
            uint8; a tensor (3, H, W) or (N, 3, H, W), float RGB in [0, 1], which is rounded to 8 bits.
        methods: as in :func:`bench.run`, and so are the others.
        options: of methods, as ``{"niqe.model": "mine.npz"}``.
        resize: ``none``, ``short:N`` or ``WxH``, in pixels; None: what the dataset's card asks for.
        device: where networks run, as in :func:`bench.run`.
        precision: ``exact`` or ``fast``.
        batch_size: images handed to a method at once, at most.
        batch_pixels: pixels handed to it at once, at most; None: what a quarter of the free memory holds.
        max_pixels: of an image; a larger one is recorded as failed.
        workers: processes.
        image_timeout: seconds in which an image must be decoded, and must be scored, where several processes do it.
        scheduler: address of a Dask scheduler whose workers score.
        seed: for methods that draw; their seed for an image hangs on its name too.
        roots: where the folders of datasets are.
        strict: raise if any image failed.
        name: of a function.
        higher_is_better: of a function.
        batch: of a function.
        output: a CSV to which each row is written as it comes; what it has already is not scored again. None: no file.
        html: a page to write too, as ``bench score --html`` does.
        results: folder of stored results, with which the page compares; None: as in :func:`bench.run`.

    Returns:
        One row an image and method, in the order given: ``image``, ``method``, ``score`` (raw, as the method gives it;
        NaN where there is none), ``error`` (None where there is a score) and ``better`` (``higher`` or ``lower``: which
        scores are better). An image in memory is called ``image``;
        in a list or a batch by its place, ``[0]``.

    Raises:
        UsageError: something cannot start as asked, or an image in memory is not of a kind above.
        MissingRequirementError: a package or weights are not here and cannot be fetched.
        BenchError: with ``strict``, an image could not be scored.

    Example:
        >>> import numpy as np
        >>> grey = np.full((64, 96, 3), 128, dtype=np.uint8)
        >>> score(grey, lambda image: image.width, name="width", higher_is_better=True)
           image method  score error  better
        0  image  width   96.0  None  higher
    """
    chosen = methods_of(methods, name, higher_is_better, batch)
    settings = settings_of(resize, seed, batch_size, workers, batch_pixels, max_pixels, image_timeout, scheduler)
    if html is not None:
        check_page(Path(html))
    with preserved():
        specs = loading.method_specs(chosen, assignments_of(options), device, precision)
        warn_about_plugins()
        named = name_images(images, places_of(roots), "images")
        ready = loading.load_methods(specs)
        if output is None:
            rows = list(score_images(named, ready, settings))
        else:
            rows, _ = score_into(Path(output), named, ready, settings)
        if html is not None:
            write_html(Path(html), rows, named, ready, settings, None if results is None else os.fspath(results))
    if strict:
        check_scores(rows)
    return _frame(rows)


def write_html(
    path: Path,
    rows: Sequence[ImageScore],
    images: Sequence[NamedImage],
    ready: Sequence[LoadedMethod],
    settings: Settings,
    results: str | None,
) -> None:
    """Write a page of scores, compared with the stored results, and say so on stderr.

    Args:
        path: the page.
        rows: scores of all images by all methods.
        images: what was scored.
        ready: the methods.
        settings: how they scored.
        results: folder of stored results; None: where ``bench run`` puts them.

    Raises:
        UsageError: the page cannot be written.
    """
    pictures = write_page(path, rows, images, ready, settings, Store.locate(results).readable_entries())
    say(f"{path}: {counted(len(images), 'photograph')}, {counted(pictures, 'picture')}")


def _frame(rows: Sequence[ImageScore]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(ImageScore._fields)).astype({"score": "float64"})
    # None, where pandas would have NaN in a column of texts.
    frame["error"] = pd.Series([row.error for row in rows], dtype="object")
    return frame


def name_images(value: Any, places: Roots, parameter: str) -> list[NamedImage]:
    """Return all images that are meant, with the names that rows give them.

    Args:
        value: one or several of what :func:`score` takes.
        places: where the folders of datasets are.
        parameter: what errors call the value.

    Raises:
        UsageError: nothing is given, or one is no image and no dataset.
    """
    every = [value] if is_in_memory(value) else several(value)
    if not every:
        raise UsageError(f"{parameter} got nothing to score: give an image or a dataset")
    return [image for place, each in enumerate(every) for image in _images(each, place, len(every), places, parameter)]


def _images(value: Any, place: int, count: int, places: Roots, parameter: str) -> list[NamedImage]:
    if is_in_memory(value):
        alone = "" if is_batch(value) else "image"
        photos = to_photos(value, f"[{place}]" if count > 1 else alone, f"{parameter}{f'[{place}]' * (count > 1)}")
        return [NamedImage(photo.name, photo, "none") for photo in photos]
    if isinstance(value, Dataset):
        text, dataset = value.id, value
    elif isinstance(value, (str, os.PathLike)):
        text = text_of(value)
        dataset = resolve(text, places, parameter)
    else:
        raise UsageError(
            f"{parameter} got {type(value).__name__}: give a path, a URL, a dataset's id, a PIL image, an array or a "
            "tensor"
        )
    if dataset.unnamed:
        note(
            f"{dataset.origin}: only the {counted(len(dataset.samples), 'image')} in its scores.csv; "
            f"{dataset.unnamed:,} others are left out: move scores.csv out of the folder for all of them"
        )
    names = _names(dataset, text) if count > 1 else [sample.name for sample in dataset.samples]
    pairs = zip(names, dataset.samples, strict=True)
    return [NamedImage(name, sample.file, dataset.resize) for name, sample in pairs if sample.file is not None]


def _names(dataset: Dataset, text: str) -> list[str]:
    """Prefix image names by what was given: two folders may have images of the same name."""
    if names_one_image(text):
        return [text]
    return [f"{text.rstrip('/')}/{sample.name}" for sample in dataset.samples]
