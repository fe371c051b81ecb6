"""A regression from frozen features to MOS; how far it is regularised is chosen inside the data that it is given.

Features and labels are standardised by the means and deviations of the images fitted on, then comes ridge
regression, or a support vector regression with a Gaussian kernel. Predictions are in the labels' units and direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bench.api import FloatArray
from bench.stats import content_folds

Regression = Literal["ridge", "svr"]
FOLDS = 5
PARAMETER = {"ridge": "alpha", "svr": "C"}
"""What is chosen, by scikit-learn's name."""
# The most regularised first: of equally good ones it is taken.
GRID = {
    "ridge": tuple(10.0**power for power in range(5, -3, -1)),
    "svr": tuple(10.0**power for power in range(-2, 4)),
}
"""The values that are tried."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A regression after fitting.

    Attributes:
        chosen: the value of ``PARAMETER``, one of ``GRID``.
        model: scikit-learn's.
    """

    chosen: float
    model: Any

    def predict(self, features: FloatArray) -> FloatArray:
        """Return a label (n,) for each of the features (n, D), in the labels' units and direction."""
        return np.asarray(self.model.predict(features), dtype=np.float64)


def fit(kind: Regression, features: FloatArray, labels: FloatArray, contents: Sequence[str]) -> Fitted:
    """Fit a regression, after choosing its parameter by the squared error on content-disjoint folds.

    Args:
        kind: which regression.
        features: (n, D), finite.
        labels: (n,), finite, in any units and direction.
        contents: the content (reference, scene, prompt) of each image, at least two different ones.

    Raises:
        ValueError: there is one content only.
    """
    chosen = choose(kind, features, labels, contents)
    return Fitted(chosen, _model(kind, chosen).fit(features, labels))


def choose(kind: Regression, features: FloatArray, labels: FloatArray, contents: Sequence[str]) -> float:
    """Return the value of the grid with the least squared error on images whose content was not fitted on.

    Args and Raises are those of :func:`fit`.
    """
    folds = content_folds(contents, FOLDS)
    held_out = [folds == fold for fold in np.unique(folds)]
    if len(held_out) < 2:
        raise ValueError("the images have one content: nothing can be held out")
    errors = {value: sum(_error(kind, value, features, labels, held) for held in held_out) for value in GRID[kind]}
    return min(errors, key=lambda value: errors[value])


def _error(kind: Regression, value: float, features: FloatArray, labels: FloatArray, held: Any) -> float:
    # Standardised anew in every fold: what is held out touches nothing.
    model = _model(kind, value).fit(features[~held], labels[~held])
    return float(((model.predict(features[held]) - labels[held]) ** 2).sum())


def _model(kind: Regression, value: float) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    regression = {"ridge": Ridge, "svr": SVR}[kind](**{PARAMETER[kind]: value})
    return TransformedTargetRegressor(make_pipeline(StandardScaler(), regression), transformer=StandardScaler())
