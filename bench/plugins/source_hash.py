"""Hash of a function: its source, and the values from outside that it uses."""

from __future__ import annotations

import ast
import dataclasses
import dis
import functools
import hashlib
import inspect
import sys
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from bench.errors import UsageError
from bench.io.visible import quoted
from bench.plugins.module_code import code_of, is_own

_PLAIN = (type(None), bool, int, float, complex, str, bytes, PurePath, types.EllipsisType, range)


@dataclasses.dataclass(frozen=True)
class SourceHash:
    """Identity of a function.

    Attributes:
        digest: 12 hex digits.
        unknown: names of objects that the function uses and whose content is not in the hash.
    """

    digest: str
    unknown: tuple[str, ...]


def hash_function(function: Callable[..., Any]) -> SourceHash:
    """Hash a function's source with its defaults and with what it uses of the scopes around it.

    Numbers, texts, containers, arrays, dataclasses, tensors and torch modules (their weights) go in by content;
    functions and classes of the function's own module or package by their source; whole modules, and what is of other
    ones, by the code of the module where it is not installed (a file beside a script), else by name;
    ``functools.partial`` and bound methods with what they hold. Anything else is named as unknown.

    Args:
        function: a Python function, a lambda, a partial, a bound method or an object with ``__call__``.

    Raises:
        UsageError: the source cannot be had.
    """
    if isinstance(_innermost(function), (types.BuiltinFunctionType, np.ufunc)):
        raise _no_source(_innermost(function))
    hashing = _Hashing(_home(function))
    hashing.add("function", function)
    return SourceHash(hashing.digest.hexdigest()[:12], tuple(dict.fromkeys(hashing.unknown)))


