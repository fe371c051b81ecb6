from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_training
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from scipy.stats import spearmanr
from torch import nn

from bench.api import Photo
from bench.errors import BenchError, StoppedError, UsageError
from bench.methods.qualiclip import losses, stepping, trainer, validation
from bench.methods.qualiclip.config import TrainingConfig, read_presets
from bench.methods.qualiclip.optimisation import choose_parameters, learning_rate, prepare_to_train
from bench.methods.qualiclip.series import Batch, SeriesRecipe

Weights = dict[str, torch.Tensor]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_training.photographs(tmp_path / "pristine", 8)


def log(output: Path, event: str) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [one for one in events if one["event"] == event]


def same(a: Weights, b: Weights) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# --- learning ---


def test_one_batch_is_learned(tmp_path: Path) -> None:
    folder = tiny_training.photographs(tmp_path / "pristine", 2)
    # One photograph each, one draw each epoch: the types say enough to tell levels apart.
    tiny_training.run(folder, tmp_path / "out", epochs=40, lr=3e-2, types="gaussian-blur", validate_every=40)
    loss = [event["loss"] for event in log(tmp_path / "out", "train")]
    assert len(loss) == 40
    assert loss[0] > 0.1
    assert np.mean(loss[-5:]) < 0.5 * loss[0]


def test_a_seed_repeats_and_another_does_not(folder: Path, tmp_path: Path) -> None:
    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        tiny_training.run(folder, tmp_path / name, seed=seed)
        found.append(tiny_training.weights(tmp_path / name))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])
    assert not same(found[0], tiny_training.Tiny().state_dict())


def test_workers_and_where_degradations_are_made_change_nothing(folder: Path, tmp_path: Path) -> None:
    tiny_training.run(folder, tmp_path / "here", held_out=0.3, batch=1)
    tiny_training.run(folder, tmp_path / "workers", held_out=0.3, batch=1, workers=2)
    tiny_training.run(folder, tmp_path / "device", held_out=0.3, batch=1, degrade_on="device")
    first = tiny_training.weights(tmp_path / "here")
    for name in ("workers", "device"):
        assert same(tiny_training.weights(tmp_path / name), first)
        assert log(tmp_path / name, "validation") == log(tmp_path / "here", "validation")


def test_accumulated_batches_are_one_large_batch(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.optim, "AdamW", tiny_training.PlainSteps)
    tiny_training.run(folder, tmp_path / "large", batch=4, lr=1.0)
    tiny_training.run(folder, tmp_path / "parts", batch=2, accumulate=2, lr=1.0)
    large, parts = tiny_training.weights(tmp_path / "large"), tiny_training.weights(tmp_path / "parts")
    assert not same(large, tiny_training.Tiny().state_dict())
    tiny_training.assert_moved_alike(large, parts)
    logged = [[event["loss"] for event in log(tmp_path / name, "train")] for name in ("large", "parts")]
    assert len(logged[0]) == 2
    assert logged[1] == pytest.approx(logged[0], rel=1e-4)


# --- what is trained ---


@pytest.mark.parametrize(
    ("train", "moved"),
    [("all", {"stem", "middle", "head"}), ("middle", {"middle", "head"}), ("head", {"head"})],
)
def test_a_stage_and_those_after_it_are_trained(folder: Path, tmp_path: Path, train: str, moved: set[str]) -> None:
    tiny_training.run(folder, tmp_path / "out", train=train)
    before, after = tiny_training.Tiny().state_dict(), tiny_training.weights(tmp_path / "out")
    assert {name.partition(".")[0] for name in after if not torch.equal(before[name], after[name])} == moved


def test_what_is_not_trained_costs_no_gradient() -> None:
    model = tiny_training.Tiny()
    choose_parameters(model, "head")
    assert {name for name, parameter in model.named_parameters() if parameter.requires_grad} == {
        "head.weight",
        "head.bias",
    }
    choose_parameters(model, "all")
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_an_unknown_stage_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--train got 'layer9': use all or one of stem, middle, head"):
        tiny_training.run(folder, tmp_path / "out", train="layer9")
    assert not (tmp_path / "out").exists()


def test_running_statistics_move_only_where_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    before = tiny_training.Tiny().state_dict()["stem.1.running_mean"]
    for mode, moves in (("frozen", False), ("updated", True)):
        tiny_training.run(folder, tmp_path / mode, batch_norm=mode)
        after = tiny_training.weights(tmp_path / mode)
        assert torch.equal(after["stem.1.running_mean"], before) != moves
        assert not torch.equal(after["stem.1.weight"], torch.ones(6)), "scale and shift are trained either way"


