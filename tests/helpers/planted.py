"""Datasets whose MOS is a known function of what a method of the tests measures, and that method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import fakes
import numpy as np
from PIL import Image

from bench.api import FeatureSpace, FloatArray, Method, Photo, Resize
from bench.datasets.dataset import Dataset
from bench.datasets.readers.local import read_local
from bench.errors import ImageError
from bench.fit.data import extract_features
from bench.fit.fitting import FitResult, Fitting
from bench.fit.regression import Regression
from bench.plugins import options
from bench.runs.jobs import LoadedMethod, MethodSpec, Settings, load_methods
from bench.runs.store import Store


class Colours(Method):
    """Features (1, 3): the mean of each channel. Counts what it measures, refuses what `refuse` names."""

    info = fakes.info("colours")
    measured: ClassVar[list[str]] = []
    refuse: ClassVar[set[str]] = set()

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(photo.pixels.mean()) for photo in photos]

    def features(self, photo: Photo) -> FloatArray:
        if photo.name in self.refuse:
            raise ImageError("I do not like it")
        self.measured.append(photo.name)
        return photo.pixels.reshape(-1, 3).mean(axis=0, dtype=np.float64)[None]

    def feature_space(self) -> FeatureSpace:
        return FeatureSpace("weights", ("ava",), ("spaq",))


def colours(seed: int, n: int) -> FloatArray:
    """Return (n, 3) whole numbers in 0..255."""
    return np.random.default_rng(seed).integers(0, 256, (n, 3)).astype(np.float64)


def linear(of: FloatArray) -> FloatArray:
    return 2 * of[:, 0] - of[:, 1] + 0.5 * of[:, 2]


def dataset(
    folder: Path, of: FloatArray, mos: FloatArray, *, references: int = 0, direction: str = "higher"
) -> Dataset:
    """Write images i.png of one colour each, with scores.csv, and read them; `references` images share a reference."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["image,score" + (",reference" if references else "")]
    for i, (colour, label) in enumerate(zip(of, mos, strict=True)):
        Image.fromarray(np.full((6, 6, 3), colour, dtype=np.uint8)).save(folder / f"{i}.png")
        lines.append(f"{i}.png,{label}" + (f",r{i // references}" if references else ""))
    (folder / "scores.csv").write_text("\n".join(lines) + "\n")
    return replace(read_local(folder), direction=direction)  # type: ignore[arg-type]


def ready(method: type[Method] = Colours) -> LoadedMethod:
    return load_methods([MethodSpec(method, options.build(method, {}))])[0]


def fit(
    store: Store, train: Dataset, *others: Dataset, splits: int = 3, regression: Regression = "ridge"
) -> list[FitResult]:
    of = ready()
    measured = [extract_features(of, each, Settings(Resize()), store.root) for each in (train, *others)]
    return Fitting(of, regression, splits, measured[0], measured).run(store)
