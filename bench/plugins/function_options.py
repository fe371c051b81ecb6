"""Options of a method that is made of a function: its keyword parameters with defaults."""

from __future__ import annotations

import dataclasses
import inspect
import math
import typing
from collections.abc import Callable, Sequence
from typing import Any

from bench.api import Method, option
from bench.errors import UsageError
from bench.plugins.options import describe_options


def options_of(function: Callable[..., Any]) -> type[Any]:
    """Return a dataclass of a function's parameters, beyond the first, that have a default and can be options.

    A parameter's type is that of its annotation, else that of its default. One of another type than options can have,
    an array say, or of an infinite default is no option and keeps its default.

    Raises:
        UsageError: a further parameter has no default.

    Example:
        >>> def level(image, gain: float = 1, *, channel="red", weights=(1, 2)): ...
        >>> [(each.name, each.type, each.default) for each in dataclasses.fields(options_of(level))]
        [('gain', <class 'float'>, 1.0), ('channel', <class 'str'>, 'red')]
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):  # it is written in C
        parameters = []
    _refuse_needed(function, parameters)
    fields: list[Any] = []
    for each in parameters:
        named = each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.default is not each.empty
        finite = not isinstance(each.default, float) or math.isfinite(each.default)
        if named and finite and (hint := _hint(function, each)) is not None:
            default = float(each.default) if hint is float and each.default is not None else each.default
            fields.append((each.name, hint, option(default, help=_help(hint, each))))
    return dataclasses.make_dataclass("Options", fields, frozen=True) if fields else Method.Options


def _refuse_needed(function: Callable[..., Any], parameters: Sequence[inspect.Parameter]) -> None:
    """Raise UsageError where a function needs more than its images."""
    unnamed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [each.name for each in parameters if each.default is each.empty and each.kind not in unnamed]
    if needed:
        raise UsageError(
            f"{_name_of(function)} needs {', '.join(needed)} beside the image, which nobody gives it: "
            "give each of its further parameters a default"
        )


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", "the function"))


def _help(hint: Any, parameter: inspect.Parameter) -> str:
    whole = hint is int and parameter.annotation is parameter.empty
    return "a parameter of the function" + (
        f"; whole numbers, unless it is written {parameter.name}: float" if whole else ""
    )


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
