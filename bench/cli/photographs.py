"""Options --dataset, --count, --size and --root of commands that derive images from a dataset's photographs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bench.cli import common, completion

if TYPE_CHECKING:
    from bench.datasets.dataset import Dataset


@dataclass(frozen=True)
class PhotographChoice:
    """Choice of photographs.

    Attributes:
        dataset: id, path or URL.
        roots: folders of datasets, as ID=PATH.
        count: number of photographs.
        size: short side in pixels; photographs with a longer one are resized to it.
    """

    dataset: str
    roots: tuple[str, ...]
    count: int
    size: int

    def resolve(self) -> Dataset:
        """Return the dataset.

        Raises:
            UsageError: there is no such dataset.
        """
        from bench.datasets.resolve import resolve
        from bench.datasets.roots import Roots

        return resolve(self.dataset, Roots.parse(self.roots), "--dataset")


_OPTIONS = (
    click.option(
        "--dataset",
        required=True,
        metavar="ID|PATH",
        shell_complete=completion.datasets,
        help="Photographs to use: a dataset id, a folder, a CSV or an image.",
    ),
    click.option(
        "--count",
        type=click.IntRange(1, 10_000),
        default=50,
        show_default=True,
        help="Number of photographs, chosen by the hash of their names; a larger choice includes every smaller one.",
    ),
    click.option(
        "--size",
        type=click.IntRange(16, 4096),
        default=384,
        show_default=True,
        help="Resize photographs to this short side first, if theirs is longer.",
    ),
    common.root_option,
)


def photographs_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --dataset, --count, --size and --root, as one argument ``photographs``."""

    @functools.wraps(command)
    def call(dataset: str, count: int, size: int, roots: tuple[str, ...], **rest: Any) -> Any:
        return command(photographs=PhotographChoice(dataset, roots, count, size), **rest)

    return functools.reduce(lambda wrapped, add: add(wrapped), reversed(_OPTIONS), call)
