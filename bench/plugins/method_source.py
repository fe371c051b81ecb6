"""Hash of a method's code, which tells stored scores of another state of the code from those of this one."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator

from bench.api import Method
from bench.errors import UsageError
from bench.plugins.functions import FunctionMethod
from bench.plugins.module_code import code_of
from bench.plugins.source_hash import hash_function


@functools.cache
def hash_method(method: type[Method]) -> str:
    """Hash the code that computes a method's scores.

    In go the module of the class, those of the methods that it is derived from or takes features of, and the modules
    of the same package, or of others that are not installed, that these import, anywhere and in turn. Comments,
    docstrings and blank lines are left out. A class that no file of a package defines, as in a notebook, goes in as a
    function does.

    Args:
        method: any; the result is that of its code when it was first asked for.

    Returns:
        12 hex digits; empty where the code cannot be read.
    """
    if issubclass(method, FunctionMethod):
        return _hash_object(method.function)
    parts = {name: code for base in _bases(method) for name, code in code_of(base.__module__).items()}
    if method.__module__ not in parts:
        alone = _hash_object(method)
        if not alone:
            return ""
        parts[method.__module__] = alone.encode()
    digest = hashlib.sha256()
    for name, code in sorted(parts.items()):
        digest.update(f"{name} {len(code)}\n".encode() + code)
    return digest.hexdigest()[:12]


def _hash_object(value: object) -> str:
    try:
        return hash_function(value).digest  # type: ignore[arg-type]
    except UsageError:
        return ""


def _bases(method: type[Method]) -> Iterator[type[Method]]:
    """Yield a method, the methods that it is derived from, and those that it holds, such as the one of its features."""
    for base in method.__mro__:
        if issubclass(base, Method) and base is not Method:
            yield base
            for held in vars(base).values():
                if isinstance(held, type) and issubclass(held, Method):
                    yield from _bases(held)
