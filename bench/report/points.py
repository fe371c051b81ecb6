"""Scores and labels of every image, in a compact form for the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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

MOST_POINTS = 15_000
"""Images of a dataset above which the page counts them in bins instead of holding each."""
GRID = 64
"""Bins over the range of the scores, and over that of the labels."""
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
        dataset: its id.
    """

    title: str
    label_name: str
    names: tuple[str, ...]
    labels: FloatArray
    methods: tuple[MethodPoints, ...]
    dataset: str


def collect_points(table: Table, column: DatasetKey) -> DatasetPoints | None:
    """Return the points of a dataset; None where no method has a score with a label."""
    cells = {row: table.cells[row, column] for row in table.rows if (row, column) in table.cells}
    shown = {row: cell for row, cell in cells.items() if cell.correlations.n}
    if not shown:
        return None
    frames = {row: cell.entry.scores(("image", "score", "mos")) for row, cell in shown.items()}
    names, places = _places([frame["image"] for frame in frames.values()])
    labels = np.full(len(names), np.nan)
    for frame, at in zip(frames.values(), places, strict=True):
        labels[at] = frame["mos"].to_numpy(np.float64)
    people = kind_of(table, column) != "synthetic-order"
    methods = tuple(
        _scatter(cell, table.labels[row], _placed(frames[row]["score"], at, len(names)), labels)
        for (row, cell), at in zip(shown.items(), places, strict=True)
    )
    direction = next(iter(shown.values())).dataset.direction
    label_name = "MOS" if people else "synthetic order, no human opinion"
    return DatasetPoints(
        f"{column.dataset}, {column.protocol}",
        f"{label_name} ({direction} is better)",
        names,
        labels,
        methods,
        column.dataset,
    )


def _places(given: Sequence[pd.Series[str]]) -> tuple[tuple[str, ...], list[NDArray[np.intp]]]:
    """Return every name once, and the places of the names of each method among them."""
    place: dict[str, int] = {}
    found: list[NDArray[np.intp]] = []
    for turn, names in enumerate(given):
        alike = next((other for other in range(turn) if given[other].equals(names)), None)
        texts = names.tolist() if alike is None else []
        for name in texts:
            place.setdefault(name, len(place))
        found.append(np.array([place[name] for name in texts], dtype=np.intp) if alike is None else found[alike])
    return tuple(place), found


def _placed(values: pd.Series[float], places: NDArray[np.intp], n: int) -> FloatArray:
    placed = np.full(n, np.nan)
    placed[places] = values.to_numpy(np.float64)
    return placed


def _scatter(cell: Cell, label: str, scores: FloatArray, labels: FloatArray) -> MethodPoints:
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
    """Return plain values for the page's script; arrays are base64 of little-endian float32, NaN where nothing is.

    Of more than ``MOST_POINTS`` images it has only the names of those that methods and people disagree on, and for each
    method the number of images in bins of score and label, so that the page stays small.
    """
    many = len(points.names) > MOST_POINTS
    kept = sorted({each.index for method in points.methods for each in method.worst}) if many else range(0)
    place = {index: at for at, index in enumerate(kept)}
    return {
        "labelName": points.label_name,
        "names": [points.names[index] for index in kept] if many else points.names,
        "labels": None if many else _packed(points.labels),
        "methods": [
            {
                **_method_json(method),
                "worst": [{**vars(each), "index": place.get(each.index, each.index)} for each in method.worst],
                **(_bins_json(method.scores, points.labels) if many else {"scores": _packed(method.scores)}),
            }
            for method in points.methods
        ],
        "pictures": {name: vars(picture) for name, picture in pictures.of.items()},
        "noPictures": pictures.reasons,
    }


def _method_json(method: MethodPoints) -> dict[str, Any]:
    return {
        "label": method.label,
        "scoreName": f"{method.label} ({'higher' if method.higher_is_better else 'lower'} is better)",
        "srcc": method.srcc,
        "curve": [[float(f"{x:.6g}"), float(f"{y:.6g}")] for x, y in method.curve],
        "noCurve": method.no_curve,
        "noWorst": method.no_worst,
    }


def _bins_json(scores: FloatArray, labels: FloatArray) -> dict[str, str]:
    return dict(zip(("scores", "labels", "counts"), map(_packed, binned(scores, labels)), strict=True))


def binned(scores: FloatArray, labels: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count images in GRID x GRID bins over the ranges of scores and labels.

    Args:
        scores: (n,) NaN where there is none.
        labels: (n,) likewise.

    Returns:
        Mean score, mean label and number of images of each bin that has any.

    Example:
        >>> [values.tolist() for values in binned(np.array([0.0, 0.001, 1.0, np.nan]), np.array([0.0, 0.0, 5.0, 1.0]))]
        [[0.0005, 1.0], [0.0, 5.0], [2.0, 1.0]]
    """
    both = np.isfinite(scores) & np.isfinite(labels)
    s, y = scores[both], labels[both]
    rows, columns = (_bins(values) for values in (s, y))
    _, of, counts = np.unique(rows * GRID + columns, return_inverse=True, return_counts=True)
    return np.bincount(of, s) / counts, np.bincount(of, y) / counts, counts.astype(np.float64)


def _bins(values: FloatArray) -> NDArray[np.intp]:
    reach = np.ptp(values)
    share = (values - values.min()) / reach if reach > 0 else np.zeros_like(values)
    return np.minimum((share * GRID).astype(np.intp), GRID - 1)


def _packed(values: FloatArray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def worst_names(points: DatasetPoints) -> list[str]:
    """Return the images that methods and people disagree on most, each once: first the worst of every method."""
    of_each = [sorted(method.worst, key=lambda each: -abs(each.method - each.people)) for method in points.methods]
    turns = [each for turn in zip_longest(*of_each) for each in turn if each is not None]
    return list(dict.fromkeys(points.names[each.index] for each in turns))
