from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, make_photo

import bench as package
from bench.plugins.registry import find_method

Bench = Callable[..., Ran]
METHOD = ("--method", "bytes-per-pixel")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A photograph, an empty file, a cut JPEG and a text named .jpg."""
    folder = tmp_path / "mixed"
    make_photo(folder / "good.png", 1)
    (folder / "zero.png").touch()
    whole = make_photo(tmp_path / "whole.jpg", 2).read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("not a photograph")
    return folder


def test_version(bench: Bench) -> None:
    assert bench("--version").out == f"bench {package.__version__}\n"


def test_one_score_three_errors_no_traceback(bench: Bench, mixed: Path) -> None:
    done = bench("score", mixed, *METHOD, "--format", "json")
    assert done.code == 0
    rows = {row["image"]: row for row in json.loads(done.out)}
    assert set(next(iter(rows.values()))) == {"image", "method", "score", "error", "better"}
    assert rows["good.png"]["score"] > 0
    assert rows["good.png"]["error"] is None
    assert {name for name, row in rows.items() if row["score"] is None} == {"zero.png", "cut.jpg", "text.jpg"}
    assert "damaged or cut short" in rows["cut.jpg"]["error"]
    assert "not an image" in rows["text.jpg"]["error"]


def test_a_run_exits_with_zero_unless_strict(bench: Bench, mixed: Path) -> None:
    done = bench("run", *METHOD, "--dataset", mixed)
    assert done.code == 0
    assert "scored 1, failed 3" in done.out
    assert "failed: zero.png: the file is empty" in done.err
    strict = bench("run", *METHOD, "--dataset", mixed, "--strict")
    assert strict.code == 1
    assert "failed on 3 images" in strict.err


def test_a_method_that_scored_nothing_is_no_success(bench: Bench, mixed: Path) -> None:
    (mixed / "good.png").unlink()
    assert bench("run", *METHOD, "--dataset", mixed).code == 1
    assert bench("score", mixed, *METHOD).code == 1


def test_score_writes_csv_and_text_and_stores_nothing(bench: Bench, photos: Path) -> None:
    assert bench("score", photos, *METHOD, "--format", "csv").out.startswith(
        "image,method,score,error,better\nimages/0.png,"
    )
    assert len(bench("score", photos / "images" / "1.png", photos, *METHOD).out.splitlines()) == 10
    assert not Path("results").exists()


def test_run_then_table_then_remove(bench: Bench, photos: Path) -> None:
    assert "SRCC" in bench("run", *METHOD, "--dataset", photos, "--results", "elsewhere").out
    assert "already stored" in bench("run", *METHOD, "--dataset", photos, "--results", "elsewhere").out
    key = bench("results", "list", "--results", "elsewhere").out.split()[0]
    assert bench("table", "--results", "elsewhere", "--output", "t.md").code == 0
    assert "bytes-per-pixel" in Path("t.md").read_text()
    assert bench("results", "rm", key, "--results", "elsewhere").code == 0
    assert "No results" in bench("results", "list", "--results", "elsewhere").out


def test_the_store_may_be_named_by_the_environment(bench: Bench, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_RESULTS", "there")
    bench("run", *METHOD, "--dataset", photos)
    assert list(Path("there/runs").glob("photos/*/scores.parquet"))


def test_the_list_has_the_whole_command_that_makes_a_method_ready(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = f"two packages: pip install {'something ' * 10}; a model: bench fit {'--option x=y ' * 10}--output FILE"
    monkeypatch.setattr(find_method("niqe"), "missing", lambda: command)
    assert command in bench("list", "methods").out


def test_lists_are_complete_as_text_and_json(bench: Bench) -> None:
    assert "bytes-per-pixel" in bench("list", "methods").out
    (record,) = json.loads(bench("list", "methods", "niqe", "--format", "json").out)
    assert record["higher_is_better"] is False
    assert record["opinion_aware"] is False
    assert [o["name"] for o in record["options"]] == ["model"]
    assert "--option niqe.model=" in bench("list", "methods", "niqe").out
    assert "One dataset, and how to get it" in bench("list", "datasets").out
    assert {card["id"] for card in json.loads(bench("list", "datasets", "--format", "json").out)} >= {"koniq", "sample"}
    assert "KonIQ" in bench("list", "datasets", "koniq").out


MISTAKES = [
    (["run", "--method", "nique", "--dataset", "PHOTOS"], "--method got 'nique'"),
    (["run", *METHOD, "--dataset", "nowhere"], "--dataset got 'nowhere'"),
    (["run", *METHOD, "--dataset", "koniq"], "--root koniq=FOLDER"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--split", "tset"], "its splits are test, training and all"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--resize", "big"], "--resize: 'big' is not a resize policy"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--option", "bytes-per-pixel.x=1"], "has no option 'x'"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--option", "niqe.model=x"], "not among the methods: bytes-per-pixel"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--option", "x"], "write METHOD.NAME=VALUE"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--results", "FILE"], "--results got"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--workers", "0"], "--workers"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--metod", "x"], "Did you mean one of: '--method'"),
    (["run", *METHOD], "Missing option '--dataset'"),
    (["run", "--method", "niqe", "--dataset", "PHOTOS", "--option", "niqe.model=nowhere.npz"], "nowhere.npz"),
    (["run", *METHOD, "--dataset", ""], "--dataset got an empty text"),
    (["run", *METHOD, "--dataset", "PHOTOS", "--results", ""], "--results got an empty text"),
    (["score", "nope.jpg", *METHOD], "ID|PATH got 'nope.jpg'"),
    (["fit", "niqe", "--pristine", "nowhere", "--output", "x.npz"], "--pristine got 'nowhere'"),
    (["rum"], "Did you mean 'run'"),
    (["table", "--format", "xls"], "'xls' is not one of"),
    (["table"], "no results in results: run `bench run"),
    (["results", "rm", "abc"], "no result with key abc"),
    (["list", "methods", "nique"], "Did you mean"),
    (["list", "datasets", "konik"], "Did you mean 'koniq'"),
    (["fit", "bytes-per-pixel", "--pristine", "PHOTOS", "--output", "x.npz"], "has no parameters to fit"),
    (["fit", "niqe", "--pristine", "PHOTOS", "--output", "no/x.npz"], "the folder no does not exist"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda v: v[:40] if isinstance(v, str) else "")
def test_a_mistake_is_answered_in_one_line(bench: Bench, photos: Path, arguments: list[str], message: str) -> None:
    Path("file").touch()
    places = {"PHOTOS": str(photos), "FILE": "file"}
    done = bench(*[places.get(a, a) for a in arguments])
    assert done.code == 2
    assert message in done.err
    lines = [line for line in done.err.splitlines() if "img/s" not in line]
    assert len(lines) == 1
    assert lines[0].startswith("bench: error: ")


def test_images_of_several_arguments_are_told_apart(bench: Bench, photos: Path, mixed: Path) -> None:
    make_photo(mixed / "0.png", 5)
    out = bench("score", photos / "images" / "0.png", mixed, *METHOD, "--format", "json").out
    names = [row["image"] for row in json.loads(out)]
    assert names[0] == str(photos / "images" / "0.png")
    assert f"{mixed}/0.png" in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("arguments", [["list"], ["results"]], ids=["list", "results"])
def test_a_command_without_its_arguments_prints_its_help(bench: Bench, arguments: list[str]) -> None:
    done = bench(*arguments)
    assert done.code == 2
    assert done.err.startswith("Usage: bench")
    assert "error" not in done.err


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    command = f"{sys.executable} -m bench list methods --format json | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_damaged_result_is_left_out_with_a_warning(bench: Bench, photos: Path) -> None:
    bench("run", *METHOD, "--method", "niqe", "--dataset", photos)
    broken = next(Path("results/runs/photos").glob("bytes*/provenance.json"))
    broken.write_text("{")
    done = bench("results", "list")
    assert len(done.out.splitlines()) == 1
    assert "warning: left out" in done.err
    key = broken.parent.name.rpartition("@")[2]
    assert bench("results", "rm", key).code == 0
    assert bench("results", "list").err == ""


def test_an_interrupt_says_that_nothing_is_lost(bench: Bench, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.runs.runner.run", interrupted)
    done = bench("run", *METHOD, "--dataset", photos)
    assert done.code == 130
    assert "finished work is kept" in done.err


def test_the_sample_set_says_that_no_human_scored_it(bench: Bench) -> None:
    assert "no human opinion" in bench("list", "datasets", "sample").out


def test_datasets_are_listed_by_kind_licence_and_what_is_here(bench: Bench, photos: Path) -> None:
    def listed(*options: object) -> set[str]:
        return {card["id"] for card in json.loads(bench("list", "datasets", "--format", "json", *options).out)}

    assert listed("--kind", "pristine") == {"bsds500", "div2k", "flickr2k", "kadis700k", "public-photographs"}
    assert listed("--ready", "--root", f"koniq={photos}") == {"sample"}
    assert "agiqa3k" in listed("--licence", "mit") <= listed()
    assert bench("list", "datasets", "--kind", "authentic", "--licence", "nobody's").out.startswith(
        "no dataset is like"
    )
