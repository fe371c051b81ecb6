"""Figure of the SRCC between methods on one dataset (``bench plot correlation``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.api import FloatArray
from bench.errors import UsageError
from bench.figures.style import DIVERGING, new_figure, plain
from bench.tables.columns import DatasetKey
from bench.tables.evaluation import signs_of
from bench.tables.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Agreement:
    """SRCC between oriented scores.

    Attributes:
        column: the dataset.
        n: images that every method shown scored.
        methods: labels, alike ones beside each other.
        srcc: (methods, methods).
        left_out: label → why a method is not there.
    """

    column: DatasetKey
    n: int
    methods: list[str]
    srcc: FloatArray
    left_out: dict[str, str]


def agreement(table: Table, column: DatasetKey) -> Agreement:
    """Correlate every two methods of a column on the images that all of them scored.

    Methods are ordered by hierarchical clustering: average linkage of 1 - SRCC.

    Raises:
        UsageError: fewer than two methods, or four images, are left.
    """
    import pandas as pd

    series, left_out = {}, {}
    for row in table.rows:
        cell = table.cells.get((row, column))
        if cell is None:
            continue
        if not cell.entry.complete:
            left_out[table.labels[row]] = cell.no_bootstrap
            continue
        scores = cell.entry.scores().set_index("image")["score"].dropna()
        if scores.nunique() < 2:
            left_out[table.labels[row]] = "gives all images one score"
        else:
            series[table.labels[row]] = signs_of(cell.entry)[0] * scores
    ranked = pd.DataFrame(series).dropna().rank()
    if len(series) < 2 or len(ranked) < 4:
        raise UsageError(
            f"{len(series)} methods scored {len(ranked)} images of {column.dataset} in common: "
            "two methods and four images are needed"
        )
    srcc = np.corrcoef(ranked.to_numpy().T)
    order = _order(srcc)
    methods = [list(series)[place] for place in order]
    return Agreement(column, len(ranked), methods, srcc[np.ix_(order, order)], left_out)


def _order(srcc: FloatArray) -> list[int]:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    # Symmetric and zero on the diagonal but for rounding, which squareform would refuse.
    apart = np.clip(1 - (srcc + srcc.T) / 2, 0, 2)
    np.fill_diagonal(apart, 0)
    return [int(place) for place in leaves_list(linkage(squareform(apart), "average", optimal_ordering=True))]


def heat_map(found: Agreement) -> Figure:
    """Draw the matrix with its values in the cells."""
    count = len(found.methods)
    figure = new_figure(2.4 + 0.46 * count, 1.5 + 0.42 * count)
    axes: Any = figure.subplots()
    image = axes.imshow(found.srcc, cmap=DIVERGING, vmin=-1, vmax=1)
    axes.grid(visible=False)
    for (i, j), value in np.ndenumerate(found.srcc):
        strong = abs(value) > 0.6
        text = f"{value:.2f}".replace("-0.00", "0.00")
        axes.text(j, i, text, ha="center", va="center", fontsize="x-small", color="white" if strong else "black")
    names = [plain(method) for method in found.methods]
    axes.set_yticks(range(count), names, fontsize="x-small")
    axes.set_xticks(range(count), names, fontsize="x-small", rotation=45, ha="right", rotation_mode="anchor")
    axes.set_title(f"{plain(found.column.dataset)} (n = {found.n:,})", fontsize="small")
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label("SRCC between scores, higher is better for all", fontsize="x-small")
    bar.ax.tick_params(labelsize="x-small")
    return figure
