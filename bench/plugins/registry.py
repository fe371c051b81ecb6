"""Registry of methods: finds all methods of installed packages by their entry points.

An entry point in the group ``bench.methods`` names a package, a module or a class. It is imported,
and with a package its modules too, and what they register is a method. The methods of this
repository come in by the same door as anybody else's.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

from bench.api import Method, registered
from bench.errors import UsageError, did_you_mean, one_by_one
from bench.io.progress import warn
from bench.io.visible import quoted
from bench.plugins import own_ratings, pristine_distance
from bench.plugins.entry_points import load_plugin

GROUP = "bench.methods"


@dataclass(frozen=True)
class Catalogue:
    """Methods that the plugins offer.

    Attributes:
        methods: canonical name → class.
        aliases: other name → canonical name.
        problems: sentences about plugins that could not be imported and names claimed twice.
        disputed: name → why nobody gets it.
    """

    methods: dict[str, type[Method]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    disputed: dict[str, str] = field(default_factory=dict)


def catalogue() -> Catalogue:
    """Import every plugin once and return what there is, with what was registered since.

    A plugin that fails is a problem, not a crash.
    """
    problems = _import_plugins()
    return _arranged(tuple(registered), problems)


def warn_about_plugins() -> None:
    """Say on stderr which plugins failed and which names are claimed twice."""
    for problem in catalogue().problems:
        warn(problem)


@functools.cache
def _import_plugins() -> tuple[str, ...]:
    return tuple(problem for point in entry_points(group=GROUP) for problem in _import_plugin(point))


@functools.lru_cache(maxsize=1)
def _arranged(methods: tuple[type[Method], ...], problems: tuple[str, ...]) -> Catalogue:
    return build_catalogue(list(methods), list(problems))


def build_catalogue(methods: list[type[Method]], problems: list[str]) -> Catalogue:
    """Arrange methods by name, and add ``ou:NAME`` and ``fit:NAME`` for each that offers features.

    A name that two methods bear, or an alias that two offer, goes to nobody; a method's own name wins over
    another's alias. Each is a problem that the user is told of.
    """
    found = Catalogue(problems=list(problems))
    names = _claims((method.info.name, method) for method in methods)
    aliases = _claims((alias, method) for method in methods for alias in method.info.aliases)
    for name, claimants in names.items():
        if len(claimants) == 1:
            found.methods[name] = claimants[0]
        else:
            _dispute(found, name, claimants)
    for name, method in list(found.methods.items()):
        if pristine_distance.offers_features(method):
            found.methods.setdefault(pristine_distance.PREFIX + name, pristine_distance.derive(method))
            found.methods.setdefault(own_ratings.PREFIX + name, own_ratings.derive(method))
    for alias, claimants in aliases.items():
        if alias in names:
            taken = _names([*names[alias], *claimants])
            found.problems.append(
                f"the name {quoted(alias)} is a method's own and another's alias ({taken}): the method has it"
            )
        elif len(claimants) == 1:
            found.aliases[alias] = claimants[0].info.name
        else:
            _dispute(found, alias, claimants)
    return found


def _claims(pairs: Iterable[tuple[str, type[Method]]]) -> dict[str, list[type[Method]]]:
    claims: dict[str, list[type[Method]]] = {}
    for name, method in pairs:
        claims.setdefault(name, []).append(method)
    return dict(sorted(claims.items()))


def _dispute(found: Catalogue, name: str, claimants: list[type[Method]]) -> None:
    found.disputed[name] = f"the method name {quoted(name)} is claimed by {_names(claimants)}: uninstall or rename one"
    found.problems.append(found.disputed[name])


def _names(methods: list[type[Method]]) -> str:
    return " and ".join(sorted(f"{method.__module__}.{method.__qualname__}" for method in methods))


def find_method(name: str, parameter: str = "--method") -> type[Method]:
    """Return the method of that name or alias; the parameter is what errors call it.

    Raises:
        UsageError: nobody offers it, or two plugins claim it.
    """
    found = catalogue()
    if name in found.disputed:
        raise UsageError(found.disputed[name])
    method = found.methods.get(found.aliases.get(name, name))
    of = name.removeprefix(pristine_distance.PREFIX).removeprefix(own_ratings.PREFIX)
    if method is None and of in found.methods:
        raise UsageError(f"method {quoted(name)}: {of} does not offer features")
    if method is None:
        known = [*found.methods, *found.aliases]
        hint = one_by_one(parameter, name, known) or did_you_mean(name, known)
        broken = f" A plugin failed: {'; '.join(found.problems)}." if found.problems else ""
        raise UsageError(
            f"{parameter} got {quoted(name)}, which is not a known method.{hint}{broken} See `bench list methods`."
        )
    return method


def _import_plugin(point: EntryPoint) -> list[str]:
    try:
        loaded = load_plugin(point)
    except UsageError as error:
        return [str(error)]
    if not _offers_methods(loaded):
        return [f"the plugin {quoted(point.name)} ({point.value}) registers no method: mark its classes with @register"]
    return []


def _offers_methods(loaded: object) -> bool:
    """Say whether what an entry point names is a registered method, holds one, or registered one in its modules."""
    name = getattr(loaded, "__name__", "")
    named = [loaded, *vars(loaded).values()]
    return any(
        method.__module__ == name or method.__module__.startswith(f"{name}.") or any(value is method for value in named)
        for method in registered
    )
