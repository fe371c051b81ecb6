"""The embedded dataset, built small: one photograph at a short side of 64 pixels."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.datasets import sample_set as sample
from bench.distortions import DISTORTIONS
from bench.errors import MissingRequirementError, UsageError


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sample, "PHOTOGRAPHS", tuple(p for p in sample.PHOTOGRAPHS if p.name == "chelsea"))
    monkeypatch.setattr(sample, "SHORT_SIDE", 64)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_listed_image_is_there_and_decodes() -> None:
    folder = sample.ensure()
    with (folder / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == sample.COLUMNS
    assert len(rows) == len(sample.TYPES) * 5
    for row in rows:
        assert row["image"] == f"{row['reference']}/{row['type']}-{row['level']}.png"
        assert row["score"] == row["level"]
        with Image.open(folder / row["image"]) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (96, 64))


def test_the_folder_says_whose_the_photographs_are_and_that_nobody_rated_them() -> None:
    text = (sample.ensure() / "ATTRIBUTION.txt").read_text(encoding="utf-8")
    for expected in ("NO HUMAN OPINION", "LOWER IS BETTER", "van der Walt", "CC0", "data/chelsea.png", "64 pixels"):
        assert expected in text


def test_a_second_build_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        sample.build(tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_white_noise_has_a_pattern_of_its_own_at_every_level() -> None:
    folder = sample.ensure()
    weak, strong = (np.asarray(Image.open(folder / f"chelsea/white-noise-{n}.png"), float) for n in (4, 5))
    clean = np.asarray(Image.open(folder / "chelsea/gaussian-blur-1.png"), float)
    assert abs(np.corrcoef((weak - clean).ravel(), (strong - clean).ravel())[0, 1]) < 0.05


def test_what_is_built_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = sample.ensure()
    monkeypatch.setattr(sample, "build", lambda target: pytest.fail("built again"))
    assert sample.ensure() == first
    assert first.parent == sample.cache_root()


def test_the_folder_changes_with_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sample.folder()
    monkeypatch.setattr(sample, "RECIPE", sample.RECIPE + 1)
    assert sample.folder() != before


def test_the_cache_is_the_users_own_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_CACHE")
    assert sample.cache_root().name == "iqa-bench"


def test_a_build_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupt(pixels: object, path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sample, "_write_png", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sample.build(tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_the_builder_that_comes_second_leaves_the_first_ones_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = tmp_path / "set"

    def overtaken(content: Path) -> None:
        (content / "scores.csv").write_text("second")
        target.mkdir()
        (target / "scores.csv").write_text("first")

    monkeypatch.setattr(sample, "_write_dataset", overtaken)
    sample.build(target)
    assert contents(target) == {"scores.csv": b"first"}
    assert list(tmp_path.iterdir()) == [target]


def test_remains_of_a_killed_build_go_after_a_day(tmp_path: Path) -> None:
    old, young = tmp_path / ".set-old", tmp_path / ".set-young"
    for leftover in (old, young):
        (leftover / "content").mkdir(parents=True)
    os.utime(old, (0, 0))
    sample.build(tmp_path / "set")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".set-young", "set"]


def test_a_cache_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be built in .*file.*Set BENCH_CACHE"):
        sample.build(tmp_path / "file" / "set")


@pytest.mark.parametrize(("package", "path"), [("skimage", "data/absent.png"), ("no_such_package", "x.png")])
def test_a_missing_photograph_says_what_to_install(monkeypatch: pytest.MonkeyPatch, package: str, path: str) -> None:
    absent = sample.PackagedPhotograph("absent", package, path, "a", "b", "c")
    monkeypatch.setattr(sample, "PHOTOGRAPHS", (absent,))
    with pytest.raises(MissingRequirementError, match=r"needs .*png of .*pip install"):
        sample.ensure()


def test_values_are_those_of_the_recipe() -> None:
    # When this fails, raise sample.RECIPE and write the new values here: cached folders are named by it.
    assert sample.RECIPE == 1
    assert {name: DISTORTIONS[name].values for name in sample.TYPES} == {
        "gaussian-blur": (0.1, 0.5, 1, 2, 5),
        "jpeg2000": (16, 32, 45, 120, 170),
        "jpeg": (43, 36, 24, 7, 4),
        "white-noise": (0.001, 0.002, 0.003, 0.005, 0.01),
        "darken": (0.05, 0.1, 0.2, 0.4, 0.8),
        "pixelate": (0.01, 0.05, 0.1, 0.2, 0.5),
    }
    assert all(DISTORTIONS[name].monotone for name in sample.TYPES)


def test_finding_the_folder_imports_neither_torch_nor_the_packages_of_the_photographs() -> None:
    code = (
        "import sys; from bench.datasets import sample_set; sample_set.folder();"
        "print(sorted({'torch', 'skimage', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
