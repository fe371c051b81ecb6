"""Reader of JSON files (.json) as tables of text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench.datasets.card import TableSpec
from bench.datasets.readers.text import TextTable
from bench.errors import UsageError


def parse_json(data: bytes, where: str, spec: TableSpec) -> TextTable:  # noqa: ARG001 - a Reader, as others are
    """Read a list of objects, one a row, or an object of lists of equal lengths, one a column.

    Raises:
        UsageError: it is no JSON, or of another form.

    Example:
        >>> parse_json(b'[{"image": "a.png", "mos": 3.5}]', "labels.json", TableSpec(files=())).rows
        [{'image': 'a.png', 'mos': '3.5'}]
        >>> parse_json(b'{"image": ["a.png"], "mos": [3.5]}', "labels.json", TableSpec(files=())).rows
        [{'image': 'a.png', 'mos': '3.5'}]
    """
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not a JSON file, or is incomplete ({error}): get it again") from None
    records = _records(found, where)
    header = list(dict.fromkeys(name for record in records for name in record))
    return TextTable(where, header, [{name: _text(record.get(name), where) for name in header} for record in records])


def _records(found: Any, where: str) -> list[Mapping[str, Any]]:
    if isinstance(found, list) and all(isinstance(record, dict) for record in found):
        return found
    if isinstance(found, dict) and all(isinstance(values, list) for values in found.values()):
        lengths = {len(values) for values in found.values()}
        if len(lengths) > 1:
            raise UsageError(f"{where}: its lists have different lengths, so they do not form rows; get it again")
        return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    raise UsageError(f"{where}: labels in JSON are a list of objects, one an image, or an object of lists")


def _text(value: Any, where: str) -> str:
    if isinstance(value, (dict, list)):
        raise UsageError(f"{where}: a row has an object or a list in place of a number or a text")
    return "" if value is None else str(value).strip()