class _Hashing:
    def __init__(self, home: str) -> None:
        self.home = home
        self.digest = hashlib.sha256()
        self.unknown: list[str] = []
        self._within: list[Any] = []
        self._code: list[Any] = []

    def add(self, name: str, value: Any) -> None:
        """Put a value into the hash; ``name`` is what the function calls it."""
        self._put(name, type(value).__qualname__)
        if isinstance(value, (*_PLAIN, np.generic)):
            self._put(repr(value))
        elif isinstance(value, types.ModuleType):
            self._add_module(value.__name__)
        elif isinstance(value, (types.FunctionType, type)):
            self._add_code(value)
        elif not any(value is outer for outer in self._within):  # an object may hold itself
            self._within.append(value)
            self._add_object(name, value)
            self._within.pop()

    def _add_module(self, name: str) -> None:
        self._put(name)
        for each, code in sorted(code_of(name).items() if is_own(name) else ()):
            self._put(each, code)

    def _add_object(self, name: str, value: Any) -> None:
        if isinstance(value, np.ndarray) and value.dtype != object:
            self._put(str(value.dtype), str(value.shape), np.ascontiguousarray(value).tobytes())
        elif isinstance(value, functools.partial):
            self._add_all(name, {"function": value.func, "arguments": value.args, "keywords": value.keywords})
        elif isinstance(value, types.MethodType):
            self._add_all(name, {"self": value.__self__, "function": value.__func__})
        elif isinstance(value, Mapping):
            self._add_all(name, {repr(key): each for key, each in value.items()})
        elif isinstance(value, (list, tuple)):
            self._add_all(name, {str(place): each for place, each in enumerate(value)})
        elif isinstance(value, (set, frozenset)) and all(isinstance(each, _PLAIN) for each in value):
            self._put(*sorted(map(repr, value)))
        elif _is_torch(value):
            self._add_torch(name, value)
        elif callable(value) and isinstance(getattr(value, "__name__", None), str):
            self._add_wrapper(name, value)
        else:
            self._add_instance(name, value)

    def _add_torch(self, name: str, value: Any) -> None:
        self.add(f"type of {name}", type(value))
        if hasattr(value, "state_dict"):
            self._put(repr(value), str(value.training))
        for key, tensor in value.state_dict().items() if hasattr(value, "state_dict") else [("", value)]:
            # By their bytes, for numpy has no bfloat16.
            flat = tensor.detach().cpu().contiguous().flatten()
            data = flat.view(sys.modules["torch"].uint8).numpy().tobytes() if flat.numel() else b""
            self._put(key, str(tensor.dtype), str(tuple(tensor.shape)), data)

    def _add_wrapper(self, name: str, value: Any) -> None:
        """Add what C made callable: a built-in function by its name, a cached one by the function that it calls."""
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None and self._is_at_home(wrapped):
            self.add(name, wrapped)
        else:
            self._put(f"{getattr(value, '__module__', '')}.{value.__name__}")

    def _add_instance(self, name: str, value: Any) -> None:
        self.add(f"type of {name}", type(value))
        if dataclasses.is_dataclass(value):
            self._add_all(name, {field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
        elif self._is_at_home(type(value)) or is_own(type(value).__module__):
            self._add_all(name, getattr(value, "__dict__", {}))
        else:
            self.unknown.append(f"{name} ({type(value).__qualname__})")

    def _add_code(self, value: Any) -> None:
        self._put(f"{value.__module__}.{value.__qualname__}")
        if any(value is known for known in self._code):
            return
        if not self._is_at_home(value):
            self._add_module(value.__module__)
            return
        self._code.append(value)
        if isinstance(value, type):
            # Not by the source of the class, which a notebook does not have.
            self._add_all("base", dict(enumerate(value.__bases__)))
            for name, member in vars(value).items():
                self._add_member(name, getattr(member, "__func__", getattr(member, "fget", member)))
        else:
            self._put(_source(value))
            self._add_all("default", {"": value.__defaults__, **(value.__kwdefaults__ or {})})
            for name, used in _used(value):
                self.add(name, used)
            for name in _imported(value):
                self._add_module(name)

    def _add_member(self, name: str, member: Any) -> None:
        # What a decorator such as dataclass writes into a class has no source, and follows from the rest.
        code = getattr(inspect.unwrap(member), "__code__", None) if isinstance(member, types.FunctionType) else None
        written = code is not None and code.co_filename != "<string>"
        if written or (isinstance(member, _PLAIN) and not name.startswith("__")):
            self.add(name, member)

    def _add_all(self, name: str, values: Mapping[Any, Any]) -> None:
        for key, value in values.items():
            self.add(f"{name}.{key}", value)

    def _is_at_home(self, value: Any) -> bool:
        return _home(value) == self.home

    def _put(self, *texts: str | bytes) -> None:
        for text in texts:
            data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
            self.digest.update(len(data).to_bytes(8, "little") + data)


def _innermost(value: Any) -> Any:
    while isinstance(value, functools.partial):
        value = value.func
    return getattr(value, "__func__", value)


def _home(value: Any) -> str:
    """Return the top-level package of the module that a function or an object's class is of."""
    value = _innermost(value)
    if not isinstance(value, (types.FunctionType, type)):
        value = type(value)
    return str(value.__module__).partition(".")[0]


def _is_torch(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, (torch.Tensor, torch.nn.Module))


def _used(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield name and value of what a function uses of the scopes around it, its inner functions included."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a name that is not bound yet
            continue
    names = {name for code in _codes(function.__code__) for name in _globals(code)}
    yield from ((name, function.__globals__[name]) for name in sorted(names) if name in function.__globals__)


def _imported(function: types.FunctionType) -> Iterator[str]:
    """Yield the modules that a function imports itself, and those below the packages that it uses (``a.b.f()``)."""
    instructions = [each for code in _codes(function.__code__) for each in dis.get_instructions(code)]
    yield from dict.fromkeys(each.argval for each in instructions if each.opname == "IMPORT_NAME")
    words = {each.argval for each in instructions if each.opname in ("LOAD_ATTR", "LOAD_METHOD")}
    packages = {value.__name__ for _, value in _used(function) if isinstance(value, types.ModuleType)}
    for name in sorted(sys.modules):
        above = next((package for package in packages if name.startswith(f"{package}.")), None)
        if above and words.issuperset(name.removeprefix(f"{above}.").split(".")):
            yield name


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _globals(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval


def _source(value: Any) -> str:
    try:
        source = textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        raise _no_source(value) from None
    return _lambda_alone(source) if getattr(value, "__name__", "") == "<lambda>" else source


def _no_source(value: Any) -> UsageError:
    return UsageError(
        f"the source of {quoted(value.__name__)} cannot be read, and it identifies the scores: define a function in a "
        "file "
        "or in a cell of a notebook"
    )


def _lambda_alone(source: str) -> str:
    """Return a lambda without the statement that it stands in, where that has no other."""
    try:
        found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Lambda)]
    except SyntaxError:  # the lines of a lambda are no statement, as inside a call of several lines
        return source
    return ast.unparse(found[0]) if len(found) == 1 else source
