"""Methods of a Python file of one's own (``--plugin``), which no package offers.

The file is imported as a module that only this process knows. Other processes get the file's text with the methods that
they are sent (:func:`files_to_send`), and import it first.
"""

from __future__ import annotations

import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bench.api import Method, MethodInfo, register, registered
from bench.errors import UsageError, counted, listed
from bench.io.progress import note
from bench.plugins.functions import FunctionMethod
from bench.plugins.functions import method as method_of
from bench.plugins.source_hash import hash_function

_MODULE = "bench_plugin_"


class Offered(NamedTuple):
    """A method of a file.

    Attributes:
        method: the class.
        assumed: whether the file does not say which direction is better, so that higher is taken to be.
    """

    method: type[Method]
    assumed: bool


@dataclass(frozen=True)
class Plugin:
    """A Python file that was imported.

    Attributes:
        path: of the file.
        text: its content.
        methods: by name, what it offers unasked: its classes, and functions that :func:`bench.method` decorates; where
            it has neither, its plain functions.
        functions: by name, methods made of the plain functions beside those.
    """

    path: Path
    text: bytes
    methods: Mapping[str, Offered]
    functions: Mapping[str, Offered]

    def __reduce__(self) -> tuple[Callable[..., Plugin], tuple[Path, bytes, dict[str, str]]]:
        every = {**self.methods, **self.functions}.items()
        digests = {name: m.digest for name, (m, _) in every if issubclass(m, FunctionMethod)}
        return _received, (self.path, self.text, digests)


_loaded: dict[str, Plugin] = {}  # by the names of their modules


def load_plugins(paths: Iterable[str | Path]) -> list[Plugin]:
    """Import files, and register their methods in this process.

    Args:
        paths: of Python files. Modules beside one can be imported in it, as in a script.

    Raises:
        UsageError: a file cannot be imported or has no method, or two have one name.
    """
    files = list(dict.fromkeys(Path(path).expanduser() for path in paths))
    names = [_module_name(path) for path in files]
    if again := next((path for path in files if names.count(_module_name(path)) > 1), None):
        raise UsageError(f"--plugin got two files with the name {again.name}: rename one")
    plugins = [_load(path, _read(path)) for path in files]
    for plugin in plugins:
        for offered in plugin.methods.values():
            _register(offered, plugin)
    return plugins


def choose_methods(names: Sequence[str], plugins: Sequence[Plugin]) -> tuple[str, ...]:
    """Return the names of the methods to run, and register plain functions that are among them.

    Args:
        names: what the user named; empty: the one method of the plugins.
        plugins: what the user gave.

    Returns:
        The names; none where there are no plugins.

    Raises:
        UsageError: nothing is named, and the plugins have several methods.
    """
    for plugin in plugins:
        for name in plugin.functions.keys() & set(names):
            _register(plugin.functions[name], plugin)
    offered = [name for plugin in plugins for name in plugin.methods]
    if not names and len(offered) > 1:
        raise UsageError(
            f"--plugin offers {counted(len(offered), 'method')}, {listed(offered)}: say which with --method NAME"
        )
    return tuple(names or offered)


def files_to_send() -> tuple[Plugin, ...]:
    """Return the files that another process must import before it can be sent their methods.

    Where cloudpickle takes the content of their modules along, as to a cluster, they need not be sent.
    """
    cloudpickle = sys.modules.get("cloudpickle")
    taken = cloudpickle.list_registry_pickle_by_value() if cloudpickle else ()
    return tuple(plugin for name, plugin in _loaded.items() if name not in taken)


def _received(path: Path, text: bytes, digests: Mapping[str, str]) -> Plugin:
    """Import a file that another process sent, with the hashes of its functions."""
    plugin = _loaded.get(_module_name(path))
    if plugin is None or plugin.text != text:
        plugin = _load(path, text)
    every = {**plugin.methods, **plugin.functions}
    for name, digest in digests.items():
        _set_digest(every[name].method, digest)
    return plugin


def _module_name(path: Path) -> str:
    return _MODULE + re.sub(r"\W", "_", path.stem)


def _read(path: Path) -> bytes:
    if path.suffix != ".py" or not path.is_file():
        raise UsageError(f"--plugin got {path}, which is no Python file: give the path of one, such as mine.py")
    return path.read_bytes()


