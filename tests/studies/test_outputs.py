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
        HEAD.replace(', "cells"', "") + 'cite = "refs.bib"\n[[tables]]\nfile = "mine.py/a.md"\n'
    )
    with pytest.raises(BenchError, match=r"^1 file of the study could not be written: mine.py/a.md: file got .*Not a"):
        api.study(folder / "study.toml")
    assert (folder / "refs.bib").is_file()


def test_a_contest_takes_a_path_of_the_study_and_a_site_may_hold_other_outputs(folder: Path) -> None:
    (folder / "study.toml").write_text(
        HEAD
        + """\
site = "lab"
cite = "lab/refs.bib"

[[gmad]]
file = "gmad.png"
methods = ["bytes-per-pixel", "cells"]
dataset = "../photos"
levels = 1
equal = 1.0
"""
    )
    api.study(folder / "study.toml")
    api.study(folder / "study.toml")
    assert (folder / "gmad.png").is_file()
    assert (folder / "lab" / "refs.bib").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[gmad]]\nfile = "a.png"\nmethods = ["bytes-per-pixel", "cell"]\ndataset = "photos"',
            "methods of a.png has 'cell', which is none of the study. Did you mean 'cells'?",
        ),
        (
            '[[gmad]]\nfile = "a.png"\nmethods = ["bytes-per-pixel", "cells"]\ndataset = "fotos"',
            "dataset of a.png has 'fotos', which is none of the study. Did you mean 'photos'?",
        ),
        ('[[tables]]\nfile = "a.md"\ndatasets = ["koniq"]', "datasets of a.md has 'koniq', which is none"),
        (
            '[[explain]]\nfile = "a.png"\nphoto = "../photos/images/0.png"\nmethod = "bytes-per-pixel"',
            "method of a.png is 'bytes-per-pixel', which offers no explanations",
        ),
    ],
)
def test_a_name_that_is_none_of_the_study_is_told_before_scoring(
    folder: Path, bench: Callable[..., Ran], text: str, message: str
) -> None:
    (folder / "study.toml").write_text(HEAD + text)
    done = bench("run", folder / "study.toml")
    assert (done.code, message in done.err, done.out) == (2, True, ""), done.err


def test_nothing_is_written_among_the_files_of_a_dataset_or_over_a_photograph(folder: Path, photos: Path) -> None:
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    for text, message in (
        ('cite = "../photos/refs.bib"', "in the folder of a dataset"),
        ('site = "../photos"', "name one file|in the folder of a dataset"),
        ('site = "../photos/scores.csv"', "in the folder of a dataset"),
        ('[[tables]]\nfile = "../photos/scores.csv"', "in the folder of a dataset"),
        ('[[robustness]]\nfile = "mine.png"\ndataset = "sample"', "file got .*mine.png, which is a photograph"),
    ):
        (folder / "mine.png").write_bytes((photos / "images" / "0.png").read_bytes())
        (folder / "study.toml").write_text(HEAD + text)
        with pytest.raises(UsageError, match=message):
            read_study(folder / "study.toml")
    assert {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()} == before


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
            "csv is 'a': end it in .csv",
        ),
        ('[[gmad]]\nfile = "a.png"\nmethods = ["niqe", "piqe"]', "lacks the key 'dataset'"),
        ('[[explain]]\nfile = "a"\nphoto = "b.png"\nmethod = "niqe"', "the figure a has no known suffix"),
        (
            '[[explain]]\nfile = "b.png"\nphoto = "b.png"\nmethod = "niqe"',
            "file 'b.png' and photo 'b.png' name one file",
        ),
        ('[[robustness]]\nfile = "a.png"\ndataset = "sample"\ncount = 0', "count of a.png is 0: use 1 to 10000"),
        ('[[robustness]]\nfile = "a.png"\ndataset = "sample"\ntable = "b"', "table is 'b': end it in .md"),
        (
            '[[gmad]]\nfile = "a.png"\nmethods = ["niqe", "piqe"]\ndataset = "sample"\nlevels = 40\npairs = 40',
            "levels and pairs of a.png make 1600 rows",
        ),
        ('[[explain]]\nfile = "a.png"\nphoto = "b.png"\nmethod = "niqe"', "photo of a.png is 'b.png', which is not"),
        ('[[robustness]]\nfile = "a.png"\ndataset = "sample"\ntypes = ["jpg"]', "types of a.png is ['jpg']: "),
        ('[[robustness]]\nfile = "a.png"\ndataset = "sample"\ntypes = []', "types of a.png is []: "),
        ('[[tables]]\nfile = "a.md"\nvalues = ["foo"]', "values of a.md has 'foo': choose some of srcc"),
        ('[[tables]]\nfile = "a.md"\nmargin = -3.0', "margin of a.md is -3: give a number above 0"),
        ('[[tables]]\nfile = "a.md"\ndraws = -1', "draws of a.md got -1: give a whole number from 0"),
        ('[[tables]]\nfile = "a.md"\ndraws = 1', "draws of a.md got 1: give 0 for no bootstrap, or at least 100"),
        ('[[figures]]\nfile = "a.svg"\nkind = "ranking"\ndraws = -5', "draws of a.svg got -5"),
        (
            '[[figures]]\nfile = "a.svg"\nkind = "ranking"\nagainst = "label"',
            "the figure a.svg: kind 'ranking' has no option 'against'",
        ),
        ('report = "a.txt"', "report is 'a.txt': end it in .html, .htm"),
        ('cite = "p40/images/0.webp"', "cite is 'p40/images/0.webp': end it in .bib"),
        ('cite = "a\\u0000.bib"', "cite is 'a\\u0000.bib', with a character that no path may have"),
        ('cite = "a\\n.bib"', "with a character that no path may have"),
        ('cite = "a\\u001b.bib"', "cite is 'a\\u001b.bib', with a character that no path may have"),
        ('cite = "o/a.bib"\nreport = "a.txt"\n[[tables]]\nfile = "p/../o/a.bib"\nformat = "md"', "name one file twice"),
        (
            '[[tables]]\nfile = "./m.json"\n[options]\n"niqe.model" = "m.json"',
            "file './m.json' and options 'm.json' name one file, which is read",
        ),
        (
            '[[tables]]\nfile = "p.csv"\nview = "published"\nof = ["p.csv"]',
            "file 'p.csv' and of 'p.csv' name one file, which is read",
        ),
        ('site = "."', "it has files, and `bench site` did not write it"),
        ('site = "study.toml"', "site got"),
        (
            '[[robustness]]\nfile = "a.png"\ndataset = "sample"\ntable = "a.png"',
            "file 'a.png' and table 'a.png' name one file twice",
        ),
    ],
)
def test_a_mistake_in_an_output_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "study.toml").write_text(FEW + text)
    with pytest.raises(UsageError) as caught:
        read_study(tmp_path / "study.toml")
    assert message in str(caught.value)
