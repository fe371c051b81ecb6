"""List of methods, and the record of each for ``bench list methods``."""

from __future__ import annotations

import dataclasses
from typing import Any

from bench.api import Method
from bench.plugins.options import describe_options
from bench.plugins.registry import catalogue


def listed_methods() -> list[type[Method]]:
    """Return every method that the plugins offer: opinion-unaware ones first, then by name."""
    return sorted(catalogue().methods.values(), key=lambda each: (each.info.opinion_aware is not False, each.info.name))


def trainable_methods() -> dict[str, type[Method]]:
    """Return name → method of every method that ``bench train`` can train."""
    return {name: method for name, method in catalogue().methods.items() if method.Training is not None}


def comparing_methods() -> dict[str, type[Method]]:
    """Return name → method of every method that ``bench inspect`` can ask how far weights moved."""
    methods = catalogue().methods.items()
    return {name: method for name, method in methods if _redefines(method, "compare_weights")}


def _redefines(method: type[Method], name: str) -> bool:
    return any(name in vars(base) for base in method.mro()[: method.mro().index(Method)])


def describe_method(method: type[Method]) -> dict[str, Any]:
    """Return all that a method declares, whether it is ready here, and its options, as plain JSON values."""
    missing = method.missing()
    options = [{**dataclasses.asdict(each), "default": str(each.default)} for each in describe_options(method.Options)]
    return {**method.info.as_json(), "ready": not missing, "missing": missing, "options": options}
