"""Loading the weights of other packages without running what a file brings along.

A pickle can call any function, and a TorchScript archive has code of its own. Here ``torch.load`` takes tensors and
plain values only, whatever its caller asks for, ``torch.jit.load`` takes archives whose code names nothing that
reads or writes files, and the modules that transformers would take from a repository of weights are not run, though
pyiqa trusts those of ``qalign`` and ``compare2score``.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.errors import BenchError

_ONLY, _ANYTHING = "TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
# TorchScript reaches files by few operators. Its text has no escapes, so that none of them goes without its word.
_FORBIDDEN = re.compile(rb"\b(save|load|from_file|read_file|write_file|ops(?!\s*\.\s*prim\b))\b")
_MOST_CODE = 2**24
_HUB_MODULES = f"{os.sep}transformers_modules{os.sep}"  # the package that transformers copies such modules to

_lock = threading.RLock()
_inside = 0
_before: dict[str, str | None] = {}
_load_archive: Any = None
_watching = False


class HostileFileError(BenchError):
    """A file of weights that holds code."""


class HubCodeError(HostileFileError, ValueError):
    """A module from a repository of weights; transformers does without it where it can, as after a ValueError."""


@contextmanager
def only_weights() -> Iterator[None]:
    """Let torch load weights and nothing else while the block runs, in this process; blocks may overlap in threads."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside, _load_archive, _watching
    import torch

    with _lock:
        if not _watching:  # for good: hooks of this kind cannot be taken away
            sys.addaudithook(_refuse_hub_code)
            _watching = True
        _inside += 1
        if _inside > 1:
            return
        _before.update({name: os.environ.get(name) for name in (_ONLY, _ANYTHING)})
        os.environ[_ONLY] = "1"
        os.environ.pop(_ANYTHING, None)
        _load_archive = torch.jit.load
        torch.jit.load = _load_checked


def _leave() -> None:
    global _inside
    import torch

    with _lock:
        _inside -= 1
        if _inside:
            return
        for name, value in _before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        torch.jit.load = _load_archive


def _refuse_hub_code(event: str, arguments: tuple[Any, ...]) -> None:
    # However transformers comes to it, Python tells of code before it runs.
    if event == "exec" and _inside and _HUB_MODULES in (path := getattr(arguments[0], "co_filename", "")):
        raise HubCodeError(f"{path} is a Python module of a repository of weights")


def _load_checked(f: Any, *args: Any, **options: Any) -> Any:
    check_archive(f)
    return _load_archive(f, *args, **options)


def check_archive(file: Any) -> None:
    """Refuse a TorchScript archive whose code could touch files.

    Args:
        file: a path, or an open file, whose position is left as it was.

    Raises:
        HostileFileError: it has such code, or so much that nobody reads it.
        RuntimeError: it is no archive.
    """
    where = file.tell() if hasattr(file, "tell") else None
    try:
        with zipfile.ZipFile(file) as archive:
            code = [each for each in archive.infolist() if each.filename.endswith(".py")]
            if sum(each.file_size for each in code) > _MOST_CODE:
                raise HostileFileError(f"{_name(file)} has over {_MOST_CODE:,} bytes of TorchScript")
            found = next((word for each in code if (word := _FORBIDDEN.search(archive.read(each)))), None)
    except zipfile.BadZipFile as error:
        raise RuntimeError(f"{_name(file)} is no TorchScript archive: {error}") from None
    finally:
        if where is not None:
            file.seek(where)
    if found:
        raise HostileFileError(f"{_name(file)} holds TorchScript that names {found[0].decode()!r}")


def _name(file: Any) -> str:
    return str(getattr(file, "name", file))