def test_frozen_batch_norm_leaves_the_rest_in_training_mode() -> None:
    model = nn.Sequential(nn.BatchNorm2d(2), nn.Dropout())
    prepare_to_train(model.eval(), "frozen")
    assert (model[0].training, model[1].training) == (False, True)
    prepare_to_train(model, "updated")
    assert model[0].training


def test_prompts_never_move_and_have_no_gradient(folder: Path, tmp_path: Path) -> None:
    model = tiny_training.Tiny()
    prompts = model.prompts.clone()
    parameters = choose_parameters(model, "all")
    losses.ranking(model.similarities(torch.rand(10, 3, 32, 32)).view(1, 5, 2, 3, 2), 0.1)[0].backward()
    assert torch.equal(model.prompts, prompts)
    assert not model.prompts.requires_grad
    assert all(parameter is not model.prompts for parameter in parameters)
    assert model.stem[0].weight.grad is not None
    assert model.stem[0].weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("changes", "rates"),
    [
        ({}, [8, 8, 8, 8]),
        ({"warmup": 2}, [4, 8, 8, 8]),
        ({"schedule": "cosine"}, [8, 4 * (1 + math.sqrt(0.5)), 4, 4 * (1 - math.sqrt(0.5))]),
        ({"schedule": "cosine", "warmup": 2}, [4, 8, 8, 4]),
    ],
)
def test_the_learning_rate_of_each_step(changes: dict[str, Any], rates: list[float]) -> None:
    config = TrainingConfig(lr=8, **changes)
    assert [learning_rate(config, step, 4) for step in (1, 2, 3, 4)] == pytest.approx(rates)


def test_the_optimiser_takes_the_scheduled_rate(folder: Path, tmp_path: Path) -> None:
    tiny_training.run(folder, tmp_path / "still", lr=0.0)
    assert same(tiny_training.weights(tmp_path / "still"), tiny_training.Tiny().state_dict())
    tiny_training.run(folder, tmp_path / "warm", lr=0.1, warmup=10**12)
    moved, still = tiny_training.weights(tmp_path / "warm"), tiny_training.Tiny().state_dict()
    assert (moved["head.weight"] - still["head.weight"]).abs().max() < 1e-6
    assert [event["lr"] for event in log(tmp_path / "warm", "train")] == pytest.approx([1e-13, 2e-13, 3e-13, 4e-13])


# --- stopping and going on ---


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


# --- what goes wrong ---


