"""Options of methods: from command-line texts and TOML values to a frozen dataclass and back."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from bench.api import Method
from bench.errors import UsageError, did_you_mean
from bench.io.visible import quoted

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclasses.dataclass(frozen=True)
class OptionInfo:
    """One option as ``bench list methods NAME`` shows it."""

    name: str
    type: str
    default: Any
    help: str


def describe_options(options: type[Any]) -> list[OptionInfo]:
    """List the options that a dataclass of ``bench.api.option`` fields documents."""
    hints = _hints(options)
    return [
        OptionInfo(f.name, _type_name(hints[f.name]), f.default, f.metadata.get("help", ""))
        for f in dataclasses.fields(options)
    ]


def _hints(options: type[Any]) -> dict[str, Any]:
    return {name: _plain_hint(hint) for name, hint in typing.get_type_hints(options).items()}


def split_assignment(text: str) -> tuple[str, str, str]:
    """Split ``METHOD.NAME=VALUE`` into its three parts.

    Raises:
        UsageError: the text has another form.
    """
    left, equals, value = text.partition("=")
    method, dot, name = left.rpartition(".")
    if not (equals and dot and method and name):
        raise UsageError(f"--option got {quoted(text)}: write METHOD.NAME=VALUE, for example niqe.model=FILE")
    return method, name, value


def build(method: type[Method], given: Mapping[str, str]) -> Any:
    """Turn option texts into an instance of the method's ``Options``.

    Raises:
        UsageError: an unknown option, or a value that its type refuses.
    """
    hints = _hints(method.Options)
    known = [f.name for f in dataclasses.fields(method.Options)]
    for name in given:
        if name not in known:
            has = f"It has: {', '.join(known)}." if known else "It has no options."
            raise UsageError(
                f"--option: method {quoted(method.info.name)} has no option {quoted(name)}.{did_you_mean(name, known)} "
                f"{has}"
            )
    values = {name: convert(f"--option {method.info.name}.{name}", hints[name], text) for name, text in given.items()}
    try:
        return method.Options(**values)
    except ValueError as error:
        raise UsageError(f"--option: method {quoted(method.info.name)}: {error}") from None


def values_from_texts(options: type[Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Turn the texts of command-line options ``--field-name TEXT`` into values of a dataclass's fields.

    Raises:
        UsageError: a text that the field's type refuses.
    """
    hints = _hints(options)
    return {name: convert(f"--{name.replace('_', '-')}", hints[name], text) for name, text in texts.items()}


def values_from_table(options: type[Any], table: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Check the values that a TOML table gives to a dataclass's fields.

    Args:
        options: the dataclass.
        table: name to TOML value; a whole number will do for a float, and nothing else is converted.
        source: where the table is from, as errors name it.

    Raises:
        UsageError: an unknown name, or a value of another type.
    """
    hints = _hints(options)
    values = {}
    for name, value in table.items():
        if name not in hints:
            raise UsageError(f"{source} has {quoted(name)}, which is not a hyperparameter.{did_you_mean(name, hints)}")
        if not _fits(value, hints[name]):
            raise UsageError(f"{source}: {name} got {quoted(value)}: use a value of type {_type_name(hints[name])}")
        values[name] = convert(f"{source}: {name}", hints[name], str(value))
    return values


def identity(options: Any) -> dict[str, Any]:
    """Return what of the options identifies a score (JSON values); paths are left to the fingerprint."""
    return {
        f.name: _plain(getattr(options, f.name))
        for f in dataclasses.fields(options)
        if f.metadata.get("identity", True)
    }


def label(name: str, options: Any) -> str:
    """Return a method's row label: its name and the options that differ from their defaults."""
    changed = [
        f"{f.name}={_short(getattr(options, f.name), f.metadata.get('identity', True))}"
        for f in dataclasses.fields(options)
        if getattr(options, f.name) != f.default
    ]
    return f"{name}[{','.join(changed)}]" if changed else name


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _short(value: Any, identity: bool) -> str:
    # What the fingerprint identifies is a path, of which the file's name says enough.
    return str(value) if identity else Path(str(value)).name


def _type_name(hint: Any) -> str:
    choices = _choices(hint)
    return "|".join(map(str, choices)) if choices else getattr(hint, "__name__", str(hint))


def _choices(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def _plain_hint(hint: Any) -> Any:
    """Return what an optional type is when it is given.

    Raises:
        TypeError: options of this type cannot be given on a command line; a method's author must change it.
    """
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = [arg for arg in typing.get_args(hint) if arg is not type(None)] or [hint]
    if hint not in (str, int, float, bool, Path) and typing.get_origin(hint) is not Literal:
        raise TypeError(f"an option of a method cannot have the type {hint}: use str, int, float, bool, Path, Literal")
    return hint


def _fits(value: Any, hint: Any) -> bool:
    if hint is float:
        return type(value) in (int, float)
    return type(value) is (hint if hint in (int, bool) else str)


def convert(name: str, hint: Any, text: str) -> Any:
    """Turn a text into a value of a type that options can have; ``name`` is what errors call it.

    Raises:
        UsageError: the type refuses the text.
    """
    if choices := _choices(hint):
        by_text = {str(choice): choice for choice in choices}
        if text not in by_text:
            raise UsageError(f"{name} got {quoted(text)}: use one of {', '.join(by_text)}")
        return by_text[text]
    if hint is bool:
        if text.lower() not in _BOOLEANS:
            raise UsageError(f"{name} got {quoted(text)}: use true or false")
        return _BOOLEANS[text.lower()]
    try:
        value = hint(text)
    except ValueError:
        raise UsageError(f"{name} got {quoted(text)}: use a value of type {_type_name(hint)}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{name} got {quoted(text)}: use a finite number")
    return value


def values_of(text: str) -> list[str]:
    r"""Return the values that commas separate in the text of an option; a comma after a backslash is part of a value.

    Example:
        >>> values_of("48,96"), values_of(r"a\,b.npz")
        (['48', '96'], ['a,b.npz'])
    """
    return [part.replace(r"\,", ",") for part in re.split(r"(?<!\\),", text)]


def text_of(value: Any) -> str:
    r"""Return a value, or a list of values to try in turn, as :func:`values_of` reads it.

    Example:
        >>> text_of([48, 96]), text_of("a,b.npz")
        ('48,96', 'a\\,b.npz')
    """
    several = value if isinstance(value, (list, tuple)) else [value]
    return ",".join(str(each).replace(",", r"\,") for each in several)


def sweep(method: type[Method], given: Mapping[str, str]) -> list[Any]:
    """Return the options of every combination of the values that are given, in the order given.

    Args:
        method: the class.
        given: texts of values, by the names of options.

    Raises:
        UsageError: an unknown option, a value that its type refuses, or one value twice.
    """
    values = [values_of(text) for text in given.values()]
    built = [build(method, dict(zip(given, chosen, strict=True))) for chosen in itertools.product(*values)]
    if again := next((each for each in built if built.count(each) > 1), None):
        raise UsageError(f"--option: {label(method.info.name, again)} is given twice: give each value once")
    return built


def group(assignments: Iterable[str]) -> dict[str, dict[str, str]]:
    """Group ``METHOD.NAME=VALUE`` texts by method.

    Raises:
        UsageError: a malformed text, or one option given twice.
    """
    grouped: dict[str, dict[str, str]] = {}
    for text in assignments:
        method, name, value = split_assignment(text)
        if name in grouped.setdefault(method, {}):
            raise UsageError(f"--option {method}.{name} is given twice: keep one")
        grouped[method][name] = value
    return grouped
