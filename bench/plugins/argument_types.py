"""Arguments of public functions, checked against their annotations."""

from __future__ import annotations

import functools
import inspect
import os
import reprlib
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, ParamSpec, TypeVar

from bench.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")

_WORDS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    types.NoneType: "None",
    Mapping: "a dict whose keys are texts",
    os.PathLike: "a path",
    Callable: "a function",
}


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator of a public function: an argument of another type than its annotation is a UsageError.

    A parameter annotated as a sequence takes any iterable, such as a column of a DataFrame.

    Example:
        >>> @checked
        ... def scaled(by: int | None) -> str:
        ...     return f"scaled by {by}"
        >>> scaled("2")
        Traceback (most recent call last):
        ...
        bench.errors.UsageError: by got '2': give a whole number or None
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        hints = _hints(function)
        for name, value in bound.arguments.items():
            if name in hints:
                bound.arguments[name] = _checked(name, value, hints[name])
        return function(*bound.args, **bound.kwargs)

    return call


@functools.cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    # The type of what is returned may be of a package that is not imported yet.
    texts = {name: text for name, text in function.__annotations__.items() if name != "return"}
    holder = types.SimpleNamespace(__annotations__=texts)
    return typing.get_type_hints(holder, globalns=getattr(function, "__globals__", {}))


def _checked(name: str, value: Any, hint: Any) -> Any:
    from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

    forms = _forms(hint)
    if type(value).__module__ == "numpy" and hasattr(value, "item") and not getattr(value, "ndim", 0):
        value = value.item()
    if any(_origin(form) is Sequence for form in forms) and _is_series(value):
        value = list(value)
    try:
        # Python takes True for 1.
        if isinstance(value, bool) and bool not in forms and {int, float}.intersection(forms):
            raise TypeCheckError("a truth value")
        check_type(value, hint, collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
    except TypeCheckError:
        words = dict.fromkeys(word for form in forms for word in _words(form, len(forms) > 1))
        raise UsageError(f"{name} got {_shown(value)}: give {_either(list(words))}") from None
    return value


def _forms(hint: Any) -> tuple[Any, ...]:
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return typing.get_args(hint) if union else (hint,)


def _origin(hint: Any) -> Any:
    return typing.get_origin(hint) or hint


def _is_series(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (Sequence, Mapping)) and not callable(value)


def _words(hint: Any, among_others: bool) -> list[str]:
    origin, args = _origin(hint), typing.get_args(hint)
    if origin is Literal:
        return [repr(choice) for choice in args]
    if origin is bool:
        return ["True", "False"]
    if origin is Sequence:
        return ["a list of such" if among_others else "a list"]
    if origin is tuple:
        return [f"{len(args)} values in brackets"]
    if origin is type:
        return [f"a subclass of {args[0].__name__}"]
    return [_WORDS.get(origin) or f"a {getattr(origin, '__name__', origin)}"]


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _shown(value: Any) -> str:
    return " ".join(reprlib.repr(value).split())
