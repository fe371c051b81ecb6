"""Appendix of a paper's table: what its rows and columns are, with versions, protocols and hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.tables.table import Table, heading
from bench.views.arranging import Request, arranged
from bench.views.model import Record, Value, View
from bench.views.shown import Views

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_DATASETS = ("dataset", "title", "images", "protocol", "labels", "image files", "notes")
_METHODS = ("method", "name", "version", "parameters", "family", "trained on")


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return a table of the datasets and one of the methods of a paper's tables.

    Args:
        entries: stored results, those of the table.
        request: what the table was asked for with; its names and order are kept.
    """
    tables = arranged(entries, request, ())
    datasets = [record for table in tables for record in _datasets(table)]
    methods = {record["method"]: record for table in tables for record in _methods(table)}
    return Views((_view(_DATASETS, datasets), _view(_METHODS, list(methods.values()))))


def _datasets(table: Table) -> Sequence[Record]:
    found = []
    for column in table.columns:
        about = table.about(column)
        values = (about.title, str(about.n), str(column.protocol), column.labels, column.images, "; ".join(about.notes))
        found.append(dict(zip(_DATASETS, (table.title(column), *values), strict=True)))
    return found


def _methods(table: Table) -> Sequence[Record]:
    cells = {row: cell for (row, _), cell in table.cells.items()}
    found = []
    for row in table.rows:
        about = cells[row].method
        version = "imported" if cells[row].entry.source == "import" else row.version
        values = (about.name, version, row.fingerprint, heading(about), ", ".join(about.trained_on))
        found.append(dict(zip(_METHODS, (table.labels[row], *values), strict=True)))
    return found


def _view(heads: Sequence[str], records: Sequence[Record]) -> View:
    lines = [[Value(str(record[head]) or "-") for head in heads] for record in records]
    return View([Value(head) for head in heads], [("", lines)], records=records)
