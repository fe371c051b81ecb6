"""Studies: a file that is read strictly, run from anywhere, and says what is done."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

import bench as api
from bench.errors import BenchError, UsageError
from bench.new.dataset import write_card
from bench.studies.file import read_study

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.usefixtures("forget_plugins")

MINE = """\
from dataclasses import dataclass
import numpy as np
import bench

@dataclass(frozen=True)
class Options:
    gain: float = bench.option(1.0, help="factor")

class Level(bench.Method):
    Options = Options
    info = bench.MethodInfo(name="level", higher_is_better=True)
    def score(self, photos):
        return [self.options.gain * float(photo.pixels.mean()) for photo in photos]

class Drawn(bench.Method):
    info = bench.MethodInfo(name="drawn", higher_is_better=True, stochastic=True)
    def score(self, photos):
        return [float(np.random.random()) for _ in photos]
"""
STUDY = """\
plugins = ["mine.py"]
methods = ["bytes-per-pixel", "level", "drawn"]
datasets = ["../photos"]
splits = ["all", "test"]
seeds = [0, 1]

[options]
"level.gain" = [1, 2]

[[tables]]
file = "out/table.md"
draws = 0
datasets = ["photos"]
sort = "average"
caption = "Main results"

[[tables]]
file = "out/table.csv"
methods = ["level"]
draws = 0
appendix = "out/appendix.md"

