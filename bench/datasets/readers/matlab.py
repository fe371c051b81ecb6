"""MATLAB files (.mat, up to version 7): vectors as the columns of a table of text."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np

from bench.datasets.card import TableSpec
from bench.datasets.readers.text import TextTable
from bench.errors import UsageError


def parse_matlab(data: bytes, where: str, spec: TableSpec) -> TextTable:
    """Read variables that are vectors of numbers or cells of text, one row an element.

    A matrix (N, K) of numbers with K > 1 gives the columns ``name_1`` to ``name_K``, unless ``spec.flatten``
    makes one column of it. Without ``spec.columns``, every variable is read.

    Raises:
        UsageError: it is no such file, lacks a variable, or its variables have different lengths.
    """
    from scipy.io import loadmat

    try:
        variables = loadmat(cast(Any, io.BytesIO(data)))
    except NotImplementedError:
        raise UsageError(f"{where} is of MATLAB's version 7.3 (HDF5): save it again with -v7") from None
    except Exception as error:  # scipy's reader raises whatever the file's damage leads to
        raise UsageError(f"{where} is no MATLAB file, or was cut short ({error}): get it again") from None
    there = [name for name in variables if not name.startswith("__")]
    lacking = [name for name in spec.columns if name not in there]
    if lacking:
        raise UsageError(f"{where} has no variable {' or '.join(lacking)}; it has {', '.join(there)[:300]}")
    columns: dict[str, list[str]] = {}
    for name in spec.columns or there:
        value = variables[name]
        if not isinstance(value, np.ndarray):  # scipy gives sparse matrices and objects as they are
            raise UsageError(f"{where}: the variable {name} is no vector of numbers or texts")
        value = value.ravel(order="F") if spec.flatten else value
        columns.update(_columns(name, value, where))
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UsageError(
            f"{where}: its variables have different lengths ({told}), so no row can be told from another: "
            "this copy was cut; get the authors' file"
        )
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return TextTable(where, list(columns), rows)


def _columns(name: str, value: np.ndarray[Any, Any], where: str) -> dict[str, list[str]]:
    if value.ndim == 2 and min(value.shape) > 1 and value.dtype.kind in "fiu":
        return {f"{name}_{k}": [_text(cell) for cell in column] for k, column in enumerate(value.T, 1)}
    if value.dtype.kind not in "fiubUO":
        raise UsageError(f"{where}: the variable {name} is no vector of numbers or texts")
    return {name: [_text(cell) for cell in value.ravel()]}


def _text(cell: Any) -> str:
    while isinstance(cell, np.ndarray):  # a cell of a cell array is an array of one element
        if cell.size == 0:
            return ""
        cell = cell.ravel()[0]
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() if not isinstance(cell, bool) else str(int(cell))
