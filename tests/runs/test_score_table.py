"""``bench score --output``: rows come as images are scored, and the same command goes on where it stopped."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, make_photo

import bench as api
from bench.runs.image_scores import ImageScore, arranged

Bench = Callable[..., Ran]
TWO = ("--method", "bytes-per-pixel", "--method", "niqe")
ONE = ("--method", "bytes-per-pixel")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    for i in range(4):
        make_photo(tmp_path / "album" / f"{i}.png", i, (48 + 8 * i, 40))
    return tmp_path / "album"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_says_which_way_is_better_and_what_it_is_a_score_of(bench: Bench, album: Path) -> None:
    done = bench("score", album, *TWO, "--output", "scores.csv")
    assert (done.code, done.out) == (0, "")
    rows = read(Path("scores.csv"))
    assert list(rows[0]) == ["image", "method", "score", "error", "better", "scored_as", "file"]
    assert [row["better"] for row in rows[:2]] == ["higher", "lower"]
    assert "NIQE needs at least" in rows[1]["error"]
    assert len({row["file"] for row in rows}) == 4
    assert len({row["scored_as"] for row in rows}) == 2


def test_the_same_command_scores_only_what_is_missing(bench: Bench, album: Path) -> None:
    path = Path("scores.csv")
    bench("score", album, *ONE, "--output", path)
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)
    # As after a kill in the middle of a line; a score that is there is believed.
    path.write_text("".join([*lines[:2], lines[2].replace(read(path)[1]["score"], "0.5"), lines[3][:-9]]))
    make_photo(album / "0.png", 9)
    done = bench("score", album, *ONE, "--output", path)
    assert "scored 3 images in" in done.err
    found = {row["image"]: row for row in read(path)}
    assert found["1.png"]["score"] == "0.5"
    assert list(found) == ["0.png", "1.png", "2.png", "3.png"]
    assert found["2.png"]["score"] == whole.splitlines()[3].split(",")[2]
    assert found["0.png"]["file"] not in whole


def test_another_method_or_option_or_folder_is_refused_in_one_sentence(bench: Bench, album: Path) -> None:
    bench("score", album, *ONE, "--output", "scores.csv")
    before = Path("scores.csv").read_text()
    make_photo(Path("other") / "x.png", 1)
    for change, said in (
        ((album, "--method", "niqe"), "has scores of bytes-per-pixel, and the methods are niqe"),
        ((album, *ONE, "--resize", "short:20"), "another version, option, weight file or resize policy"),
        (("other", *ONE), "scores of other images, such as 0.png"),
    ):
        done = bench("score", *change, "--output", "scores.csv")
        assert done.code == 2
        assert said in done.err
    assert Path("scores.csv").read_text() == before
    Path("mine.csv").write_text("a,b\n1,2\n")
    assert "no table of scores" in bench("score", album, *ONE, "--output", "mine.csv").err
    assert "must end in .csv" in bench("score", album, *ONE, "--output", "scores.txt").err


def test_a_photograph_that_is_gone_leaves_the_table(bench: Bench, album: Path) -> None:
    bench("score", album, *ONE, "--output", "scores.csv")
    (album / "2.png").unlink()
    assert (
        "loses the rows of 1 image not given any more: 2.png"
        in bench("score", album, *ONE, "--output", "scores.csv").err
    )
    assert [row["image"] for row in read(Path("scores.csv"))] == ["0.png", "1.png", "3.png"]


def test_worst_and_best_follow_the_direction_of_each_method(bench: Bench, album: Path) -> None:
    scores = api.score(album, "bytes-per-pixel").set_index("image")["score"]
    worst = bench("score", album, *ONE, "--sort", "worst", "--top", 2).out.splitlines()
    assert worst[0] == "# bytes-per-pixel: higher is better"
    assert [line.split()[0] for line in worst[1:]] == list(scores.sort_values().index[:2])
    rows = [ImageScore(name, "niqe", value, None, "lower") for name, value in (("a", 3.0), ("b", None), ("c", 9.0))]
    assert [row.image for row in arranged(rows, "worst")] == ["c", "a", "b"]
    assert [row.image for row in arranged(rows, "best")] == ["a", "c", "b"]


def test_from_python(album: Path) -> None:
    first = api.score(album, "bytes-per-pixel", output="scores.csv")
    assert api.score(album, "bytes-per-pixel", output="scores.csv").equals(first)
    assert [float(row["score"]) for row in read(Path("scores.csv"))] == first["score"].tolist()
