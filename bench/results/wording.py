"""Error messages for Python callers: names of command-line options become names of parameters."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from bench.errors import BenchError

P = ParamSpec("P")
R = TypeVar("R")

_PARAMETERS = {
    "dataset": "datasets",
    "family": "families",
    "method": "methods",
    "option": "options",
    "root": "roots",
}
# A command in backticks stays one: it can be given in a terminal, whoever reads of it.
_OPTION = re.compile(r"(`[^`]*`)|(?<![\w-])--([a-z][a-z-]*)( [\w.+-]+=\w+)?")


def python_words(message: str) -> str:
    """Return a message with parameters for options.

    Example:
        >>> python_words("--batch-size got 0; `bench list methods` says more, and --root ID=PATH helps")
        'batch_size got 0; `bench list methods` says more, and roots={"ID": "PATH"} helps'
    """
    return _OPTION.sub(_parameter, message)


def _parameter(match: re.Match[str]) -> str:
    command, option, example = match.groups()
    if command:
        return str(command)
    name = _PARAMETERS.get(option, option.replace("-", "_"))
    if not example or option not in ("option", "root"):
        return name + (example or "")
    key, _, value = example.strip().partition("=")
    return f'{name}={{"{key}": "{value}"}}'


def in_python_words(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator of a public function: errors of the layers below speak of its parameters."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BenchError as error:
            error.args = (python_words(str(error)), *error.args[1:])
            raise

    return call
