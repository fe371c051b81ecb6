from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bench.errors import UsageError
from bench.figures import training as plots

Bench = Callable[..., Any]


def write_log(folder: Path, steps: int = 6, **more: Any) -> Path:
    folder.mkdir(parents=True)
    events: list[dict[str, Any]] = [{"event": "run", "step": 0, "training": {}}]
    for step in range(1, steps + 1):
        terms = {"loss": 1 / step, "consistency": 0.3 / step, "positive": 0.7 / step}
        events.append({"event": "train", "step": step, "epoch": step / 3, "lr": 0.1, "skipped": 0, **terms})
        if step % 3 == 0:
            events.append({"event": "validation", "step": step, "monotonicity": step / 10, "types": {}, **more})
    (folder / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder / "log.jsonl"


def test_a_figure_has_the_curves_that_the_log_has(tmp_path: Path) -> None:
    run = plots.read_log(write_log(tmp_path / "first", srcc={"koniq": 0.5}))
    upper, lower = plots.training_curves([run]).axes
    assert {text.get_text() for text in upper.get_legend().texts} == {"loss", "consistency", "positive"}
    assert {text.get_text() for text in lower.get_legend().texts} == {"falls with level (held out)", "MOS of koniq"}
    drawn = [line.get_xydata().tolist() for line in lower.lines if len(line.get_xydata())]
    assert [[3, 0.3], [6, 0.6]] in drawn
    assert [[3, 0.5], [6, 0.5]] in drawn


def test_what_training_began_from_is_drawn_at_step_0(tmp_path: Path) -> None:
    path = write_log(tmp_path / "first")
    first, *rest = path.read_text().splitlines()
    before = json.dumps({"event": "validation", "step": 0, "monotonicity": 0.05, "types": {}})
    path.write_text("\n".join([first, before, *rest, ""]))
    _, lower = plots.training_curves([plots.read_log(path)]).axes
    (line,) = [line for line in lower.lines if len(line.get_xydata())]
    assert line.get_xydata().tolist() == [[0, 0.05], [3, 0.3], [6, 0.6]]
    assert lower.get_xlim()[0] < 0, "the first marker is whole"


@pytest.mark.parametrize("steps", [1, 2])
def test_a_short_log_is_drawn_from_the_first_step_and_without_a_panel_for_no_validation(
    tmp_path: Path, steps: int
) -> None:
    (only,) = plots.training_curves([plots.read_log(write_log(tmp_path / "short", steps))]).axes
    assert only.get_ylabel() == "loss"
    assert -0.1 < only.get_xlim()[0] < 0
    assert only.get_xlim()[1] > steps
    drawn = [line.get_xdata().tolist() for line in only.lines if len(line.get_xdata())]
    assert drawn == [[*range(1, steps + 1)]] * 3


def test_a_log_that_only_begins_says_so(tmp_path: Path) -> None:
    both = plots.training_curves([plots.read_log(write_log(tmp_path / "begun", 0))]).axes
    assert [text.get_text() for axes in both for text in axes.texts] == ["nothing logged"] * 2


def test_several_runs_are_told_apart_even_with_one_name(tmp_path: Path) -> None:
    runs = [plots.read_log(write_log(tmp_path / name / "out")) for name in ("a", "b")]
    upper, _ = plots.training_curves(runs).axes
    assert {"out (1)", "out (2)"} <= {text.get_text() for text in upper.get_legend().texts}


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_command_writes_a_picture(bench: Bench, tmp_path: Path, suffix: str) -> None:
    write_log(tmp_path / "first", srcc={"koniq": None})
    done = bench("plot", "training", "first", "--output", f"curves.{suffix}")
    assert done.code == 0, done.err
    assert done.out == f"curves.{suffix}: first\n"
    picture = tmp_path / f"curves.{suffix}"
    if suffix == "png":
        with Image.open(picture) as image:
            assert image.size[0] > 500
    else:
        assert picture.read_text().lstrip().startswith("<?xml")
    assert [path.name for path in tmp_path.glob(".*")] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a training log"),
        ("[1]\n", "is not a training log"),
        ('{"event": "run"}\n', "is not a training log"),
        ("{", "is not a training log"),
        ('{"event": "validation", "step": 1}\n', "is not a training log"),
        ('{"event": "validation", "step": 1, "monotonicity": 0.4, "srcc": [1]}\n', "is not a training log"),
        ('{"event": "train", "step": 1, "loss": "abc"}\n', "is not a training log"),
        ('{"event": "train", "step": ' + "9" * 400 + "}\n", "is not a training log"),
        ("[" * 100_000 + "\n", "is not a training log"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(UsageError, match=message):
        plots.read_log(tmp_path / "x.jsonl")


def test_a_wrong_output_or_log_is_one_sentence(bench: Bench, tmp_path: Path) -> None:
    write_log(tmp_path / "first")
    assert "--output got x.txt: its name must end in" in bench("plot", "training", "first", "--output", "x.txt").err
    assert "the folder none does not exist" in bench("plot", "training", "first", "--output", "none/x.svg").err
    assert "LOG got none, which is not a file" in bench("plot", "training", "none", "--output", "x.svg").err


def test_a_last_line_that_is_half_written_is_left_out(tmp_path: Path) -> None:
    whole = '{"event": "train", "step": 10, "loss": 0.5}\n'
    (tmp_path / "log.jsonl").write_text(whole + '{"event": "tr')
    assert plots.read_log(tmp_path / "log.jsonl").events == (json.loads(whole),)