def _load(path: Path, text: bytes) -> Plugin:
    path = path.absolute()
    module = _imported(path, text)
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
    classes = [_of_class(value, name) for name, value in own.items() if _is_method(value)]
    functions = [_of_function(value, module) for name, value in own.items() if _takes_one_image(name, value)]
    if not classes and not functions:
        raise UsageError(
            f"--plugin got {path.name}, which has no method: write a function of one image, or a subclass of "
            "bench.Method with a function `score`"
        )
    _check_names(classes, path)
    by_name = [{each.method.info.name: each for each in some} for some in (classes, functions)]
    plugin = Plugin(path, text, *(by_name if classes else reversed(by_name)))
    _loaded[module.__name__] = plugin
    return plugin


def _check_names(classes: Sequence[Offered], path: Path) -> None:
    names: dict[str, str] = {}
    for method, _ in classes:
        other = names.setdefault(method.info.name, method.__name__)
        if other != method.__name__:
            raise UsageError(
                f"--plugin got {path.name}, where {other} and {method.__name__} have one name, {method.info.name!r}: "
                "give each an `info` of its own"
            )


def _imported(path: Path, text: bytes) -> ModuleType:
    name = _module_name(path)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # at the end: a file beside it must not hide a package
    registered[:] = [method for method in registered if method.__module__ != name]
    _loaded.pop(name, None)
    module = ModuleType(name)
    module.__file__ = str(path)
    module.__spec__ = ModuleSpec(name, None, origin=str(path))
    module.__spec__.has_location = True
    sys.modules[name] = module
    try:
        # Not by an importer, which would leave a __pycache__ beside the file.
        exec(compile(text, str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        reason = " ".join(f"{type(error).__name__}: {getattr(error, 'msg', error)}".split())
        if isinstance(error, SystemExit):
            reason = 'it ends the program there: put what only a script does below `if __name__ == "__main__":`'
        raise UsageError(f"--plugin got {path.name}, which cannot be imported: {_line(error, path)}{reason}") from None
    return module


def _line(error: BaseException, path: Path) -> str:
    """Say in which line of the file an error arose; empty where it was in none."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines = [error.lineno]
    return f"line {lines[-1]}: " if lines else ""


def _is_method(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Method) and not inspect.isabstract(value)


def _takes_one_image(name: str, value: object) -> bool:
    if name.startswith("_") or not inspect.isfunction(value):
        return False
    try:
        inspect.signature(value).bind(None)
    except TypeError:
        return False
    return True


def _of_class(method: type[Method], name: str) -> Offered:
    """Complete a class that stands in its module under a name."""
    assumed = False
    if not isinstance(getattr(method, "info", None), MethodInfo):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", method.__name__).lower()
        higher, assumed = _direction(method)
        method.info = MethodInfo(name=words, higher_is_better=higher)
    if issubclass(method, FunctionMethod):
        # By these names another process finds them.
        method.__qualname__ = method.__name__ = name
        if method.Options is not Method.Options:
            method.Options.__module__, method.Options.__qualname__ = method.__module__, f"{name}.Options"
        method.portable = True
    return Offered(method, assumed)


def _of_function(function: Callable[..., Any], module: ModuleType) -> Offered:
    higher, assumed = _direction(function)
    made = method_of(function, higher_is_better=higher)
    name = f"_method_{function.__name__}"
    setattr(module, name, made)
    return Offered(_of_class(made, name).method, assumed)


def _direction(value: object) -> tuple[bool, bool]:
    """Return whether higher is better, and whether that is only assumed."""
    said = getattr(value, "higher_is_better", None)
    return (said, False) if isinstance(said, bool) else (True, True)


def _register(offered: Offered, plugin: Plugin) -> None:
    method = register(offered.method)
    if issubclass(method, FunctionMethod):
        found = hash_function(method.function)
        _set_digest(method, found.digest)  # which a process without the source could not find
        method.note_unknown(found.unknown)
    if offered.assumed:
        plain = issubclass(method, FunctionMethod)
        how = "@bench.method(higher_is_better=False) above it" if plain else "higher_is_better = False in it"
        note(
            f"{plugin.path.name} does not say which direction of {method.info.name} is better, so higher is taken as "
            f"better; if lower is, write {how}"
        )


def _set_digest(method: type[Method], digest: str) -> None:
    assert issubclass(method, FunctionMethod)
    method.digest = digest
