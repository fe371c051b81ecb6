"""Training and test data of ``bench fit --features``: datasets with features of their images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.api import Resize
from bench.datasets.dataset import Dataset
from bench.errors import UsageError
from bench.fit import features as extraction
from bench.fit.features import Features
from bench.io.visible import quoted
from bench.runs.entry import Json
from bench.runs.jobs import LoadedMethod, Settings
from bench.runs.survey import Survey, survey_images


@dataclass(frozen=True, eq=False)
class DatasetFeatures:
    """A dataset under one protocol, with the features of its images.

    Attributes:
        dataset: all of it.
        policy: the protocol's resize.
        survey: of the image files.
        features: of its images.
    """

    dataset: Dataset
    policy: Resize
    survey: Survey
    features: Features

    def identity(self, part: Dataset) -> Json:
        """Identify the dataset or a part of it, as an entry on those images does."""
        return {"id": part.id, "labels": part.labels_hash, "images": self.survey.hash_of(part)}


def check_datasets(train: Sequence[Dataset], targets: Sequence[Dataset], splits: int) -> None:
    """Raise UsageError where a regression cannot be fitted on one of the first or judged on one of the second."""
    ids = [dataset.id for dataset in targets]
    if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
        raise UsageError(
            f"--train and --test give two datasets with the id {quoted(twice)}: leave one out, or rename it"
        )
    for dataset in targets:
        if dataset.within:
            raise UsageError(
                f"dataset {quoted(dataset.id)} has labels that compare only inside groups "
                f"({', '.join(dataset.within)}): "
                "no regression can be fitted on them or tested by them; give another dataset to --train and --test"
            )
    for dataset in train:
        for seed in range(splits):
            check_enough(labelled_training(dataset, seed), seed)


def labelled_training(dataset: Dataset, seed: int) -> Dataset:
    """Return the images with a label of a split's training part."""
    part = dataset.split(f"random:{seed}:training")
    return replace(part, samples=tuple(sample for sample in part.samples if sample.mos is not None))


def check_enough(training: Dataset, seed: int) -> None:
    """Raise UsageError unless content can be held out of a split's training part to choose by."""
    if (found := len(set(training.contents))) < 2:
        raise UsageError(
            f"--train got {quoted(training.id)}, whose part random:{seed}:training has {found} different content(s) "
            "with "
            "labels: at least two are needed, one to fit on and one for validation"
        )


def extract_features(ready: LoadedMethod, dataset: Dataset, settings: Settings, root: Path) -> DatasetFeatures:
    """Return a dataset with its features, extracting those that are not kept.

    Args:
        ready: the method whose features are taken, loaded.
        dataset: its images.
        settings: where they are computed, and the protocol's ``resize``; None for what the dataset asks for.
        root: the results folder.

    Raises:
        UsageError: no image has features.
    """
    survey = survey_images(dataset)
    settings = settings.with_policy(dataset.resize)
    features = extraction.extract(ready, dataset, settings, survey, root)
    if not features.vectors:
        raise UsageError(
            f"--features got {ready.spec.label}, which has no features of any image of {quoted(dataset.id)}; the "
            "reason "
            f"for the first: {next(iter(features.errors.values()))}"
        )
    assert settings.resize is not None
    return DatasetFeatures(dataset, settings.resize, survey, features)
