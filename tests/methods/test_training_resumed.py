"""Training that was stopped and goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_training
import torch
from tiny_training import log, same

from bench.errors import StoppedError, UsageError
from bench.methods.qualiclip import stepping, trainer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_training.photographs(tmp_path / "pristine", 8)


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Ask to stop while a step is taken, as a signal would."""
    take = stepping.Stepper.step

    def asked(self: Any, number: int, total: int, batches: Any, stop: Any) -> Any:
        stop.asked = stop.asked or number == step
        return take(self, number, total, batches, stop)

    monkeypatch.setattr(stepping.Stepper, "step", asked)


@pytest.mark.parametrize("step", [1, 3, 6])
def test_stopped_and_resumed_is_as_if_never_stopped(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    settings: dict[str, Any] = {"epochs": 3, "held_out": 0.3, "batch": 1, "schedule": "cosine", "lambda_across": 0.5}
    settings |= {"validate_every": 3, "batch_norm": "updated", "max_steps": 8}
    tiny_training.run(folder, tmp_path / "whole", **settings)
    with monkeypatch.context() as patched:
        stop_at(patched, step)
        with pytest.raises(StoppedError, match=f"stopped at step {step} of 8; .* the same command with --resume"):
            tiny_training.run(folder, tmp_path / "parts", **settings)
    assert tiny_training.run(folder, tmp_path / "parts", resume=True, **settings).startswith(str(tmp_path / "parts"))
    for name in ("last", "best"):
        assert same(tiny_training.weights(tmp_path / "parts", name), tiny_training.weights(tmp_path / "whole", name))
    timing = "images_per_second"
    for event in ("train", "validation"):
        both = [
            [{k: v for k, v in e.items() if k != timing} for e in log(tmp_path / n, event)] for n in ("whole", "parts")
        ]
        assert both[0] == both[1]


def test_after_a_crash_the_log_is_cut_to_the_saved_step(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(trainer._Trainer, "_log_step", crash_at(3, trainer._Trainer._log_step))
        with pytest.raises(RuntimeError, match="power"):
            tiny_training.run(folder, output, save_every=2)
    assert [event["step"] for event in log(output, "train")] == [1, 2, 3]
    with (output / "log.jsonl").open("a") as file:
        file.write('{"event": "tra')
    tiny_training.run(folder, output, save_every=2, resume=True)
    assert [event["step"] for event in log(output, "train")] == [1, 2, 3, 4]
    assert [event["step"] for event in log(output, "resumed")] == [2]


def crash_at(step: int, original: Any) -> Any:
    def crash(self: Any, *given: Any) -> None:
        original(self, *given)
        if self.progress.step == step:
            raise RuntimeError("power")

    return crash


def test_a_folder_with_a_run_is_refused_unless_resumed(folder: Path, tmp_path: Path) -> None:
    tiny_training.run(folder, tmp_path / "out")
    before = (tmp_path / "out" / "log.jsonl").read_bytes()
    with pytest.raises(UsageError, match=r"--output got .*out, which contains a run: give --resume or another folder"):
        tiny_training.run(folder, tmp_path / "out")
    assert (tmp_path / "out" / "log.jsonl").read_bytes() == before
    with pytest.raises(UsageError, match=r"--resume: .*none contains no run"):
        tiny_training.run(folder, tmp_path / "none", resume=True)


def test_a_finished_run_is_not_validated_again(folder: Path, tmp_path: Path) -> None:
    tiny_training.run(folder, tmp_path / "out", held_out=0.3, batch=1)
    before = log(tmp_path / "out", "validation")
    said = tiny_training.run(folder, tmp_path / "out", held_out=0.3, batch=1, resume=True)
    assert [event["step"] for event in before] == [0, 7]
    assert log(tmp_path / "out", "validation") == before
    assert f"falling level {before[1]['monotonicity']:.4f}" in said
    assert f"before training {before[0]['monotonicity']:.4f}" in said


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"lr": 0.5}, r"--lr was 0.001 when .* started, but is 0.5 now"), ({"m_rank": 0.1}, "--m-rank was 0.0675")],
)
def test_a_run_is_not_resumed_with_other_options(
    folder: Path, tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    tiny_training.run(folder, tmp_path / "out")
    with pytest.raises(UsageError, match=named):
        tiny_training.run(folder, tmp_path / "out", resume=True, **changes)
    # What does not change what is learned may change.
    tiny_training.run(folder, tmp_path / "out", resume=True, log_every=7)


def test_a_run_is_not_resumed_on_other_photographs_or_from_a_damaged_state(folder: Path, tmp_path: Path) -> None:
    tiny_training.run(folder, tmp_path / "out")
    photograph, sentence = folder / "000.png", r"--resume: the photographs in --pristine are not those .* or changed"
    content = photograph.read_bytes()
    # Another picture in as many bytes under the same name.
    photograph.write_bytes(content[:-20] + bytes(20))
    with pytest.raises(UsageError, match=sentence):
        tiny_training.run(folder, tmp_path / "out", resume=True)
    photograph.write_bytes(content)
    tiny_training.run(folder, tmp_path / "out", resume=True)
    tiny_training.photographs(folder / "more", 1)
    with pytest.raises(UsageError, match=sentence):
        tiny_training.run(folder, tmp_path / "out", resume=True)
    (tmp_path / "out" / "state.pt").write_bytes(b"\x80\x02nothing")
    with pytest.raises(UsageError, match=r"state\.pt cannot be read"):
        tiny_training.run(folder, tmp_path / "out", resume=True)


def test_a_damaged_log_and_a_state_that_lacks_a_part_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    tiny_training.run(folder, output)
    text = (output / "log.jsonl").read_text()
    (output / "log.jsonl").write_text(text + "garbage\n")
    with pytest.raises(UsageError, match="has a line that training did not write"):
        tiny_training.run(folder, output, resume=True)
    (output / "log.jsonl").write_text(text)
    state = torch.load(output / "state.pt", weights_only=True)
    torch.save({name: value for name, value in state.items() if name != "optimizer"}, output / "state.pt")
    with pytest.raises(UsageError, match="is not a training state"):
        tiny_training.run(folder, output, resume=True)
    torch.save({**state, "model": {}}, output / "state.pt")
    with pytest.raises(UsageError, match="belongs to another network"):
        tiny_training.run(folder, output, resume=True)
