"""Options that several commands share, and the steps from their texts to objects."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bench.errors import MissingRequirementError, UsageError

if TYPE_CHECKING:
    from bench.api import Method, Resize
    from bench.scoring import MethodSpec, Ready
    from bench.store import Entry, Store

T = TypeVar("T")

results_option = click.option(
    "--results",
    metavar="DIR",
    help="The store. [default: $BENCH_RESULTS, else results/ in the working directory]",
)
root_option = click.option(
    "--root", "roots", multiple=True, metavar="ID=PATH", help="Where a dataset's folder is. Repeatable."
)
methods_option = click.option(
    "--method", "methods", multiple=True, required=True, metavar="NAME", help="A method's name. Repeatable."
)
option_option = click.option(
    "--option",
    "options",
    multiple=True,
    metavar="METHOD.NAME=VALUE",
    help="An option of a method (see `bench list methods METHOD`). Repeatable.",
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where networks run; auto takes CUDA if it is there.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["exact", "fast"]),
    default="exact",
    show_default=True,
    help="Arithmetic of the networks that have both: float32, or 16 bits where the device has such arithmetic.",
)
LEAST_DRAWS = 100


def _enough(ctx: click.Context, param: click.Parameter, value: int) -> int:  # noqa: ARG001 - click's signature
    if 0 < value < LEAST_DRAWS:
        raise UsageError(f"--draws got {value}: give 0 for no bootstrap, or at least {LEAST_DRAWS}")
    return value


draws_option = click.option(
    "--draws",
    type=click.IntRange(0, 100_000),
    callback=_enough,
    default=2000,
    show_default=True,
    help="Of the bootstrap behind intervals and marks; 0: none.",
)
picture_option = click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Picture to write: .svg, .png or .pdf.",
)
_SETTINGS = (
    click.option(
        "--resize",
        metavar="POLICY",
        help="Resize every image first: none, short:N or WxH. Part of the protocol. [default: what the dataset's card "
        "asks for, mostly none]",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1, 4096),
        default=8,
        show_default=True,
        help="Images handed to a method at once.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, 512),
        help="Processes. [default: one a core; one in all for networks, which use every core themselves]",
    ),
    click.option(
        "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="For methods that draw."
    ),
)


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of how to score; the command gets them as one ``settings``."""

    @functools.wraps(command)
    def with_settings(resize: str | None, batch_size: int, workers: int | None, seed: int, **others: Any) -> None:
        from bench.scoring import Settings

        command(settings=Settings(parse_resize(resize) if resize else None, seed, batch_size, workers), **others)

    return functools.reduce(lambda wrapped, add: add(wrapped), reversed(_SETTINGS), with_settings)


def parse_resize(text: str) -> Resize:
    """Turn ``--resize`` into a policy.

    Raises:
        UsageError: it is none.
    """
    from bench.api import Resize

    try:
        return Resize.parse(text)
    except ValueError as error:
        raise UsageError(f"--resize: {error}") from None


def method_specs(
    names: Sequence[str], assignments: Iterable[str], device: str, precision: str = "exact"
) -> list[MethodSpec]:
    """Find the methods that were asked for and give them their options.

    ``precision`` is the option of that name of every method that has one and was not given its own; where
    it is not "exact", stderr says which methods have none.

    Raises:
        UsageError: an unknown method or option, an option of a method that was not asked for, no CUDA.
    """
    from bench import options, registry, scoring

    found = {method.info.name: method for method in map(registry.find_method, names)}
    grouped = {registry.find_method(name).info.name: given for name, given in options.group(assignments).items()}
    for name in grouped:
        if name not in found:
            raise UsageError(f"--option names method {name!r}, which is not among the methods: {', '.join(found)}")
    if precision != "exact":
        _set_precision(found, grouped, precision)
    built = {name: options.build(method, grouped.get(name, {})) for name, method in found.items()}
    where = scoring.resolve_device(device, found.values())
    return [scoring.MethodSpec(method, built[name], where) for name, method in found.items()]


def _set_precision(found: dict[str, type[Method]], grouped: dict[str, dict[str, str]], precision: str) -> None:
    from bench import options

    single = []
    for name, method in found.items():
        if "precision" in (option.name for option in options.describe(method.Options)):
            grouped.setdefault(name, {}).setdefault("precision", precision)
        else:
            single.append(name)
    if single:
        click.echo(f"bench: note: --precision {precision} changes nothing for {', '.join(single)}", err=True)


def fetch_weights(name: str) -> Path:
    """Fetch weights where they are not here yet, after saying what they are, and return the file.

    Raises:
        UsageError: no weights have that name, or they cannot be had.
    """
    from bench import fetching

    download = fetching.find_download(name)
    if not fetching.is_whole(download):
        click.echo(f"{fetching.describe(download)}; licence {download.licence}", err=True)
        fetching.fetch(download)
    return download.path


def load_methods(specs: Sequence[MethodSpec]) -> list[Ready]:
    """Load methods, fetching the weights that are not here and that somebody publishes.

    Raises:
        MissingRequirementError: weights are not here and cannot be fetched.
    """
    from bench import scoring

    return with_fetching(lambda: scoring.load(specs))


def with_fetching(work: Callable[[], T]) -> T:
    """Do work, and again after fetching weights that it lacks and that somebody publishes.

    Raises:
        MissingRequirementError: weights are not here and cannot be fetched.
    """
    fetched: set[str] = set()
    while True:
        try:
            return work()
        except MissingRequirementError as error:
            if not error.fetchable or error.fetchable in fetched:
                raise
            missing = error
        fetched.add(missing.fetchable)
        try:
            fetch_weights(missing.fetchable)
        except MissingRequirementError as error:
            raise MissingRequirementError(f"{missing}. Fetching it now failed: {error}") from None


def stored_entries(store: Store) -> list[Entry]:
    """Return the store's entries, and say on stderr which are damaged."""
    entries, problems = store.entries()
    for problem in problems:
        click.echo(f"bench: warning: left out: {problem}", err=True)
    return entries


def warn_about_plugins() -> None:
    """Say on stderr which plugins failed and which names are claimed twice."""
    from bench.registry import catalogue

    for problem in catalogue().problems:
        click.echo(f"bench: warning: {problem}", err=True)


def write_text(text: str, path: Path, parameter: str = "--output") -> None:
    """Write a file whole or not at all.

    Raises:
        UsageError: it cannot be written there.
    """
    from bench.store import write_atomically

    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise UsageError(f"{parameter} got {path}, which cannot be written: {error.strerror}") from None