class Broken(tiny_training.Tiny):
    """Gives NaN from its second batch on."""

    calls = 0

    def similarities(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return super().similarities(images) * (math.nan if self.calls > 1 else 1)


def test_a_loss_that_is_not_finite_ends_training_and_keeps_the_batch(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny_training, "Tiny", Broken)
    with pytest.raises(BenchError, match=r"the loss is not finite at step 2 .*nonfinite-step2-process0") as caught:
        tiny_training.run(folder, tmp_path / "out")
    assert caught.value.exit_code == 1
    with safe_open(tmp_path / "out" / "nonfinite-step2-process0.safetensors", "pt") as file:
        assert file.get_tensor("images").shape == (2, 5, 2, 3, 32, 32)
        about = file.metadata()
    assert len(about["photographs"].split("\n")) == 2
    assert about["losses"].startswith("loss, ")
    assert not (tmp_path / "out" / "last.safetensors").exists()


def test_photographs_that_cannot_be_used_are_counted(folder: Path, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "grey").save(folder / "001.png")
    (folder / "002.png").write_bytes(b"")
    said = tiny_training.run(folder, tmp_path / "out", epochs=2)
    assert (
        "skipped 2 photographs\n  skipped 001.png: all of 10 random crops are flat\n  skipped 002.png: the file" in said
    )
    assert log(tmp_path / "out", "train")[-1]["skipped"] == 2


def test_a_folder_of_which_nothing_can_be_used_ends_training(tmp_path: Path) -> None:
    folder = tiny_training.photographs(tmp_path / "pristine", 3, size=(30, 30))
    with pytest.raises(BenchError, match=r"too few .* can be used: 3 were skipped, one of them 00\d.png: 30x30 pixels"):
        tiny_training.run(folder, tmp_path / "out")


# --- validation ---


def test_series_srcc_is_one_where_scores_fall() -> None:
    scores = np.array([[5, 4, 3, 2, 1.0], [1, 2, 3, 4, 5], [2, 2, 2, 2, 2], [5, 4, 4, 2, 1]])
    found = validation.series_srcc(scores)
    assert found[:3] == pytest.approx([1, -1, 0])
    assert found[3] == pytest.approx(9.5 / math.sqrt(10 * 9.5))
    drawn = np.random.default_rng(0).integers(0, 4, (50, 5)).astype(float)
    for row, value in zip(drawn, validation.series_srcc(drawn), strict=True):
        if np.ptp(row):
            assert value == pytest.approx(spearmanr(row, [5, 4, 3, 2, 1]).statistic)


def test_types_without_an_order_do_not_count() -> None:
    found = validation.summarise([("jpeg", 0.5), ("jpeg", 0.7), ("white-noise", 1.0), ("mean-shift", -1.0)])
    assert found["types"] == pytest.approx({"jpeg": 0.6, "mean-shift": -1.0, "white-noise": 1.0})
    assert found["monotonicity"] == pytest.approx(0.8)
    assert validation.summarise([])["monotonicity"] is None


class Sharpness(tiny_training.Tiny):
    """Its quality is how much neighbours differ."""

    def similarities(self, images: torch.Tensor) -> torch.Tensor:
        value = images.diff(dim=3).abs().mean((1, 2, 3))
        return torch.stack([value, -value], -1)[:, None]


def test_validation_scores_what_the_network_says() -> None:
    generator = torch.Generator().manual_seed(0)
    crops = torch.randint(256, (3, 1, 3, 40, 40), generator=generator, dtype=torch.uint8)
    types = ("gaussian-blur", "lens-blur", "white-noise")
    batch = Batch(("a", "b", "c"), types, (1, 2, 3), (True,) * 3, torch.empty(0), crops, torch.empty(0), ())
    found = dict(
        validation.score_series(Sharpness(), [batch], SeriesRecipe(0, 32, 0.25, 0, ("jpeg",)), torch.device("cpu"))
    )
    assert found["gaussian-blur"] == found["lens-blur"] == 1
    assert found["white-noise"] < 0


def test_best_is_the_checkpoint_of_the_best_validation(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([0.9, 0.2, 0.6, 0.4, 0.6])
    monkeypatch.setattr(validation, "summarise", lambda series: {"monotonicity": next(values), "types": {}})
    saved: dict[int, Weights] = {}
    original = tiny_training.subject

    def noting(model: Any) -> Any:
        made = original(model)

        def save(path: Path, about: Any) -> None:
            made.save(path, about)
            saved[about["step"]] = {name: value.clone() for name, value in model.state_dict().items()}

        return trainer.Subject(made.model, save, made.score, made.origin)

    monkeypatch.setattr(tiny_training, "subject", noting)
    said = tiny_training.run(folder, tmp_path / "out", validate_every=1, held_out=0.3, batch=1, max_steps=4)
    assert "0.6000, best 0.6000, before training 0.9000; " in said
    assert same(tiny_training.weights(tmp_path / "out", "best"), saved[2])
    assert same(tiny_training.weights(tmp_path / "out"), saved[4])


def test_nothing_held_out_is_said_and_gives_no_validation_and_no_best(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tiny_training.run(folder, tmp_path / "out", validate_every=1)
    assert "no photograph is held out" in capsys.readouterr().err
    assert log(tmp_path / "out", "validation") == []
    assert not (tmp_path / "out" / "best.safetensors").exists()
    assert said.startswith(f"{tmp_path / 'out'}: 4 steps on 8 photographs; skipped 0 photographs\nnext: ")
    assert "last.safetensors" in said


def test_monitors_are_reported_where_nothing_is_held_out(folder: Path, tmp_path: Path) -> None:
    said = tiny_training.run(folder, tmp_path / "out", monitors={"koniq": lambda score: 0.5})
    assert [event["srcc"] for event in log(tmp_path / "out", "validation")] == [{"koniq": 0.5}] * 2
    assert "last.safetensors" in said


def test_a_monitor_is_reported_and_recorded_and_chooses_nothing(folder: Path, tmp_path: Path) -> None:
    said = iter([0.5, 0.9, 0.1, math.nan])
    seen: list[float] = []

    def monitor(score: Any) -> float:
        seen.extend(score([Photo("x.png", np.zeros((40, 40, 3), np.uint8), 1, 1600)]))
        return next(said)

    settings: dict[str, Any] = {"validate_every": 1, "held_out": 0.3, "batch": 1, "max_steps": 3}
    tiny_training.run(folder, tmp_path / "watched", monitors={"koniq": monitor}, **settings)
    tiny_training.run(folder, tmp_path / "alone", **settings)
    assert [event["srcc"] for event in log(tmp_path / "watched", "validation")] == [
        {"koniq": 0.5},
        {"koniq": 0.9},
        {"koniq": 0.1},
        {"koniq": None},
    ]
    assert len(seen) == 4
    for name in ("best", "last"):
        assert same(tiny_training.weights(tmp_path / "watched", name), tiny_training.weights(tmp_path / "alone", name))


def test_held_out_photographs_are_never_trained_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    weighted = stepping.Stepper._batch

    def noting(self: Any, number: int, batch: Batch, stop: Any) -> Any:
        names.extend(batch.names)
        return weighted(self, number, batch, stop)

    monkeypatch.setattr(stepping.Stepper, "_batch", noting)
    tiny_training.run(folder, tmp_path / "out", held_out=0.3, batch=1, epochs=2)
    held = log(tmp_path / "out", "run")[0]["photographs"]
    assert len(set(names)) == held["trained_on"] < held["count"] == 8


# --- what is written ---


def test_the_log_begins_with_configuration_and_environment(folder: Path, tmp_path: Path) -> None:
    tiny_training.run(folder, tmp_path / "out", weights="/home/somebody/RN50.pt")
    first, *rest = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert first["training"]["lr"] == 1e-3
    assert first["training"]["weights"] == "RN50.pt"
    assert first["environment"]["processes"] == 1
    assert first["environment"]["torch"] == torch.__version__
    assert first["trained_on"] == ["pristine", "unknown"]
    assert set(rest[0]) == {
        *("event", "step", "epoch", "lr", "images_per_second", "skipped"),
        *("loss", "consistency", "positive", "negative"),
    }


def test_paper_names_the_defaults() -> None:
    assert TrainingConfig(**read_presets()["paper"]) == TrainingConfig()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "batch got 0: it must be at least 1"),
        ({"lr": -1.0}, "lr got -1.0: it must be at least 0"),
        ({"lr": math.nan}, "lr got nan"),
        ({"held_out": 1.0}, "held_out got 1.0: it must be at least 0 and below 1"),
        ({"crop": 16}, "crop got 16"),
        ({"checkpointing": True, "batch_norm": "updated"}, "checkpointing would update batch_norm"),
    ],
)
def test_impossible_values_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**changes)


