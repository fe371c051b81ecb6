"""Regression from features to MOS, regularised by validation on its own training data.

Features and labels are standardised by the means and deviations of the images fitted on, then comes ridge
regression, or a support vector regression with a Gaussian kernel. Predictions are in the labels' units and direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bench.api import FloatArray
from bench.stats import content_folds

Regression = Literal["ridge", "svr"]
FOLDS = 5
PARAMETER = {"ridge": "alpha", "svr": "C"}
"""The hyperparameter that is selected, by scikit-learn's name."""
# The most regularised first: of equally good ones it is taken.
GRID = {
    "ridge": tuple(10.0**power for power in range(5, -3, -1)),
    "svr": tuple(10.0**power for power in range(-2, 4)),
}
"""The values that are tried."""


@dataclass(frozen=True, eq=False)
class FittedRegression:
    """A regression after fitting.

    Attributes:
        chosen: the value of ``PARAMETER``, one of ``GRID``.
        model: scikit-learn's, between standardised features and standardised labels.
        features: what standardises features.
        labels: what standardises labels.
    """

    chosen: float
    model: Any
    features: Any
    labels: Any

    def predict(self, features: FloatArray) -> FloatArray:
        """Return a label (n,) for each of the features (n, D), in the labels' units and direction."""
        standardised = self.model.predict(self.features.transform(features))
        return np.asarray(self.labels.inverse_transform(standardised[:, None])[:, 0], dtype=np.float64)


def fit(kind: Regression, features: FloatArray, labels: FloatArray, contents: Sequence[str]) -> FittedRegression:
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
    return next(_fit_each(kind, [chosen], features, labels))


def choose(kind: Regression, features: FloatArray, labels: FloatArray, contents: Sequence[str]) -> float:
    """Return the value of the grid with the least squared error on images whose content was not fitted on.

    Args and Raises are those of :func:`fit`.
    """
    folds = content_folds(contents, FOLDS)
    if len(present := np.unique(folds)) < 2:
        raise ValueError("the images have one content: nothing can be held out")
    errors = np.zeros(len(GRID[kind]))
    for fold in present:
        # Standardised anew in every fold: what is held out touches nothing.
        held = folds == fold
        fitted = _fit_each(kind, GRID[kind], features[~held], labels[~held])
        errors += [((one.predict(features[held]) - labels[held]) ** 2).sum() for one in fitted]
    return GRID[kind][int(errors.argmin())]


def _fit_each(
    kind: Regression, values: Sequence[float], features: FloatArray, labels: FloatArray
) -> Iterator[FittedRegression]:
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    of_features, of_labels = StandardScaler().fit(features), StandardScaler().fit(labels[:, None])
    x, y = of_features.transform(features), of_labels.transform(labels[:, None])[:, 0]
    for value in values:
        model = {"ridge": Ridge, "svr": SVR}[kind](**{PARAMETER[kind]: value})
        yield FittedRegression(value, model.fit(x, y), of_features, of_labels)