[[figures]]
file = "out/scatter.png"
kind = "residuals"
methods = ["bytes-per-pixel"]
"""


@pytest.fixture
def study(tmp_path: Path, photos: Path, short_fits: None) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"


def states(bench: Callable[..., Ran], study: Path) -> list[dict[str, object]]:
    done = bench("status", study, "--format", "json")
    assert done.code == 0, done.err
    records: list[dict[str, object]] = json.loads(done.out)
    return records


def test_a_study_says_what_is_missing_runs_and_says_what_is_done(study: Path, bench: Callable[..., Ran]) -> None:
    before = states(bench, study)
    results = [each for each in before if "method" in each]
    # Of the second seed only the method that draws.
    assert len(results) == 2 * (4 + 1)
    assert {each["state"] for each in results} == {"missing"}
    assert [each["state"] for each in before if "file" in each] == ["not written"] * 4
    done = bench("run", study)
    assert done.code == 0, done.err
    assert done.out.count("scored 8, failed 0") == done.out.count("scored 4, failed 0") == 5
    assert "out/table.csv: 2 methods on 1 dataset, 24 scores, no failures" in done.out
    assert Path.cwd() != study.parent
    table = (study.parent / "out" / "table.md").read_text()
    assert "all images, full size" in table
    assert "split test, full size" in table
    assert "| dataset | images | protocol" in (study.parent / "out" / "appendix.md").read_text()
    after = states(bench, study)
    assert {each["state"] for each in after} == {"done", "written"}
    assert {each["seed"] for each in after if each.get("method") == "drawn"} == {0, 1}
    assert "the method is undeclared" in bench("status", study).out


def test_a_second_run_scores_nothing_and_writes_the_same(study: Path) -> None:
    first = api.study(study)
    files = {path.name: path.read_bytes() for path in (study.parent / "out").iterdir()}
    again = api.study(study)
    assert [entry.key for entry in again.entries] == [entry.key for entry in first.entries]
    assert all(len(entry.sessions) == 1 for entry in again.entries)
    assert {path.name: path.read_bytes() for path in (study.parent / "out").iterdir()} == files


def test_a_change_of_a_methods_code_or_options_is_seen(study: Path, bench: Callable[..., Ran]) -> None:
    text = STUDY.partition("[[tables]]")[0].replace('splits = ["all", "test"]\nseeds = [0, 1]\n', "")
    study.write_text(text)
    api.study(study)
    (study.parent / "mine.py").write_text(MINE.replace("self.options.gain *", "2 *"))
    study.write_text(text.replace("[1, 2]", "[1, 3]"))
    told = {each["method"]: (each["state"], each["remark"]) for each in states(bench, study)}
    assert told["level[gain=3.0]"] == ("missing", None)
    assert "by code of the method that has changed since: --rescore scores again" in str(told["level"][1])


def test_what_is_not_here_lacks_something_and_stored_results_of_it_count(
    study: Path, bench: Callable[..., Ran]
) -> None:
    text = STUDY.partition("[[tables]]")[0].replace('["../photos"]', '["../photos", "koniq"]')
    study.write_text(text)
    (lacking,) = {str(each["remark"]) for each in states(bench, study) if each["dataset"] == "koniq"}
    assert "dataset 'koniq' (KonIQ-10k) is not available here" in lacking
    assert bench("run", study).code == 2
    done = bench("run", study, "--skip-missing")
    assert done.code == 1
    assert done.err.count("koniq is left out") == 1
    assert "--skip-missing left out koniq" in done.err


def test_stored_results_of_what_is_gone_are_shown_all_the_same(
    study: Path, photos: Path, bench: Callable[..., Ran]
) -> None:
    write_card(photos)
    study.write_text('methods = ["bytes-per-pixel"]\ndatasets = ["../photos/card.toml"]\ncite = "refs.bib"\n')
    api.study(study)
    (study.parent / "refs.bib").unlink()
    shutil.rmtree(photos / "images")
    (state,) = {each["state"] for each in states(bench, study) if "method" in each}
    assert state == "done"
    done = bench("run", study, "--skip-missing")
    assert (done.code, "left out ../photos/card.toml" in done.err) == (1, True)
    assert (study.parent / "refs.bib").is_file()


def test_an_output_that_is_older_than_its_results_is_said(study: Path, bench: Callable[..., Ran]) -> None:
    study.write_text(
        'methods = ["bytes-per-pixel"]\ndatasets = ["../photos"]\ncite = "refs.bib"\n'
        '[[tables]]\nfile = "table.md"\ndraws = 0\n'
    )
    api.study(study)
    os.utime(study.parent / "table.md", (0, 0))
    files = {str(each["file"]): each["state"] for each in states(bench, study) if "file" in each}
    assert files == {"table.md": "older than the results", "refs.bib": "written"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('methods = ["niqe"]', "lacks the key 'datasets'"),
        ('datasets = ["sample"]', "names no method: give a list of names"),
        ('methods = ["niqe"]\ndataset = ["sample"]', "has the unknown key 'dataset'. Did you mean 'datasets'?"),
        ('methods = "niqe"\ndatasets = ["sample"]', "methods is 'niqe': give a list of strings"),
        ('methods = ["niqe", "niqe"]\ndatasets = ["sample"]', "methods has 'niqe' twice: keep one"),
        ('methods = ["niqe"]\ndatasets = ["sample"]\nresize = ["512"]', "resize: "),
        (
            'methods = ["niqe"]\ndatasets = ["sample"]\n[[tables]]\nfile = "a.md"\nview = "papr"',
            "Did you mean 'paper'?",
        ),
        ('methods = ["niqe"]\ndatasets = ["sample"]\n[[tables]]\nfile = "a.txt"', "the table a.txt says no format"),
        ('methods = ["niqe"]\ndatasets = ["sample"]\n[[tables]]\nfil = "a.md"', "has the unknown key 'fil'"),
        (
            'methods = ["niqe"]\ndatasets = ["sample"]\n[[figures]]\nfile = "a.svg"\nkind = "pie"',
            "kind is 'pie', use one",
        ),
        ('methods = ["niqe"]\ndatasets = ["sample"]\n[options]\nmodel = "a"', 'write "METHOD.NAME" = VALUE'),
        (
            'methods = ["niqe"]\ndatasets = ["sample"]\n[[tables]]\nfile = "a.md"\nview = "compare"',
            'the view compare of a.md needs of = ["A", "B"]',
        ),
        (
            'methods = ["niqe"]\ndatasets = ["sample"]\n[[tables]]\nfile = "./study.toml"\nformat = "md"',
            "file './study.toml' and STUDY 'study.toml' name one file, which is read",
        ),
        ("methods = [", "which is not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence_with_the_key(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_study(tmp_path / "study.toml")
    assert message in str(caught.value)
    assert str(tmp_path / "study.toml") in str(caught.value)


def test_options_that_a_study_says_itself_are_refused(study: Path, bench: Callable[..., Ran]) -> None:
    done = bench("run", study, "--method", "niqe", "--seed", "3")
    assert (done.code, "--method, --seed given with a study, which says this itself" in done.err) == (2, True)
    assert "cannot be read" in bench("status", "none.toml").err
    assert "give a dataset by --dataset sample" in bench("run", "sample", "--method", "niqe").err


def test_a_card_given_as_a_study_is_told_from_one(photos: Path, bench: Callable[..., Ran]) -> None:
    card = write_card(photos).path
    done = bench("run", card)
    assert (done.code, done.err) == (
        2,
        f"bench: error: STUDY got {card}, which is a card and no study: write `bench run --method NAME --dataset "
        f"{card}`\n",
    )


@pytest.mark.slow
def test_the_example_runs_offline(sample_store: Path, tmp_path: Path, bench: Callable[..., Ran]) -> None:
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("results", "output"))
    shutil.move(sample_store, folder / "results")
    done = bench("run", folder / "study.toml")
    assert done.code == 0, done.err
    assert "contrast[scale=4] on sample: scored 210, failed 0" in done.out
    assert {path.name for path in (folder / "output").iterdir()} == {
        "table.md",
        "table.tex",
        "types.csv",
        "ranking.svg",
    }


def test_a_figure_that_cannot_be_drawn_costs_no_other_file(study: Path) -> None:
    study.write_text('cite = "refs.bib"\n' + STUDY.replace('kind = "residuals"', 'kind = "speed"'))
    with pytest.raises(BenchError, match=r"^1 file of the study could not be written: out/scatter.png: no result has"):
        api.study(study)
    assert (study.parent / "refs.bib").is_file()


def test_the_table_leads_with_the_split_that_has_most_images(study: Path) -> None:
    api.study(study)
    text = (study.parent / "out" / "table.md").read_text()
    assert text.startswith("**Main results**\n")
    assert re.findall(r"photos: (\d+) images", text)[0] == "8"
