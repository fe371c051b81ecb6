"""Options of a method that is made of a function: its keyword parameters with defaults."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable
from typing import Any

from bench.api import Method, option
from bench.plugins.options import describe_options


def options_of(function: Callable[..., Any]) -> type[Any]:
    """Return a dataclass of a function's parameters, beyond the first, that have a default and can be options.

    A parameter's type is that of its annotation, else that of its default. One of another type than options can have,
    an array say, is no option and keeps its default.

    Example:
        >>> def level(image, gain: float = 1, *, channel="red", weights=(1, 2)): ...
        >>> [(each.name, each.type, each.default) for each in dataclasses.fields(options_of(level))]
        [('gain', <class 'float'>, 1.0), ('channel', <class 'str'>, 'red')]
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):  # it is written in C
        parameters = []
    fields: list[Any] = []
    for each in parameters:
        named = each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.default is not each.empty
        if named and (hint := _hint(function, each)) is not None:
            default = float(each.default) if hint is float and each.default is not None else each.default
            fields.append((each.name, hint, option(default, help="a parameter of the function")))
    return dataclasses.make_dataclass("Options", fields, frozen=True) if fields else Method.Options


def _hint(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Return the type of a parameter as an option; None where it can be none."""
    for hint in (_annotations(function).get(parameter.name), type(parameter.default)):
        try:
            describe_options(dataclasses.make_dataclass("One", [("value", hint)]))
            return hint
        except (TypeError, ValueError):
            continue
    return None


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(inspect.unwrap(function))
    except Exception:  # an annotation may name what is not here
        return {}
