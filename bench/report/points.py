"""Scores and labels of every image, in a compact form for the page."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.api import FloatArray
from bench.report.disagreements import Disagreement, disagree
from bench.report.pictures import EmbeddedPictures
from bench.tables.averages import kind_of
from bench.tables.cell import Cell
from bench.tables.columns import DatasetKey
from bench.tables.table import Table
from bench.views.words import number

if TYPE_CHECKING:
    import pandas as pd

_CURVE = 121  # points of a drawn mapping


@dataclass(frozen=True)
class MethodPoints:
    """The points of one method.

    Attributes:
        label: of its row.
        scores: (n,) raw, NaN where the method has none.
        higher_is_better: direction of the scores.
        srcc: in words.
        curve: (score, mapped score in the labels' units).
        no_curve: why there is none.
        worst: where method and people disagree most.
        no_worst: why that cannot be said.
    """

    label: str
    scores: FloatArray
    higher_is_better: bool
    srcc: str
    curve: tuple[tuple[float, float], ...]
    no_curve: str
    worst: tuple[Disagreement, ...]
    no_worst: str


@dataclass(frozen=True)
class DatasetPoints:
    """One dataset.

    Attributes:
        title: dataset and protocol.
        label_name: what the labels are.
        names: of the images.
        labels: (n,) in the dataset's units, NaN where an image has none.
        methods: at least one.
    """

    title: str
    label_name: str
    names: tuple[str, ...]
    labels: FloatArray
    methods: tuple[MethodPoints, ...]


def collect_points(table: Table, column: DatasetKey) -> DatasetPoints | None:
    """Return the points of a dataset; None where no method has a score with a label."""
    cells = {row: table.cells[row, column] for row in table.rows if (row, column) in table.cells}
    shown = {row: cell for row, cell in cells.items() if cell.correlations.n}
    if not shown:
        return None
    frames = {row: cell.entry.scores() for row, cell in shown.items()}
    place: dict[str, int] = {}
    for frame in frames.values():
        for name in frame["image"]:
            place.setdefault(name, len(place))
    labels = np.full(len(place), np.nan)
    for frame in frames.values():
        labels[[place[name] for name in frame["image"]]] = frame["mos"].to_numpy(np.float64)
    people = kind_of(table, column) != "synthetic-order"
    methods = tuple(_scatter(cell, table.labels[row], frames[row], place, labels) for row, cell in shown.items())
    direction = next(iter(shown.values())).dataset.direction
    label_name = "MOS" if people else "synthetic order, no human opinion"
    return DatasetPoints(
        f"{column.dataset}, {column.protocol}", f"{label_name} ({direction} is better)", tuple(place), labels, methods
    )


def _scatter(cell: Cell, label: str, frame: pd.DataFrame, place: Mapping[str, int], labels: FloatArray) -> MethodPoints:
    scores = np.full(len(place), np.nan)
    scores[[place[name] for name in frame["image"]]] = frame["score"].to_numpy(np.float64)
    srcc, higher = cell.correlations.srcc, bool(cell.method.higher_is_better)
    curve, no_curve = _curve(cell, scores)
    no_worst = _no_people(cell)
    return MethodPoints(
        label,
        scores,
        higher,
        f"SRCC {number(srcc)}, n = {cell.correlations.n:,}" if srcc is not None else cell.correlations.reasons["srcc"],
        curve,
        no_curve,
        () if no_worst else disagree(scores, labels, higher, cell.dataset.direction == "higher"),
        no_worst,
    )


def _curve(cell: Cell, scores: FloatArray) -> tuple[tuple[tuple[float, float], ...], str]:
    mapping = cell.correlations.mapping
    if mapping is None:
        return (), cell.correlations.reasons.get("plcc_log4", "no mapping was fitted")
    x = np.linspace(np.nanmin(scores), np.nanmax(scores), _CURVE)
    return tuple((float(a), float(b)) for a, b in zip(x, mapping.predict(x), strict=True)), ""


def _no_people(cell: Cell) -> str:
    if cell.dataset.kind == "synthetic-order":
        return "the labels are a synthetic order, and no human opinion is there to disagree with"
    if cell.dataset.within:
        return f"labels compare only inside ({', '.join(cell.dataset.within)}) groups"
    return ""


def as_json(points: DatasetPoints, pictures: EmbeddedPictures) -> dict[str, Any]:
    """Return plain values for the page's script; arrays are base64 of little-endian float32, NaN where nothing is."""
    return {
        "labelName": points.label_name,
        "names": points.names,
        "labels": _packed(points.labels),
        "methods": [_method_json(method) for method in points.methods],
        "pictures": {name: vars(picture) for name, picture in pictures.of.items()},
        "noPictures": pictures.reasons,
    }


def _method_json(method: MethodPoints) -> dict[str, Any]:
    return {
        "label": method.label,
        "scoreName": f"{method.label} ({'higher' if method.higher_is_better else 'lower'} is better)",
        "scores": _packed(method.scores),
        "srcc": method.srcc,
        "curve": [[float(f"{x:.6g}"), float(f"{y:.6g}")] for x, y in method.curve],
        "noCurve": method.no_curve,
        "worst": [vars(each) for each in method.worst],
        "noWorst": method.no_worst,
    }


def _packed(values: FloatArray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def worst_names(points: DatasetPoints) -> list[str]:
    """Return the images that methods and people disagree on most, each once: first the worst of every method."""
    of_each = [sorted(method.worst, key=lambda each: -abs(each.method - each.people)) for method in points.methods]
    turns = [each for turn in zip_longest(*of_each) for each in turn if each is not None]
    return list(dict.fromkeys(points.names[each.index] for each in turns))
