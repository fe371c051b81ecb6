"""Reader of JSON files (.json) as tables of text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench.datasets.card import TableSpec
from bench.datasets.readers.text import TextTable
from bench.errors import UsageError


def parse_json(data: bytes, where: str, spec: TableSpec) -> TextTable:  # noqa: ARG001 - a Reader, as others are
    """Read a list of objects (or one object a line), one a row, or an object of columns of equal lengths.

    Raises:
        UsageError: it is no JSON, or of another form.

    Example:
        >>> parse_json(b'[{"image": "a.png", "mos": 3.5}]', "labels.json", TableSpec(files=())).rows
        [{'image': 'a.png', 'mos': '3.5'}]
        >>> parse_json(b'{"image": ["a.png"], "mos": [3.5]}', "labels.json", TableSpec(files=())).rows
        [{'image': 'a.png', 'mos': '3.5'}]
    """
    try:
        found = _load(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not a JSON file, or is incomplete ({error}): get it again") from None
    records = _records(found, where)
    header = list(dict.fromkeys(name for record in records for name in record))
    return TextTable(where, header, [{name: _text(record.get(name)) for name in header} for record in records])


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines):
            raise
    return [json.loads(line) for line in lines]


def _records(found: Any, where: str) -> list[Mapping[str, Any]]:
    if isinstance(found, list) and all(isinstance(record, dict) for record in found):
        return found
    if isinstance(found, dict) and found and all(isinstance(values, dict) for values in found.values()):
        found = {name: list(values.values()) for name, values in found.items()}  # as pandas writes a table
    if isinstance(found, dict) and all(isinstance(values, list) for values in found.values()):
        lengths = {len(values) for values in found.values()}
        if len(lengths) > 1:
            raise UsageError(f"{where}: its lists have different lengths, so they do not form rows")
        return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    raise UsageError(f"{where}: labels in JSON are a list of objects, one an image, or an object of lists")


def _text(value: Any) -> str:
    # What is no number and no text is shown as it stands where it is taken for one.
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return "" if value is None else str(value).strip()
