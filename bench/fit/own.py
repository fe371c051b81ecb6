"""``bench fit --features --output``: one regression on all of somebody's ratings, written to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import stats
from bench.api import FloatArray
from bench.datasets.dataset import Dataset
from bench.errors import UsageError
from bench.fit import regression as mos_regression
from bench.fit.data import extract_features
from bench.fit.features import check_features
from bench.fit.regression import FOLDS, PARAMETER, FittedRegression, Regression
from bench.io.atomic import check_replaceable
from bench.plugins.own_ratings import identity_of_features
from bench.plugins.rating_model import RatingModel, is_rating_model
from bench.runs import loading
from bench.runs.cluster_connection import check_scheduler
from bench.runs.jobs import MethodSpec, Settings
from bench.runs.store import Store


@dataclass(frozen=True)
class OwnFit:
    """A regression that was fitted and written.

    Attributes:
        path: of the file.
        n: photographs that it was fitted on.
        left_out: photographs without a rating or without features.
        srcc: SRCC on ratings that the regression had not seen, each fold of contents held out in turn; None where
            there is none.
        reason: why there is none.
    """

    path: Path
    n: int
    left_out: int
    srcc: float | None
    reason: str

    def __str__(self) -> str:
        held = f"SRCC {self.srcc:.3f} on held-out ratings" if self.srcc is not None else f"no SRCC: {self.reason}"
        left = f", {self.left_out:,} left out for want of a rating or of features" if self.left_out else ""
        return f"{self.path}: fitted on {self.n:,} rated photographs{left}; {held}"


def fit_on_ratings(
    spec: MethodSpec,
    ratings: Dataset,
    output: Path,
    store: Store,
    settings: Settings,
    regression: Regression = "ridge",
) -> OwnFit:
    """Fit a regression from a method's features to ratings, and write it to a file for ``bench score --model``.

    Args:
        spec: a method that offers features, with its options (:func:`bench.runs.loading.method_specs`).
        ratings: photographs with a rating each.
        output: the file, which appears whole or not at all.
        store: where the features are kept.
        settings: where they are measured, and ``resize``; None: what the dataset's card asks for.
        regression: which regression.

    Raises:
        UsageError: the method offers no features, too few photographs have a rating and features, or the file cannot be
            written.
        MissingRequirementError: weights are not here and cannot be fetched.
    """
    check_features(spec)
    ratings.check_labels()
    if ratings.within:
        raise UsageError(
            f"--train got {ratings.id!r}, whose labels compare only inside groups ({', '.join(ratings.within)})"
        )
    if not output.parent.is_dir():
        raise UsageError(f"--output got {output}: the folder {output.parent} does not exist")
    check_replaceable(output, own=is_rating_model)
    store.check_writable()
    check_scheduler(settings)
    (ready,) = loading.load_methods([spec])
    measured = extract_features(ready, ratings, settings, store.root)
    vectors = measured.features.vectors
    pairs = zip(ratings.samples, ratings.contents, strict=True)
    kept = [(sample, content) for sample, content in pairs if sample.mos is not None and sample.name in vectors]
    contents = [content for _, content in kept]
    if len(set(contents)) < 2:
        raise UsageError(
            f"--train got {ratings.id!r}, which has {len(set(contents))} different content(s) with a rating and "
            "features: at least two are needed, and thirty or more for a useful fit"
        )
    x = np.stack([vectors[sample.name] for sample, _ in kept])
    y = np.array([sample.mos for sample, _ in kept], dtype=np.float64)
    if np.ptp(y) == 0:
        raise UsageError(f"--train got {ratings.id!r}, whose ratings are all {y[0]:g}: nothing can be fitted on them")
    srcc, reason = _held_out(regression, x, y, contents)
    fitted = mos_regression.fit(regression, x, y, contents)
    about = {
        "kind": regression,
        "ratings": ratings.id,
        "direction": ratings.direction,
        "resize": str(measured.policy),
        "n": len(kept),
        "hashes": [ratings.labels_hash, measured.survey.hash_of(ratings)],
        "held_out_srcc": srcc,
        PARAMETER[regression]: fitted.chosen,
        "features": identity_of_features(ready.method),
    }
    RatingModel(arrays_of(regression, fitted), about).save(output)
    return OwnFit(output, len(kept), len(ratings.samples) - len(kept), srcc, reason)


def _held_out(kind: Regression, x: FloatArray, y: FloatArray, contents: Sequence[str]) -> tuple[float | None, str]:
    """Return the SRCC of predictions for ratings that were not fitted on, or why there is none."""
    folds = stats.content_folds(contents, FOLDS)
    present = np.unique(folds)
    if len(present) < 3:
        return None, "there are fewer than three contents"
    predicted = np.empty(len(y))
    for fold in present:
        held = folds == fold
        seen = [content for content, out in zip(contents, held, strict=True) if not out]
        predicted[held] = mos_regression.fit(kind, x[~held], y[~held], seen).predict(x[held])
    found = stats.correlate(predicted, y, values=("srcc",))
    return found.srcc, found.reasons.get("srcc", "")


def arrays_of(kind: Regression, fitted: FittedRegression) -> dict[str, FloatArray]:
    """Return all that a regression's predictions are computed from, as :class:`RatingModel` has it."""
    model = fitted.model
    arrays = {
        "feature_mean": fitted.features.mean_,
        "feature_scale": fitted.features.scale_,
        "label_mean": fitted.labels.mean_[0],
        "label_scale": fitted.labels.scale_[0],
    }
    if kind == "ridge":
        arrays |= {"coefficients": model.coef_, "intercept": model.intercept_}
    else:
        arrays |= {"support": model.support_vectors_, "dual": model.dual_coef_[0], "intercept": model.intercept_[0]}
        arrays["gamma"] = model._gamma  # scikit-learn says nowhere else which number `scale` stands for
    return {name: np.asarray(value, dtype=np.float64) for name, value in arrays.items()}
