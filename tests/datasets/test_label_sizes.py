"""No label file is read that is larger than one is, whatever names it and wherever it lies."""

from __future__ import annotations

import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, make_photo

from bench.datasets.readers.text import MAX_BYTES
from bench.io.images import MAX_FILE_BYTES

CARD = """
id = "set"
title = "Set"
kind = "authentic"
n = 1
licence = "CC0"
source = "https://example.org/set"
citation = "none"
[labels]
files = ["{labels}"]
image = "image"
score = "score"
direction = "higher"
range = [0, 100]
"""
BESIDE = """
[[labels.beside]]
files = ["more.csv"]
on = "image"
"""


def too_large(path: Path) -> None:
    """Write a file that is too large, smaller than an image may be, of which the disk holds nothing."""
    with path.open("wb") as file:
        file.truncate(3 * MAX_BYTES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_photo(tmp_path / "set" / "a.png", 1)
    return tmp_path / "set"


def refused(bench: Callable[..., Ran], *dataset: object) -> None:
    """Run on a dataset, and see that it ends with the size before it takes the memory."""
    assert 3 * MAX_BYTES < MAX_FILE_BYTES
    tracemalloc.start()
    done = bench("run", "--method", "bytes-per-pixel", *dataset)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.code == 2
    assert f"{MAX_BYTES:,}" in done.err or f"{MAX_BYTES >> 20} MiB" in done.err
    assert taken < 2 * MAX_BYTES


def test_of_a_folder_and_by_its_own_path(bench: Callable[..., Ran], folder: Path) -> None:
    too_large(folder / "scores.csv")
    refused(bench, "--dataset", folder)
    refused(bench, "--dataset", folder / "scores.csv")


def test_of_a_zip(bench: Callable[..., Ran], folder: Path, tmp_path: Path) -> None:
    too_large(folder / "scores.csv")
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(folder / "a.png", "a.png")
        archive.write(folder / "scores.csv", "scores.csv")
    refused(bench, "--dataset", tmp_path / "set.zip")


@pytest.mark.parametrize("suffix", ["csv", "txt", "json", "xlsx", "mat"])
def test_of_a_card(bench: Callable[..., Ran], folder: Path, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "set.toml").write_text(CARD.format(labels=f"labels.{suffix}"))
    too_large(folder / f"labels.{suffix}")
    refused(bench, "--dataset", tmp_path / "set.toml", "--root", f"set={folder}")


def test_of_a_table_beside_it(bench: Callable[..., Ran], folder: Path, tmp_path: Path) -> None:
    (tmp_path / "set.toml").write_text(CARD.format(labels="labels.csv") + BESIDE)
    (folder / "labels.csv").write_text("image,score\na.png,3\n")
    too_large(folder / "more.csv")
    refused(bench, "--dataset", tmp_path / "set.toml", "--root", f"set={folder}")
