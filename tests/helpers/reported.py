"""A store to report on: two rated datasets of which one has hostile names, and one of distortion levels."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import fakes
import numpy as np
import pytest
from conftest import make_photo
from PIL import Image
from stored import run

from bench.api import Method
from bench.datasets.readers.local import read_local
from bench.report.data import Report, gather
from bench.report.pictures import PictureFiles
from bench.runs.store import Store
from bench.tables.evaluation import evaluate
from bench.tables.table import Table, arrange

HOSTILE = (
    "<script>alert(1)</script>.png",
    '"><img src=x onerror=alert(2)>.png',
    "</script><svg onload=alert(3)>.png",
    "'; alert(4);`${alert(5)}`.png",
)
HOSTILE_SET = "<img src=x onerror=alert(6)>"
RATED = 40


def write_set(folder: Path, names: list[str], **columns: list[object]) -> Path:
    random = np.random.default_rng(len(names))
    paths = [make_photo(folder / name, i, (300, 200) if i < 8 else (24, 16)) for i, name in enumerate(names)]
    # Brightness follows such a MOS, so that mappings converge; the rest is noise to disagree about.
    mos = [float(np.asarray(Image.open(path)).mean() + random.normal(0, 8)) for path in paths]
    given: dict[str, list[object]] = {"score": list(mos), **columns}
    with (folder / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", *given])
        writer.writerows(zip(names, *given.values(), strict=True))
    return folder


class Refuses(fakes.Picky):
    """Refuses what has a bracket in its name."""

    info = fakes.info("refuses", score_range=(-1e9, 1e9), trained_on=("koniq10k",))

    def score(self, photos):  # type: ignore[no-untyped-def]
        if bad := next((photo.name for photo in photos if "<script>" in photo.name), None):
            raise fakes.ImageError(f"<b>no</b> {bad}")
        return [float(photo.pixels.std()) for photo in photos]


METHODS: tuple[type[Method], ...] = (fakes.Brightness, fakes.Darkness, Refuses)


def fill(folder: Path) -> Store:
    """Score everything."""
    store = Store(folder / "results")
    plain = write_set(folder / "koniq", [f"{i:02}.png" for i in range(RATED)])
    hostile = write_set(folder / HOSTILE_SET, [*HOSTILE, *(f"{i}.png" for i in range(RATED - len(HOSTILE)))])
    kinds, levels = [f"t{i % 2}" for i in range(20)], [1 + i // 2 % 5 for i in range(20)]
    steps = write_set(folder / "steps", [f"{i}.png" for i in range(20)], type=kinds, level=levels, score=levels)
    order = dataclasses.replace(read_local(steps), kind="synthetic-order", direction="lower")
    for dataset in (plain, hostile, order):
        run(store, dataset, *METHODS)
    return store


def tables(store: Store, draws: int = 50) -> list[Table]:
    with pytest.MonkeyPatch.context() as patch:
        # Mappings onto noise take long to find nothing.
        patch.setattr("bench.stats.mapping.MAX_EVALUATIONS", 100)
        return arrange(evaluate(store.entries()[0], draws))


def report(store: Store, title: str = "Report", **more: object) -> Report:
    return gather(tables(store), title, PictureFiles(), **more)  # type: ignore[arg-type]


def embedded(page: str) -> list[dict[str, Any]]:
    """Return the data that a page embeds."""
    return [json.loads(text) for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)]
