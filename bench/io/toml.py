"""Conversion of TOML or JSON tables to dataclasses, with errors that name the key."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from typing import Any, Literal

from bench.errors import UsageError, did_you_mean, listed
from bench.io.visible import quoted

_FEW = 4


def fill(cls: type[Any], table: Any, where: str) -> Any:
    """Return an instance of a dataclass with a TOML table's values; lists become tuples.

    Args:
        cls: its fields may be text, numbers, truth values, ``Literal``, tuples, dictionaries and dataclasses; of a
            field of the type ``Any`` the value is not looked at.
        table: what ``tomllib`` gave.
        where: what the table is, for messages.

    Raises:
        UsageError: a key is unknown or lacking, or a value has another type; names the key.
    """
    if not isinstance(table, dict):
        raise UsageError(f"{where}: got {quoted(table)}: use a TOML table")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    hints = _hints(typing.cast(Any, cls))
    for key in table:
        if key not in fields:
            hint = did_you_mean(key, fields) or f" Its keys are: {listed(list(fields))}." * (len(fields) <= _FEW)
            raise UsageError(f"{where} has the unknown key {quoted(key)}.{hint}")
    for name, spec in fields.items():
        required = spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
        if required and name not in table:
            raise UsageError(f"{where} lacks the key {quoted(name)}")
    return cls(**{key: _typed(hints[key], value, f"{where}: {key}") for key, value in table.items()})


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _typed(hint: Any, value: Any, where: str) -> Any:
    """Turn a TOML value into a field's type; lists become tuples, tables dataclasses."""
    if hint is Any:
        return value
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType and types.NoneType in arguments:
        return None if value is None else _typed(arguments[0], value, where)
    if origin is tuple and isinstance(value, list):
        if arguments[-1] is not Ellipsis and len(value) != len(arguments):
            raise UsageError(f"{where} is {quoted(value)}: use {len(arguments)} values")
        return tuple(_typed(arguments[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        return {key: _typed(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if dataclasses.is_dataclass(hint):
        return fill(typing.cast(type[Any], hint), value, where)
    if origin is Literal:
        if value not in arguments:
            choices = ", ".join(filter(None, arguments))
            raise UsageError(f"{where} is {quoted(value)}, use one of {choices}")
        return value
    good: Any = (int, float) if hint is float else hint
    if origin is not None or not isinstance(value, good) or (isinstance(value, bool) and hint is not bool):
        raise UsageError(f"{where} is {quoted(value)}: give {said(hint)}")
    return value


_WORDS = {str: "string", int: "whole number", float: "number"}


def said(hint: Any) -> str:
    """Return a field's type in words.

    Example:
        >>> said(float), said(tuple[str, ...]), said(dict[str, str])
        ('a number', 'a list of strings', 'a table of strings')
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is not None:
        several = {tuple: "lists", dict: "tables"}
        inside = arguments[-1] if origin is dict else arguments[0]
        one = several.get(origin, "values")[:-1]
        plural = f"{_WORDS[inside]}s" if inside in _WORDS else several.get(typing.get_origin(inside), "tables")
        return f"a {one} of {plural}"
    return f"a {_WORDS[hint]}" if hint in _WORDS else "true or false"
