"""``bench fit --features``: regressions from a method's features to MOS, fitted and stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.datasets.dataset import Dataset
from bench.extras import require
from bench.fit import data
from bench.fit.data import DatasetFeatures
from bench.fit.features import check_features
from bench.fit.fitting import FitResult, Fitting
from bench.fit.regression import Regression
from bench.io.progress import say, say_failures
from bench.runs import loading
from bench.runs.cluster_connection import check_scheduler
from bench.runs.jobs import MethodSpec, Settings
from bench.runs.store import Store


def fit_on_mos(
    spec: MethodSpec,
    train: Sequence[Dataset],
    test: Sequence[Dataset],
    store: Store,
    settings: Settings,
    *,
    regression: Regression = "ridge",
    splits: int = 10,
    allow_incomplete: bool = False,
) -> Iterator[FitResult]:
    """Fit a regression on each of the splits of each training set and store what it predicts of the test parts.

    Args:
        spec: a method that offers features, with its options (:func:`bench.runs.loading.method_specs`).
        train: datasets to fit on, one after the other; each is predicted too.
        test: further datasets to predict.
        store: where predictions, and the features that were measured, are kept.
        settings: where features are measured, and ``resize``; None: what each dataset's card asks for.
        regression: which regression.
        splits: how many content-disjoint splits, ``random:0`` and so on.
        allow_incomplete: accept copies whose number of images is over 1 % off the complete set's.

    Yields:
        What became of one training set and one predicted set.

    Raises:
        UsageError: no scheduler answers, the method offers no features, or a dataset has too few labels or another
            number of images.
        MissingRequirementError: scikit-learn is not installed, or weights are not here and cannot be fetched.
    """
    require("a regression on opinion scores", "sklearn")
    check_features(spec)
    for dataset in (*train, *test):
        dataset.check_labels()
        if not allow_incomplete:
            dataset.check_count()
    data.check_datasets(train, [*train, *test], splits)
    store.check_writable()
    check_scheduler(settings)
    (ready,) = loading.load_methods([spec])
    measured = [data.extract_features(ready, dataset, settings, store.root) for dataset in (*train, *test)]
    for one in measured:
        _say_failures(one)
    for one in measured[: len(train)]:
        yield from Fitting(ready, regression, splits, one, measured).run(store)


def _say_failures(measured: DatasetFeatures) -> None:
    errors, total = measured.features.errors, len(measured.features)
    say_failures(list(errors.items()), "no features")
    if errors:
        say(f"{measured.dataset.id}: {len(errors)} of {total} images have no features")
