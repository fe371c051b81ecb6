"""Loading of methods by names and options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.io.progress import note
from bench.io.visible import quoted
from bench.plugins import registry
from bench.plugins.weights import with_fetching

if TYPE_CHECKING:
    from bench.api import Method, Resize
    from bench.runs.jobs import LoadedMethod, MethodSpec, Settings


def method_specs(
    methods: Sequence[str | type[Method]], assignments: Iterable[str], device: str, precision: str = "exact"
) -> list[MethodSpec]:
    """Find the methods that were asked for and give them their options.

    Args:
        methods: names or aliases, or classes that need not be registered.
        assignments: options as ``METHOD.NAME=VALUE``; an option with several values, separated by commas, makes a
            method of each (:func:`bench.plugins.options.values_of`).
        device: as :func:`bench.runs.devices.resolve_devices` takes it.
        precision: the option of that name of every method that has one and was not given its own; where it is not
            ``exact``, stderr says which methods have none.

    Raises:
        UsageError: an unknown method or option, an option of a method that was not asked for, no CUDA.
    """
    from bench.plugins import options
    from bench.runs import devices, jobs

    found = _find_methods(methods)
    grouped: dict[str, dict[str, str]] = {}
    for name, given in options.group(assignments).items():
        canonical = name if name in found else registry.find_method(name).info.name
        if canonical not in found:
            raise UsageError(
                f"--option got an option of {quoted(name)}, which is not among the methods: {', '.join(found)}"
            )
        grouped.setdefault(canonical, {}).update(given)
    if precision != "exact":
        _set_precision(found, grouped, precision)
    built = {method: options.sweep(method, grouped.get(name, {})) for name, method in found.items()}
    where = devices.resolve_devices(device, found.values())
    return [jobs.MethodSpec(method, each, where, asked=device) for method, several in built.items() for each in several]


def one_spec(method: str | type[Method], assignments: Iterable[str], device: str, precision: str) -> MethodSpec:
    """Find one method, as :func:`method_specs` does.

    Raises:
        UsageError: an option has several values, and what else :func:`method_specs` raises.
    """
    specs = method_specs([method], assignments, device, precision)
    if len(specs) > 1:
        labels = ", ".join(spec.label for spec in specs)
        raise UsageError(rf"--option makes {len(specs)} methods, {labels}: give one value (write a comma in it as \,)")
    return specs[0]


def with_model(
    model: Path | None, methods: Sequence[str], assignments: Sequence[str], settings: Settings
) -> tuple[tuple[str, ...], tuple[str, ...], Settings]:
    """Return methods, options and settings with what ``--model`` stands for.

    Args:
        model: a regression on ratings; None: there is none.
        methods: names of further ones.
        assignments: options as ``METHOD.NAME=VALUE``.
        settings: how to score; all images are resized as those that the regression was fitted on.

    Raises:
        UsageError: there is neither a method nor a model, the file is no model, or another resize policy is asked for.
    """
    from bench.plugins.own_ratings import PREFIX
    from bench.plugins.rating_model import load_rating_model

    if model is None:
        if not methods:
            raise UsageError("--method and --model are missing: give the name of a method, or a file of `bench fit`")
        return tuple(methods), tuple(assignments), settings
    about = load_rating_model(model, "--model").about
    policy = _policy(about["resize"])
    if policy is None:
        raise UsageError(f"--model got {model}, whose resize policy is {about['resize'][:40]!r}: fit it again")
    if settings.resize not in (None, policy):
        raise UsageError(
            f"--resize got {settings.resize}, and the photographs that --model {model} was fitted on were resized by "
            f"{policy}: leave --resize out"
        )
    name = PREFIX + str(about["features"].get("name"))
    registry.find_method(name, "--model")
    return (*methods, name), (*assignments, f"{name}.model={model}"), replace(settings, resize=policy)


def _policy(text: str) -> Resize | None:
    from bench.api import Resize

    try:
        return Resize.parse(text)
    except ValueError:
        return None


def _find_methods(methods: Sequence[str | type[Method]]) -> dict[str, type[Method]]:
    found: dict[str, type[Method]] = {}
    for each in methods:
        method = registry.find_method(each) if isinstance(each, str) else each
        _check_name(method)
        if found.setdefault(method.info.name, method) is not method:
            raise UsageError(
                f"--method: two methods are called {quoted(method.info.name)}: give one of them another name"
            )
    return found


def _check_name(method: type[Method]) -> None:
    """Refuse a class or function that bears another method's name: in a table nobody could tell them apart."""
    known = registry.catalogue().methods.get(method.info.name, method)
    if (known.__module__, known.__qualname__) != (method.__module__, method.__qualname__):
        raise UsageError(
            f"--method got a class or function with the name {quoted(method.info.name)}, which another method has: "
            "give it "
            "a name of its own"
        )


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
    from bench.runs import jobs

    return with_fetching(lambda: jobs.load_methods(specs))
