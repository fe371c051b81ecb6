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
from tiny_training import log, same
from torch import nn

from bench.errors import BenchError, UsageError
from bench.methods.qualiclip import losses, trainer
from bench.methods.qualiclip.config import TrainingConfig, read_presets
from bench.methods.qualiclip.optimisation import choose_parameters, learning_rate, prepare_to_train


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_training.photographs(tmp_path / "pristine", 8)


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
state = {name: value.contiguous() for name, value in model.state_dict().items()}
save_file(state, f"{output}-{os.environ['RANK']}.safetensors")
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
