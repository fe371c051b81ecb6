"""Errors of mapped scores after ITU-T P.1401: RMSE, RMSE that allows for the labels' own error, and outlier ratio.

Declared behaviour: no more images than parameters give no value, and unknown standard deviations or numbers of ratings
give the RMSE alone; both carry a reason. NaN is refused by ``squared_errors`` and not checked here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bench.api import FloatArray
from bench.defaults import CONFIDENCE
from bench.stats.ceiling import squared_errors


@dataclass(frozen=True)
class PredictionErrors:
    """Errors of predicted labels, lower is better.

    Attributes:
        rmse: root of the sum of squared errors over n - d, in the labels' units; None if undefined.
        rmse_star: the same of what each error exceeds the label's confidence interval by; None if undefined.
        outlier_ratio: share of images whose error exceeds that interval, in 0..1; None if undefined.
        reason: why a value is undefined; empty if all are defined.
    """

    rmse: float | None = None
    rmse_star: float | None = None
    outlier_ratio: float | None = None
    reason: str = ""


def prediction_errors(
    predicted: FloatArray, labels: FloatArray, parameters: int, std: ArrayLike | None, n_raters: ArrayLike | None
) -> PredictionErrors:
    """Compute the errors of predicted labels as ITU-T P.1401 does.

    With errors e of n images, d parameters of the mapping, and half-widths c of the labels' 95 % confidence intervals
    (Student's t times std / sqrt(n_raters)): RMSE = sqrt(sum e^2 / (n - d)), RMSE* = sqrt(sum max(0, |e| - c)^2 /
    (n - d)), and the outlier ratio is the share of images with |e| > c.

    Args:
        predicted: (n,) labels predicted by the mapped scores.
        labels: (n,) labels, in the dataset's own units.
        parameters: number of parameters of the mapping that was fitted to these labels.
        std: (n,) standard deviation of the single ratings of each image; None if unknown.
        n_raters: (n,) number of ratings of each image, or one number for all; None if unknown.

    Returns:
        The errors; undefined ones are None, with a reason.

    Raises:
        ValueError: shapes differ, or a standard deviation is negative.

    References:
        ITU-T P.1401, Methods, metrics and procedures for statistical evaluation of objective quality prediction models,
        2020, sections 7.5 to 7.7.

    Example:
        >>> labels = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> found = prediction_errors(labels + [0, 0, 0, 0, 3], labels, 1, std=np.full(5, 1.0), n_raters=25)
        >>> round(found.rmse, 2), round(found.rmse_star, 2), found.outlier_ratio
        (1.5, 1.29, 0.2)
    """
    from scipy.special import stdtrit

    freedom = labels.size - parameters
    if freedom < 1:
        return PredictionErrors(reason=f"too few images for {parameters} parameters")
    error = np.abs(predicted - labels)
    rmse = float(np.sqrt(np.square(error).sum() / freedom))
    squared, reason = squared_errors(labels, std, n_raters)
    if squared is None:
        return PredictionErrors(rmse, reason=reason)
    half = stdtrit(np.asarray(n_raters, dtype=np.float64) - 1, (1 + CONFIDENCE) / 2) * np.sqrt(squared)
    beyond = np.maximum(error - half, 0)
    return PredictionErrors(rmse, float(np.sqrt(np.square(beyond).sum() / freedom)), float(np.mean(error > half)))
