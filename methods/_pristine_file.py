"""Reading the arrays of a pristine model from an untrusted .npz or .mat file."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bench.errors import BenchError, UsageError
from bench.plugins.gaussian import read_npz

_Model = TypeVar("_Model")


def load_arrays(
    method: str, path: Path, most: int, mat_names: tuple[str, ...], check: Callable[[Mapping[str, Any]], _Model]
) -> _Model:
    """Read a method's model from a file that this project, or the method's original release, wrote.

    Args:
        method: name, as errors and ``bench fit`` have it.
        path: the file.
        most: bytes that it may have.
        mat_names: variables to read from a .mat.
        check: turns arrays into a model; a UsageError of it is a reason, to go on with after the file's name.

    Raises:
        UsageError: the file is too large, damaged, of another kind, or holds no valid model.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise UsageError(f"it has more than {most:,} bytes, which is more than a model can have")
        return check(read_npz(data, most) if data.startswith(b"PK") else _read_mat(data, mat_names))
    except BenchError as error:
        reason = str(error)
    # Damaged files make numpy and scipy raise nearly anything: zlib.error, KeyError, MemoryError ...
    except Exception as error:
        reason = f"it cannot be read as .npz or .mat ({type(error).__name__})"
    raise UsageError(f"{method}, option model: {path}: {reason}; give a file written by `bench fit {method}`")


def _read_mat(data: bytes, names: tuple[str, ...]) -> Mapping[str, Any]:
    from scipy.io import loadmat  # slow to import and seldom needed

    arrays: Mapping[str, Any] = loadmat(io.BytesIO(data), variable_names=names)  # type: ignore[arg-type]  # the stubs know no open files
    return arrays
