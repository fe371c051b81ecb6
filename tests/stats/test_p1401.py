"""Errors of mapped scores after ITU-T P.1401."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.stats import prediction_errors

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.uniform(1, 5, 60)
PREDICTED = LABELS + 0.5 * RANDOM.normal(size=60)
STD, RATERS = RANDOM.uniform(0.5, 1, 60), RANDOM.integers(8, 30, 60)


def test_equals_the_recommendation_image_by_image() -> None:
    total = beyond = outliers = 0.0
    for predicted, label, std, raters in zip(PREDICTED, LABELS, STD, RATERS, strict=True):
        error, half = abs(predicted - label), scipy_stats.t.ppf(0.975, raters - 1) * std / math.sqrt(raters)
        total += error**2
        beyond += max(0.0, error - half) ** 2
        outliers += error > half
    found = prediction_errors(PREDICTED, LABELS, 4, STD, RATERS)
    wanted = (math.sqrt(total / 56), math.sqrt(beyond / 56), outliers / 60)
    assert (found.rmse, found.rmse_star, found.outlier_ratio) == pytest.approx(wanted, rel=1e-12)
    assert found.reason == ""


def test_what_is_not_known_has_a_reason() -> None:
    found = prediction_errors(PREDICTED, LABELS, 4, STD, None)
    assert found.rmse is not None
    assert (found.rmse_star, found.outlier_ratio) == (None, None)
    assert found.reason == "the number of each image's ratings is not known"
    assert prediction_errors(LABELS[:4], LABELS[:4], 4, None, None).reason == "too few images for 4 parameters"
