"""Loading methods: from names and options to methods that can score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.io.progress import note
from bench.plugins.weights import with_fetching

if TYPE_CHECKING:
    from bench.api import Method
    from bench.runs.scoring import LoadedMethod, MethodSpec


def method_specs(
    names: Sequence[str], assignments: Iterable[str], device: str, precision: str = "exact"
) -> list[MethodSpec]:
    """Find the methods that were asked for and give them their options.

    ``precision`` is the option of that name of every method that has one and was not given its own; where
    it is not "exact", stderr says which methods have none.

    Raises:
        UsageError: an unknown method or option, an option of a method that was not asked for, no CUDA.
    """
    from bench.plugins import options, registry
    from bench.runs import scoring

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
    from bench.plugins import options

    single = []
    for name, method in found.items():
        if "precision" in (option.name for option in options.describe_options(method.Options)):
            grouped.setdefault(name, {}).setdefault("precision", precision)
        else:
            single.append(name)
    if single:
        note(f"--precision {precision} changes nothing for {', '.join(single)}")


def load_methods(specs: Sequence[MethodSpec]) -> list[LoadedMethod]:
    """Load methods, fetching the weights that are not here and that somebody publishes.

    Raises:
        MissingRequirementError: weights are not here and cannot be fetched.
    """
    from bench.runs import scoring

    return with_fetching(lambda: scoring.load_methods(specs))