# --- several processes ---


TWO = """
import os, sys
import torch
from accelerate import PartialState
from safetensors.torch import save_file
import tiny_training

torch.set_num_threads(1)
torch.optim.AdamW = tiny_training.PlainSteps
folder, output = map(tiny_training.Path, sys.argv[1:])
model = tiny_training.Tiny()
tiny_training.Tiny = lambda: model
said = tiny_training.run(folder, output, batch=2, held_out=0.3, epochs=2, lr=1.0)
assert PartialState().num_processes == 2, PartialState()
save_file(model.state_dict(), f"{output}-{os.environ['RANK']}.safetensors")
print(said, end="")
"""


def start_two(script: Path, *args: Path) -> list[subprocess.Popen[str]]:
    """Start two processes as torchrun would."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    root = Path(trainer.__file__).parents[2]
    common = {"PYTHONPATH": f"{root}{os.pathsep}{root / 'tests' / 'helpers'}", "OMP_NUM_THREADS": "1"}
    common |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    return [
        subprocess.Popen(
            [sys.executable, script, *args],
            env={**os.environ, **common, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]


@pytest.mark.slow
def test_two_processes_agree_and_train_as_one_with_both_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.optim, "AdamW", tiny_training.PlainSteps)
    folder = tiny_training.photographs(tmp_path / "pristine", 14)
    (tmp_path / "two.py").write_text(TWO)
    processes = start_two(tmp_path / "two.py", folder, tmp_path / "two")
    tiny_training.run(folder, tmp_path / "one", batch=4, held_out=0.3, epochs=2, lr=1.0)
    said = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert (said[0][0].count("steps on"), said[1][0]) == (1, "")
    assert same(*(load_file(tmp_path / f"two-{rank}.safetensors") for rank in (0, 1)))
    tiny_training.assert_moved_alike(tiny_training.weights(tmp_path / "one"), tiny_training.weights(tmp_path / "two"))
    assert log(tmp_path / "two", "run")[0]["environment"]["processes"] == 2
    logged = [[event["loss"] for event in log(tmp_path / name, "train")] for name in ("one", "two")]
    assert len(logged[0]) >= 4
    assert logged[1] == pytest.approx(logged[0], rel=1e-4)
    found = [log(tmp_path / name, "validation")[-1]["types"] for name in ("one", "two")]
    assert found[1] == pytest.approx(found[0], abs=0.2)


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
