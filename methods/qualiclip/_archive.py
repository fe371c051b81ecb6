"""Tensors of a TorchScript archive, read without running the archive's code.

OpenAI publishes CLIP as one. ``torch.jit.load`` would compile and own its code; here only ``data.pkl``
is unpickled, with a table of what it may name, and whatever else it names ends the reading.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .checkpoint_files import RefusedError

_MAX_PICKLE = 16 * 2**20  # CLIP's has less than a megabyte
_MAX_MODULES = 100_000  # modules may be shared, so a small file can pretend to hold any number

_DTYPES = {
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class _Module:
    """Stands for every scripted module; unpickling fills its attributes and calls nothing."""


def is_torchscript(path: Path) -> bool:
    """Say whether a file is a TorchScript archive: a zip with code in it."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Return the parameters and buffers of a TorchScript archive, names as in ``state_dict``.

    Raises:
        RefusedError: the archive names something that no module's state needs, or is too large.
        Exception: whatever zipfile, pickle and torch raise on damaged files.
    """
    with zipfile.ZipFile(path) as archive:
        (name,) = [n for n in archive.namelist() if n.count("/") == 1 and n.endswith("/data.pkl")]
        if archive.getinfo(name).file_size > _MAX_PICKLE:
            raise RefusedError(f"its data.pkl has more than {_MAX_PICKLE:,} bytes")
        with archive.open(name) as file:
            return _collect(_Reader(file, archive, name.removesuffix("data.pkl")).load())


class _Reader(pickle.Unpickler):
    """An unpickler that knows tensors, lists and modules, and refuses every other name."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(file)
        self._archive = archive
        self._root = root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "__torch__" or module.startswith("__torch__."):
            return _Module
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch.jit._pickle", "restore_type_tag"): lambda value, _: value,
            **{("torch.jit._pickle", f"build_{kind}list"): list for kind in ("int", "double", "bool", "tensor")},
        }
        if (module, name) not in known:
            raise RefusedError(f"it names {module[:40]!r} {name[:40]!r}, which no network's weights need")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Tensor:
        _, dtype, key, _, _ = pid
        if key not in self._storages:
            data = bytearray(self._archive.read(f"{self._root}data/{key}"))
            self._storages[key] = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
        return self._storages[key]


def _tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    # as_strided checks that the tensor lies inside the storage.
    return storage.as_strided(size, stride, offset)


def _collect(root: Any) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    todo = [("", root)]
    for _ in range(_MAX_MODULES):
        if not todo:
            return found
        prefix, module = todo.pop()
        for name, value in vars(module).items():
            if isinstance(value, Tensor):
                found[f"{prefix}{name}"] = value
            elif isinstance(value, _Module):
                todo.append((f"{prefix}{name}.", value))
    raise RefusedError(f"it holds more than {_MAX_MODULES:,} modules")
