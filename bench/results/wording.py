"""Error messages for Python callers: names of command-line options become names of parameters."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Collection
from typing import ParamSpec, TypeVar

from bench.errors import BenchError
from bench.extras import explained
from bench.plugins.argument_types import checked

P = ParamSpec("P")
R = TypeVar("R")

# Option → the parameter, where that has another name in most functions.
_PARAMETERS = {
    "dataset": "datasets",
    "family": "families",
    "method": "methods",
    "option": "options",
    "published-file": "file",
    "root": "roots",
}
# A command in backticks stays one: it can be given in a terminal, whoever reads of it.
_OPTION = re.compile(r"(`[^`]*`)|(?<![\w-])--([a-z][a-z-]*)( [\w.+-]+=\w+)?")


def python_words(message: str, parameters: Collection[str] = ()) -> str:
    """Return a message with parameters for options.

    Args:
        message: of an error.
        parameters: those of the function that was called; one that is called as the option is meant by it.

    Example:
        >>> python_words("--batch-size got 0; `bench list methods` says more, and --root ID=PATH helps")
        'batch_size got 0; `bench list methods` says more, and roots={"ID": "PATH"} helps'
        >>> python_words("--method got 'niqq'", ["method", "device"])
        "method got 'niqq'"
    """
    return _OPTION.sub(functools.partial(_parameter, parameters), message)


def _parameter(parameters: Collection[str], match: re.Match[str]) -> str:
    command, option, example = match.groups()
    if command:
        return str(command)
    own = option.replace("-", "_")
    name = own if own in parameters else _PARAMETERS.get(option, own)
    if not example or option not in ("option", "root"):
        return name + (example or "")
    key, _, value = example.strip().partition("=")
    return f'{name}={{"{key}": "{value}"}}'


def public(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator of a public function: its arguments' types are checked, and errors speak of its parameters."""
    inner = checked(function)
    parameters = inspect.signature(function).parameters

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return inner(*args, **kwargs)
        except BenchError as error:
            error.args = (python_words(str(error), parameters), *error.args[1:])
            raise
        except ModuleNotFoundError as error:
            if missing := explained(error, f"bench.{function.__name__}"):
                raise missing from None
            raise

    return call
