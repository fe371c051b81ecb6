"""The code of a module and of those that it imports, as far as it is its author's own and not an installed package."""

from __future__ import annotations

import ast
import functools
import importlib.util
import io
import site
import sys
import sysconfig
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

_PACKAGES = frozenset({"site-packages", "dist-packages"})
# Of this package only what computes: what declares, reads and decodes has versions of its own in a score's identity.
_COMPUTING = ("bench.methods", "bench.plugins", "bench.distortions")


def code_of(name: str) -> dict[str, bytes]:
    """Return the code of a module and of what it imports, anywhere and in turn, by the names of the modules.

    Followed are the modules of its own package, and those that are not installed, such as a file beside a script.
    Comments, docstrings, addresses of code (``MethodInfo.code``) and blank lines are left out.

    Args:
        name: of a module; one without a file, such as a notebook's, has no code.

    Example:
        >>> "bench.plugins.module_code" in code_of("bench.plugins.source_hash")
        True
    """
    found: dict[str, bytes] = {}
    home, left = name.partition(".")[0], [name]
    while left:
        name = left.pop()
        file = None if name in found or name == "__main__" else _file(name)
        if file is not None:
            found[name], imported = _read(name, file, file.stat().st_mtime_ns)
            left += [other for other in imported if _is_followed(other, home)]
    return found


@functools.lru_cache(maxsize=1024)
def _read(name: str, file: Path, _changed: int) -> tuple[bytes, tuple[str, ...]]:
    data = file.read_bytes()
    if file.suffix != ".py":
        return data, ()
    return _without_comments(data), tuple(_imports(data, name, file))


def _is_followed(name: str, home: str) -> bool:
    if home == "bench":
        return name.startswith(tuple(f"{package}." for package in _COMPUTING))
    return name.partition(".")[0] == home or is_own(name)


def is_own(name: str) -> bool:
    """Tell whether a module is its author's own: neither installed nor a part of Python or bench.

    Example:
        >>> is_own("json"), is_own("numpy.linalg"), is_own("bench.stats")
        (False, False, False)
    """
    top = name.partition(".")[0]
    file = None if top == "bench" else _top_file(top)
    return file is not None and not _is_installed(file.resolve())


def _is_installed(file: Path) -> bool:
    # By the folders' names too: an environment may take in the packages of another, or of the system.
    named = not _PACKAGES.isdisjoint(file.parts)
    return named or any(file.is_relative_to(folder) for folder in _installed())


def _top_file(name: str) -> Path | None:
    """Return the file of a module that is in no package, imported or not; None for one without a file."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # a script, which has no spec, or one of nobody
        return None
    file = Path(spec.origin or "") if spec and spec.has_location else None
    return file if file and file.is_file() else None


@functools.cache
def _installed() -> tuple[Path, ...]:
    names = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return tuple(Path(name).resolve() for name in (*names, site.getusersitepackages()))


def _file(module: str) -> Path | None:
    """Return the file of a module without importing it, which may take long; None for a name that is no module."""
    if module in sys.modules:
        path = Path(getattr(sys.modules[module], "__file__", None) or "")
        return path if path.is_file() else None
    parent, _, name = module.rpartition(".")
    if not parent:
        return _top_file(module)
    package = _file(parent)
    if package is None or package.name != "__init__.py":
        return None
    places = package.with_name(f"{name}.py"), package.with_name(name) / "__init__.py"
    return next((place for place in places if place.is_file()), None)


def _imports(source: bytes, module: str, file: Path) -> Iterator[str]:
    """Yield what may be the names of modules that a source imports; some are names of what modules hold."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _without_comments(source: bytes) -> bytes:
    """Return a source without comments, docstrings, addresses of code, blank lines and spaces at the ends of lines.

    By their places in the text: what the parser makes of a source differs between versions of Python.
    """
    lines = source.splitlines()
    for start, end in sorted([*_docstrings(source), *_addresses(source, lines)]):
        first, last = lines[start[0] - 1], lines[end[0] - 1]
        lines[start[0] - 1 : end[0]] = [first[: start[1]] + last[end[1] :], *[b""] * (end[0] - start[0])]
    for token in tokenize.tokenize(io.BytesIO(b"\n".join(lines)).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1].decode()[:column].encode()
    return b"\n".join(line.rstrip() for line in lines if line.strip())


_Place = tuple[int, int]


def _addresses(source: bytes, lines: Sequence[bytes]) -> Iterator[tuple[_Place, _Place]]:
    """Yield the places of ``code=...,`` in a ``MethodInfo``: where a method's code is published changes no score."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("MethodInfo"):
            for each in node.keywords:
                if each.arg == "code":
                    row, column = each.end_lineno or 0, each.end_col_offset or 0
                    comma = lines[row - 1][column:].startswith(b",")
                    yield (each.lineno, each.col_offset), (row, column + comma)


def _docstrings(source: bytes) -> Iterator[tuple[_Place, _Place]]:
    """Yield line, from 1, and byte in it of the start and the end of each docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node, clean=False
        ):
            text = node.body[0]
            yield (text.lineno, text.col_offset), (text.end_lineno or 0, text.end_col_offset or 0)
