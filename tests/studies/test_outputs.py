"""Every kind of file that a study writes, and mistakes in what it says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

import bench as api
from bench.errors import BenchError, UsageError
from bench.studies.file import read_study

pytestmark = pytest.mark.usefixtures("forget_plugins")

MINE = """\
import bench, torch

class Cells(bench.Method):
    info = bench.MethodInfo(name="cells", higher_is_better=True, licence="MIT", citation="none")

    def load(self):
        self.pooled = torch.nn.AdaptiveAvgPool2d((1, 2))

    def outputs(self, photo):
        return {"mean": self.pooled(torch.from_numpy(photo.pixels.copy()).permute(2, 0, 1)[None].double()).mean()}

    def score(self, photos):
        return [float(photo.pixels.mean()) for photo in photos]

    def explainer(self):
        from bench.api import Explainer
        return Explainer(self.pooled, self.outputs, lambda photo: {}, "")
"""
HEAD = 'plugins = ["mine.py"]\nmethods = ["bytes-per-pixel", "cells"]\ndatasets = ["../photos"]\n'
FEW = 'methods = ["niqe", "piqe"]\ndatasets = ["sample"]\n'


@pytest.fixture
def folder(tmp_path: Path, photos: Path, short_fits: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.py").write_text(MINE)
    return tmp_path / "study"


@pytest.mark.slow
def test_one_file_writes_contests_explanations_and_robustness(folder: Path, bench: Callable[..., Ran]) -> None:
    (folder / "study.toml").write_text(
        HEAD
        + """\
[[gmad]]
file = "out/gmad.png"
csv = "out/pairs.csv"
methods = ["bytes-per-pixel", "cells"]
dataset = "photos"
levels = 1
equal = 1.0

[[explain]]
file = "out/maps.png"
json = "out/maps.json"
photo = "../photos/images/3.png"
method = "cells"

[[robustness]]
file = "out/robustness.png"
table = "out/robustness.csv"
dataset = "../photos"
methods = ["cells"]
types = ["white-noise"]
count = 2
size = 32
"""
    )
    done = bench("run", folder / "study.toml")
    assert done.code == 0, done.err
    assert {path.name for path in (folder / "out").iterdir()} == {
        *("gmad.png", "pairs.csv", "maps.png", "maps.json", "robustness.png", "robustness.csv"),
    }
    assert "out/robustness.png: 1 method, 1 type" in done.out
    assert json.loads((folder / "out" / "maps.json").read_text())["maps"]["mean"]["cells"] == [1, 2]
    assert (folder / "out" / "robustness.csv").read_text().count("white-noise") == 1
    states = json.loads(bench("status", folder / "study.toml", "--format", "json").out)
    assert [each["state"] for each in states if "file" in each] == ["written"] * 6


def test_a_site_and_a_report_are_written(folder: Path, bench: Callable[..., Ran]) -> None:
    (folder / "study.toml").write_text(HEAD.replace(', "cells"', "") + 'report = "report.html"\nsite = "lab"\n')
    results = api.study(folder / "study.toml")
    assert (folder / "report.html").is_file()
    assert (folder / "lab" / "results.json").is_file()
    assert "lab/index.html" in bench("status", folder / "study.toml").out
    assert results.site(folder / "again", draws=0).read_text().startswith("<!")


def test_an_output_that_cannot_be_made_costs_no_other(folder: Path) -> None:
    (folder / "study.toml").write_text(
        HEAD.replace(', "cells"', "")
        + 'cite = "refs.bib"\n[[explain]]\nfile = "a.png"\n'
        + 'photo = "../photos/images/0.png"\nmethod = "bytes-per-pixel"\n'
    )
    with pytest.raises(BenchError, match=r"^1 file of the study could not be written: a.png: .*offers no explanations"):
        api.study(folder / "study.toml")
    assert (folder / "refs.bib").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[gmad]]\nfile = "a.png"\nmethods = ["niqe"]\ndataset = "sample"',
            'gmad of a.png needs methods = ["A", "B"]',
        ),
        (
            '[[gmad]]\nfile = "a.png"\nmethods = ["niqe", "piqe"]\ndataset = "sample"\nlevels = 41',
            "levels of a.png is 41: use 1 to 40",
        ),
        (
            '[[gmad]]\nfile = "a.png"\nmethods = ["niqe", "piqe"]\ndataset = "sample"\ncsv = "a"',
            "csv of a.png is 'a': end it in .csv",
        ),
        ('[[gmad]]\nfile = "a.png"\nmethods = ["niqe", "piqe"]', "lacks the key 'dataset'"),
        ('[[explain]]\nfile = "a"\nphoto = "b.png"\nmethod = "niqe"', "the figure a has no known suffix"),
        ('[[explain]]\nfile = "b.png"\nphoto = "b.png"\nmethod = "niqe"', "would write over 'b.png'"),
        ('[[robustness]]\nfile = "a.png"\ndataset = "sample"\ncount = 0', "count of a.png is 0: use 1 to 10000"),
        ('[[robustness]]\nfile = "a.png"\ndataset = "sample"\ntable = "b"', "the table b says no format"),
        ('[[robustness]]\nfile = "a.png"\ndataset = "sample"\ntable = "a.png"', "writes the file 'a.png' twice"),
    ],
)
def test_a_mistake_in_an_output_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "study.toml").write_text(FEW + text)
    with pytest.raises(UsageError) as caught:
        read_study(tmp_path / "study.toml")
    assert message in str(caught.value)
