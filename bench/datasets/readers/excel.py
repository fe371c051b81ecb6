"""Reader of Excel sheets (.xlsx, .xls) as tables of text."""

from __future__ import annotations

import io
import zipfile
from datetime import date, time, timedelta
from fnmatch import fnmatchcase
from itertools import zip_longest

from bench.datasets.card import TableSpec
from bench.datasets.readers.text import MAX_BYTES, TextRow, TextTable, need_columns
from bench.errors import UsageError
from bench.io.visible import quoted

_UNPACKED = 4 * MAX_BYTES  # a cell in XML takes a multiple of its text

Value = int | float | str | bool | time | date | timedelta


def parse_sheet(data: bytes, where: str, spec: TableSpec) -> TextTable:
    """Read one sheet, or all whose names match; columns without a heading and empty rows are left out.

    Raises:
        UsageError: it is no workbook, has no such sheet, or would unpack to more than a label file has.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    _refuse_bomb(data, where)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
        chosen = [name for name in names if _is_meant(name, spec.sheet)] if spec.sheet else [names[0]]
        if spec.sheet and not chosen:
            raise UsageError(f"{where} has no sheet {quoted(spec.sheet)}; its sheets are {', '.join(names)[:300]}")
        tables = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in chosen}
    except (CalamineError, IndexError) as error:
        raise UsageError(f"{where} is not an Excel workbook, or is incomplete ({error}): get it again") from None
    return _joined([(name, _table(lines, where, spec)) for name, lines in tables.items()], spec)


def _is_meant(name: str, sheet: str) -> bool:
    return name == sheet or ("*" in sheet and fnmatchcase(name, sheet))


def _joined(tables: list[tuple[str, TextTable]], spec: TableSpec) -> TextTable:
    (_, first), *others = tables
    if "*" not in spec.sheet:
        return first
    for name, other in others:
        need_columns(f"{other.where}, sheet {quoted(name)}", other.header, first.header)
    told = [spec.file] if spec.file else []
    rows = [
        {name: row[name] for name in first.header} | dict.fromkeys(told, sheet.lower())
        for sheet, table in tables
        for row in table.rows
    ]
    return TextTable(first.where, [*first.header, *told], rows)


def _table(lines: list[list[Value]], where: str, spec: TableSpec) -> TextTable:
    if len(lines) < spec.header or not any(lines):
        raise UsageError(f"{where} has only {len(lines)} rows; the header should be row {spec.header}")
    if spec.columns:
        header, rows = list(spec.columns), lines
    else:
        header, rows = _unique([_text(cell) for cell in lines[spec.header - 1]]), lines[spec.header :]
    return TextTable(
        where, [name for name in header if name], [_row(header, row) for row in rows if any(map(_text, row))]
    )


def _refuse_bomb(data: bytes, where: str) -> None:
    if not data.startswith(b"PK"):
        return
    try:
        size = sum(member.file_size for member in zipfile.ZipFile(io.BytesIO(data)).infolist())
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise UsageError(f"{where} is not an Excel workbook, or is incomplete ({error}): get it again") from None
    if size > _UNPACKED:
        raise UsageError(f"{where} unpacks to {size:,} bytes, too many for a label file")


def _unique(header: list[str]) -> list[str]:
    # Authors' sheets repeat headings beside the table; the first of a name is the table's.
    seen: set[str] = set()
    return ["" if name in seen else (seen.add(name) or name) for name in header]  # type: ignore[func-returns-value]


def _row(header: list[str], cells: list[Value]) -> TextRow:
    return {name: _text(cell) for name, cell in zip_longest(header, cells[: len(header)], fillvalue="") if name}


def _text(cell: Value | None) -> str:
    # Excel keeps every number as a float: image 1600 is 1600.0.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
