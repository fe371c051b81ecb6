"""Stored results of methods whose every score a test chooses."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import fakes
from conftest import make_photo

from bench.api import Method
from bench.datasets.dataset import Dataset
from bench.datasets.readers.local import read_local
from bench.plugins import options
from bench.runs import runner
from bench.runs.jobs import MethodSpec, Settings, load_methods
from bench.runs.store import Store

# Scores of eight images whose MOS rises.
RISING = [0.0, 1, 2, 3, 4, 5, 6, 7]
SWAPPED = [1.0, 0, 2, 3, 4, 5, 6, 7]
MIXED = [3.0, 2, 1, 0, 7, 6, 5, 4]
GAPS = [math.nan, math.nan, 2, 3, 4, 5, 6, 7]


def spec(method: type[Method], **given: str) -> MethodSpec:
    return MethodSpec(method, options.build(method, given))


def run(store: Store, photos: Path | Dataset, *methods: type[Method], **settings: object) -> None:
    dataset = read_local(photos) if isinstance(photos, Path) else photos
    runner.run(load_methods([spec(m) for m in methods]), dataset, store, Settings(**settings))  # type: ignore[arg-type]


def another(photos: Path, name: str, number: int) -> Path:
    """Write a dataset beside one that differs by its first photograph and by what is added to its labels."""
    folder = Path(shutil.copytree(photos, photos.parent / name))
    make_photo(folder / "images" / "0.png", 100 + number)
    table = (folder / "scores.csv").read_text()
    (folder / "scores.csv").write_text(table.replace(",1", f",{number + 1}"))
    return folder


def fixed(name: str, values: list[float], **declared: object) -> type[Method]:
    """A method that gives image i the i-th value, and fails where it is NaN."""

    def score(self, photos):  # type: ignore[no-untyped-def]
        return [values[int(Path(photo.name).stem)] for photo in photos]

    about = fakes.info(name, **{"score_range": (-1e3, 1e3), **declared})
    return type(name.title(), (fakes.Brightness,), {"info": about, "score": score})
