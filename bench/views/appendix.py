"""Appendix of a paper's table: what its rows and columns are, with versions, protocols and hashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.tables.table import Table, heading
from bench.views.arranging import Request, arranged
from bench.views.model import Record, Value, View
from bench.views.shown import Views

if TYPE_CHECKING:
    from bench.runs.entry import Entry

_DATASETS = ("dataset", "images", "protocol", "labels", "image files")
_METHODS = ("method", "name", "version", "parameters", "family", "trained on")


def show(entries: Sequence[Entry], request: Request) -> Views:
    """Return a table of the datasets and one of the methods of a paper's tables.

    Args:
        entries: stored results, those of the table.
        request: what the table was asked for with; its names and order are kept.
    """
    tables = arranged(entries, replace(request, draws=0))  # no interval is shown, and SRCC gives the order
    datasets = [record for table in tables for record in _datasets(table)]
    methods = {record["method"]: record for table in tables for record in _methods(table)}
    about_datasets = "Datasets: images, protocols, and hashes of the labels and of the image files."
    about_methods = "Methods: versions, hashes of the parameters, and what they were trained on."
    return Views((_view(_DATASETS, datasets, about_datasets), _view(_METHODS, list(methods.values()), about_methods)))


def _datasets(table: Table) -> Sequence[Record]:
    found = []
    for column in table.columns:
        about = table.about(column)
        values = (table.title(column), about.n, str(column.protocol), column.labels, column.images)
        found.append({**dict(zip(_DATASETS, values, strict=True)), "title": about.title, "notes": list(about.notes)})
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


def _view(heads: Sequence[str], records: Sequence[Record], about: str) -> View:
    lines = [[Value(str(record[head]) or "-") for head in heads] for record in records]
    for record, line in zip(records, lines, strict=True):
        title = record.get("title", "")
        line[0] = replace(
            line[0], notes=(*([title] if title not in ("", line[0].text) else []), *record.get("notes", ()))
        )
    return View([Value(head) for head in heads], [("", lines)], [about], records)
