"""``fit:METHOD``: regressions from features to a dataset's MOS, one for each content-disjoint split.

For every seed the regression sees the features and labels of ``random:SEED:training`` of one dataset, and predicts
the part ``random:SEED`` of that and of others. No label of a part that is predicted reaches it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from bench.api import Family, MethodInfo
from bench.datasets.dataset import Dataset
from bench.datasets.protocol import Protocol
from bench.fit import features as extraction
from bench.fit import regression as mos_regression
from bench.fit.data import DatasetFeatures, check_enough, labelled_training
from bench.fit.features import Features
from bench.fit.regression import FOLDS, GRID, PARAMETER, FittedRegression, Regression
from bench.io.hashing import short_hash
from bench.plugins.method_source import hash_method
from bench.plugins.own_ratings import PREFIX
from bench.runs.entry import Identity, Json
from bench.runs.jobs import LoadedMethod
from bench.runs.journal import Outcome
from bench.runs.runner import describe_entry
from bench.runs.store import EntryWriter, Store
from bench.runs.versions import versions

VERSION = "1"


@dataclass(frozen=True)
class FitResult:
    """One training set and one set that was predicted, after all splits.

    Attributes:
        label: of the fitted method.
        target: id of the set that was predicted.
        new: splits that were predicted now; the others were stored.
    """

    label: str
    target: str
    new: int


@dataclass(frozen=True, eq=False)
class Fitting:
    """One method's features, one training set, one kind of regression, and all that is predicted.

    Attributes:
        ready: the method whose features are taken, loaded.
        regression: which regression.
        splits: how many; their seeds are 0, 1, ...
        train: what is fitted on.
        targets: what is predicted.
    """

    ready: LoadedMethod
    regression: Regression
    splits: int
    train: DatasetFeatures
    targets: Sequence[DatasetFeatures]

    @property
    def label(self) -> str:
        """The name of the row."""
        return f"{PREFIX}{self.ready.spec.label}[train={self.train.dataset.id},{self.regression}]"

    def run(self, store: Store) -> list[FitResult]:
        """Fit on the training part of every split and store the predictions of every target's test part.

        What is stored already is not fitted again, unless the method's code has changed since; stopped at any moment,
        the same call goes on from there.

        Raises:
            UsageError: too few images have features, or another process writes the same entry.
            BenchError: the disk is full.
        """
        new = np.sum([self._split(seed, store) for seed in range(self.splits)], axis=0)
        return [FitResult(self.label, target.dataset.id, int(n)) for target, n in zip(self.targets, new, strict=True)]

    def _split(self, seed: int, store: Store) -> list[bool]:
        parts = [target.dataset.split(f"random:{seed}") for target in self.targets]
        with ExitStack() as stack:
            writers = [
                stack.enter_context(self._open(target, part, seed, store))
                for target, part in zip(self.targets, parts, strict=True)
            ]
            left = [not writer.complete or writer.code_changed for writer in writers]
            fitted, session = self._fit(seed) if any(left) else (None, None)
            for writer, target, part, needed in zip(writers, self.targets, parts, left, strict=True):
                if fitted and needed:
                    writer.replace(_predict(fitted, target.features, part).values())
                    writer.finish(part, {**session, "finished": _now()} if session else None)
                elif writer.outdated:
                    writer.finish(part, None)
            return left

    def _open(
        self, target: DatasetFeatures, part: Dataset, seed: int, store: Store
    ) -> AbstractContextManager[EntryWriter]:
        size = target.survey.protocol_size(target.dataset)
        protocol = Protocol(f"random:{seed}", str(target.policy), size=size, saved_as=target.dataset.saved_as)
        described = {**describe_entry(self.label, self._declared(), part), "source": "fit", "fit": self._about(target)}
        identity = Identity(self._identity(), target.identity(part), protocol)
        return store.write(identity, described, code=hash_method(self.ready.spec.method))

    def _about(self, target: DatasetFeatures) -> Json:
        return {
            "train": self.train.dataset.id,
            "features": self.ready.spec.label,
            "regression": self.regression,
            "splits": self.splits,
            "whole": {**target.identity(target.dataset), "n": len(target.dataset.samples)},
        }

    def _identity(self) -> Json:
        features, whole = extraction.identity(self.ready), self.train.dataset
        names = [sample.name for sample in whole.samples]
        about = {
            **self.train.identity(whole),
            "contents": short_hash(sorted(zip(names, whole.contents, strict=True))),
            "resize": str(self.train.policy),
        }
        # All that determines the coefficients but the seed, which is in the protocol.
        determined_by = [VERSION, features, about, self.regression, FOLDS, GRID[self.regression]]
        return {
            "name": PREFIX + features["name"],
            "version": self._declared().version,
            "options": {**features["options"], "regression": self.regression},
            "fingerprint": short_hash(determined_by),
            "features": features,
            "train": about,
        }

    def _declared(self) -> MethodInfo:
        info, space = self.ready.method.declared(), self.ready.method.feature_space()
        return dataclasses.replace(
            info,
            name=PREFIX + info.name,
            version=f"{VERSION} on {info.name} {info.version}",
            family=Family.MOS_TRAINED,
            opinion_aware=True,
            trained_on=(self.train.dataset.id, *space.trained_on),
            selected_on=space.selected_on,
            score_range=(-math.inf, math.inf),
            # It gives labels of its training set: where those are DMOS, lower is better.
            higher_is_better=self.train.dataset.direction == "higher",
            summary=f"{self.regression} regression from {info.name}'s features to MOS",
            aliases=(),
        )

    def _fit(self, seed: int) -> tuple[FittedRegression, Json]:
        started, vectors = _now(), self.train.features.vectors
        part = labelled_training(self.train.dataset, seed)
        training = replace(part, samples=tuple(sample for sample in part.samples if sample.name in vectors))
        check_enough(training, seed)
        x = np.stack([vectors[sample.name] for sample in training.samples])
        y = np.array([sample.mos for sample in training.samples], dtype=np.float64)
        fitted = mos_regression.fit(self.regression, x, y, training.contents)
        session = {
            "started": started,
            "device": self.ready.spec.device,
            "fitted_on": len(y),
            "left_out": len(part.samples) - len(y),
            PARAMETER[self.regression]: fitted.chosen,
            "versions": versions(),
        }
        return fitted, session


def _predict(fitted: FittedRegression, features: Features, part: Dataset) -> dict[str, Outcome]:
    names = [sample.name for sample in part.samples if sample.name in features.vectors]
    outcomes = {sample.name: Outcome(sample.name, None, features.errors.get(sample.name)) for sample in part.samples}
    if names:
        scores = fitted.predict(np.stack([features.vectors[name] for name in names]))
        outcomes |= {name: Outcome(name, float(score)) for name, score in zip(names, scores, strict=True)}
    return outcomes


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
