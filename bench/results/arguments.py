"""Conversion of arguments of the Python API to those of the layers below."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from bench.api import Method, MethodInfo, Resize
from bench.datasets.dataset import Dataset
from bench.datasets.readers.reading import Reading
from bench.datasets.resolve import resolve
from bench.datasets.roots import Roots
from bench.defaults import IMAGE_TIMEOUT
from bench.errors import UsageError
from bench.io.visible import quoted
from bench.plugins.functions import method as method_of
from bench.plugins.options import text_of as option_text
from bench.results.skipping import Skipped
from bench.runs.jobs import Settings

MethodLike = str | type[Method] | Callable[..., Any]
"""A method's name, its class, or a function."""
DatasetLike = str | os.PathLike[str] | Dataset
"""An id, a path, a URL, or a dataset that was loaded."""

LEAST_DRAWS = 100
_LARGEST_SEED = 2**31 - 1


def several(value: Any) -> list[Any]:
    """Return the items of a list or another series of things, or one thing as a list."""
    one = isinstance(value, (str, os.PathLike, Dataset)) or callable(value) or not isinstance(value, Iterable)
    return [value] if one else list(value)


def methods_of(
    value: MethodLike | Sequence[MethodLike],
    name: str | None = None,
    higher_is_better: bool | None = None,
    batch: bool = False,
) -> list[str | type[Method]]:
    """Return methods' names and classes, making a class of a function.

    Args:
        value: one or several.
        name: of the function.
        higher_is_better: direction of the function.
        batch: whether the function takes a list of arrays.

    Raises:
        UsageError: nothing is given, or something that is no method.
    """
    every = several(value)
    if not every:
        raise UsageError("--method got nothing: give a method's name, its class or a function")
    functions = [each for each in every if not isinstance(each, (str, type))]
    said = name is not None or higher_is_better is not None or batch
    if said and len(functions) != 1:
        raise UsageError(
            f"name, higher_is_better and batch describe one function, and --method got {len(functions)} functions: "
            "leave them out, or give each function as bench.method(function, name=..., higher_is_better=...)"
        )
    return [_method_of(each, name, higher_is_better, batch) for each in every]


def _method_of(value: Any, name: str | None, higher_is_better: bool | None, batch: bool) -> str | type[Method]:
    if isinstance(value, str):
        return value
    if isinstance(value, type):
        if not (issubclass(value, Method) and isinstance(getattr(value, "info", None), MethodInfo)):
            raise UsageError(f"--method got {quoted(value)}: give a subclass of bench.Method that has an `info`")
        return value
    if isinstance(getattr(value, "info", None), MethodInfo):
        raise UsageError(
            f"--method got {value.info.name} as an object: give its name or its class, and its options by options="
        )
    made: type[Method] = method_of(value, name=name, higher_is_better=higher_is_better, batch=batch)
    return made


def datasets_of(
    value: DatasetLike | Sequence[DatasetLike],
    places: Roots,
    parameter: str,
    reading: Reading = Reading(),
    skipped: Skipped | None = None,
) -> list[Dataset]:
    """Return the datasets that are meant.

    Args:
        value: one or several.
        places: where the folders of datasets are.
        parameter: what errors call the value.
        reading: how labels are read.
        skipped: what notes those that are not here, which are left out; None: one that is not here is an error.

    Raises:
        UsageError: nothing is given, or one is not known, not here or cannot be read.
    """
    every = several(value)
    if not every:
        raise UsageError(f"{parameter} got nothing: give a dataset's id or a path")
    found = []
    for each in every:
        with skipped.noting(str(each)) if skipped is not None else nullcontext():
            found.append(_dataset_of(each, places, parameter, reading))
    return found


def _dataset_of(value: DatasetLike, places: Roots, parameter: str, reading: Reading) -> Dataset:
    if isinstance(value, Dataset):
        return value
    return resolve(text_of(value), places, parameter, reading)


def text_of(value: str | os.PathLike[str]) -> str:
    """Return an id, path or URL as a text."""
    text = os.fspath(value)
    # An id wins over a path of the same name, and a Path is no id.
    return text if isinstance(value, str) or "/" in text else f"./{text}"


def assignments_of(options: Mapping[str, Any] | None) -> list[str]:
    """Return options as the texts ``METHOD.NAME=VALUE``; a list has values to try in turn."""
    return [f"{name}={option_text(value)}" for name, value in (options or {}).items()]


def places_of(roots: Mapping[str, str | os.PathLike[str]] | None) -> Roots:
    """Return where datasets are: what is given, then the environment and ``bench.toml``."""
    return Roots.parse(f"{name}={os.fspath(path)}" for name, path in (roots or {}).items())


def settings_of(
    resize: str | Resize | None,
    seed: int,
    batch_size: int,
    workers: int | None,
    batch_pixels: int | None = None,
    max_pixels: int | None = None,
    image_timeout: int = IMAGE_TIMEOUT,
    scheduler: str | None = None,
) -> Settings:
    """Return how to score.

    Raises:
        UsageError: a value out of its range.
    """
    _check_whole("--seed", seed, 0, _LARGEST_SEED)
    _check_whole("--batch-size", batch_size, 1, 4096)
    if workers is not None:
        _check_whole("--workers", workers, 1, 512)
    if batch_pixels is not None:
        _check_whole("--batch-pixels", batch_pixels, 1, 2**53)
    if max_pixels is not None:
        _check_whole("--max-pixels", max_pixels, 1, 2**53)
    _check_whole("--image-timeout", image_timeout, 1, 2**31 - 1)
    policy = resize_of(resize)
    return Settings(policy, seed, batch_size, workers, batch_pixels, max_pixels, image_timeout, scheduler=scheduler)


def resize_of(policy: str | Resize | None) -> Resize | None:
    """Return a resize policy; raises UsageError where the text is none."""
    if not isinstance(policy, str):
        return policy
    try:
        return Resize.parse(policy)
    except ValueError as error:
        raise UsageError(f"--resize: {error}") from None


def _check_whole(option: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(f"{option} got {quoted(value)}: give a whole number from {low} to {high:,}")


def check_draws(draws: int, parameter: str = "--draws") -> None:
    """Raise UsageError unless there are no draws, or enough for an interval."""
    _check_whole(parameter, draws, 0, 100_000)
    if 0 < draws < LEAST_DRAWS:
        raise UsageError(f"{parameter} got {draws}: give 0 for no bootstrap, or at least {LEAST_DRAWS}")
