"""How training is fed: 8 bits, batched degradations, loaders, precision, and what is said where memory runs out."""

from __future__ import annotations

import json
import math
import shlex
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_training
import torch
from accelerate.state import AcceleratorState

from bench.distortions import DISTORTIONS
from bench.errors import BenchError
from bench.methods.qualiclip import loading, record, stepping, trainer
from bench.methods.qualiclip.config import TrainingConfig
from bench.methods.qualiclip.photographs import find_photographs
from bench.methods.qualiclip.plan import recipe_of
from bench.methods.qualiclip.series import TrainingSeries, ValidationSeries, as_input, collate
from bench.plugins.options import values_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_training.photographs(tmp_path / "pristine", 8)


@pytest.fixture
def fresh_accelerator() -> Iterator[None]:
    """Let a precision be chosen, and forget it again."""
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)


# --- batches ---


def test_series_travel_in_8_bits_and_reach_the_network_channels_last(folder: Path) -> None:
    recipe = recipe_of(TrainingConfig(**tiny_training.CONFIG))
    series = TrainingSeries(find_photographs(folder), range(8), recipe)
    batch = collate([series[0, i] for i in range(3)])
    assert batch.levels.dtype == torch.uint8
    images, _ = batch.degraded(torch.device("cpu"), recipe)
    given = as_input(images)
    assert given.shape == (30, 3, 32, 32)
    assert given.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal((given * 255).round().byte().view(images.shape), images)


@pytest.mark.parametrize(
    "changes",
    [{"draws": "independent"}, {"draws": "shared", "lambda_across": 1.0, "pristine_level": True}],
)
def test_a_batch_degraded_on_the_device_is_that_of_the_workers(folder: Path, changes: dict[str, Any]) -> None:
    types = "jpeg,white-noise,motion-blur,white-noise,quantization,over-sharpen"
    found = find_photographs(folder)
    batches = {}
    for place in ("workers", "device"):
        config = TrainingConfig(**{**tiny_training.CONFIG, "types": types, "degrade_on": place, **changes})
        recipe = recipe_of(config)
        series = TrainingSeries(found, range(8), recipe)
        batches[place] = collate([series[epoch, i] for epoch in (0, 1) for i in range(8)])
        batches[place, "degraded"] = batches[place].degraded(torch.device("cpu"), recipe)
    waiting = {name for name, later in zip(batches["device"].types, batches["device"].later, strict=True) if later}
    assert waiting == {"white-noise", "motion-blur", "over-sharpen"}
    assert 0 < len(batches["device"].levels) < 16
    for name in ("names", "types", "draws"):
        assert getattr(batches["workers"], name) == getattr(batches["device"], name)
    (images, severity), (others, severities) = batches["workers", "degraded"], batches["device", "degraded"]
    assert images.shape == (16, 6 if "pristine_level" in changes else 5, 2, 3, 32, 32)
    # Where a value lies between two steps of 8 bits, rounding may take the other one.
    assert (images.int() - others.int()).abs().max() <= 1
    assert (images != others).double().mean() < 1e-4
    torch.testing.assert_close(severity, severities, rtol=0, atol=1e-4)
    assert bool(severity.any()) == ("pristine_level" in changes)


def test_validation_is_the_same_wherever_it_is_degraded(folder: Path) -> None:
    found = []
    for place in ("workers", "device"):
        config = TrainingConfig(**{**tiny_training.CONFIG, "types": "kadid", "degrade_on": place})
        recipe = recipe_of(config)
        series = ValidationSeries(find_photographs(folder), (0,), recipe)
        batch = collate([series[i] for i in range(len(series))])
        found.append(batch.degraded(torch.device("cpu"), recipe.for_validation())[0].int())
    assert sum(batch.later) == sum(DISTORTIONS[name].batched for name in batch.types) == 21
    assert (found[0] - found[1]).abs().max() <= 1


def test_a_batch_for_a_gpu_is_in_locked_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of(TrainingConfig(**{**tiny_training.CONFIG, "degrade_on": "device"}))
    series = TrainingSeries(find_photographs(folder), range(8), recipe)
    batch = collate([series[0, i] for i in range(8)])
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor + 1)  # no device here that has any
    pinned = batch.pin_memory()
    for part in ("levels", "crops", "severity"):
        assert torch.equal(getattr(pinned, part), getattr(batch, part) + 1)
    assert pinned.names == batch.names
    plan = loading.Loading(0, 2)
    assert plan.loader(series, torch.device("cuda"), batch_size=1).pin_memory
    assert not plan.loader(series, torch.device("cpu"), batch_size=1).pin_memory


# --- one step ---


class Broken(tiny_training.Tiny):
    """Gives NaN from its second batch on."""

    calls = 0

    def similarities(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return super().similarities(images) * (math.nan if self.calls > 1 else 1)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_loss_that_is_not_finite_never_changes_the_weights(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accumulate: int
) -> None:
    model = Broken()
    monkeypatch.setattr(tiny_training, "Tiny", lambda: model)
    after: list[dict[str, torch.Tensor]] = []
    take = stepping.Stepper.step

    def noting(self: Any, *given: Any) -> Any:
        after.append({name: value.clone() for name, value in model.state_dict().items()})
        return take(self, *given)

    monkeypatch.setattr(stepping.Stepper, "step", noting)
    with pytest.raises(BenchError, match="the loss is not finite"):
        tiny_training.run(folder, tmp_path / "out", batch=1, accumulate=accumulate)
    assert len(after) == 3 - accumulate
    for name, value in model.state_dict().items():
        assert torch.equal(value, after[-1][name]), name


def test_nothing_is_read_from_the_device_between_forward_and_backward(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def noting(kind: Any, name: str) -> None:
        original = getattr(kind, name)

        def call(self: Any, *given: Any, **named: Any) -> Any:
            order.append(name)
            return original(self, *given, **named)

        monkeypatch.setattr(kind, name, call)

    noting(stepping._Forward, "forward")
    noting(stepping.accelerate.Accelerator, "backward")
    noting(stepping.Stepper, "_agreed")
    noting(torch.optim.AdamW, "step")
    for name in ("item", "tolist", "__bool__", "__float__", "cpu"):
        noting(torch.Tensor, name)
    tiny_training.run(folder, tmp_path / "out", max_steps=1)
    taken = order[order.index("forward") :]
    assert taken[: taken.index("step") + 1] == ["forward", "backward", "_agreed", "tolist", "step"]


class Precisions(tiny_training.Tiny):
    """Remembers in which precision it was asked, and whether for training."""

    asked: list[tuple[bool, bool]]

    def similarities(self, images: torch.Tensor) -> torch.Tensor:
        self.asked.append((torch.is_autocast_enabled("cpu"), torch.is_grad_enabled()))
        return super().similarities(images)


@pytest.mark.usefixtures("fresh_accelerator")
def test_validation_has_the_precision_of_training(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny_training, "Tiny", Precisions)
    monkeypatch.setattr(Precisions, "asked", [], raising=False)
    tiny_training.run(folder, tmp_path / "out", precision="bf16", held_out=0.3, batch=1, max_steps=1)
    assert set(Precisions.asked) == {(True, True), (True, False)}


# --- memory and workers ---


class Full(tiny_training.Tiny):
    """Runs out of memory."""

    error: RuntimeError

    def similarities(self, images: torch.Tensor) -> torch.Tensor:
        raise self.error


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
            r"lower --batch and raise --accumulate .* --checkpointing true or --precision bf16$",
        ),
        (
            RuntimeError("DataLoader worker (pid 5) is killed by signal: Bus error. It is possible that dataloader's "
                         "workers are out of shared memory. Please try to raise your shared memory limit."),
            r"lower --workers or --batch, use --degrade-on device, or give the container more",
        ),
    ],
)  # fmt: skip
def test_where_memory_runs_out_the_options_that_help_are_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: RuntimeError, named: str
) -> None:
    monkeypatch.setattr(Full, "error", error, raising=False)
    monkeypatch.setattr(tiny_training, "Tiny", Full)
    with pytest.raises(BenchError, match=named) as caught:
        tiny_training.run(folder, tmp_path / "out")
    assert caught.value.exit_code == 1


def test_another_error_is_left_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="shapes"), loading.memory_explained():
        raise RuntimeError("shapes differ")


@pytest.mark.parametrize(
    ("cores", "megabytes", "processes", "given", "expected"),
    [
        (16, 24_000, 1, {}, (16, 2)),  # a workstation
        (16, 24_000, 4, {}, (4, 2)),  # four processes share the cores
        (16, 64, 1, {}, (1, 1)),  # a container as it comes: a batch of 24 MB ahead, one in use
        (16, 64, 1, {"degrade_on": "device"}, (3, 2)),  # batches of 7 MB
        (16, 300, 1, {}, (5, 2)),
        (1, 24_000, 4, {}, (1, 2)),
        (16, 64, 1, {"workers": 8}, (8, 1)),  # asked for
        (16, 24_000, 1, {"workers": 0}, (0, 2)),
    ],
)
def test_workers_follow_cores_and_shared_memory(
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    megabytes: int,
    processes: int,
    given: dict[str, Any],
    expected: tuple[int, int],
) -> None:
    disk = namedtuple("disk", "free")
    monkeypatch.setattr(loading.joblib, "cpu_count", lambda: cores)
    monkeypatch.setattr(loading.shutil, "disk_usage", lambda _: disk(megabytes * 10**6))
    monkeypatch.setattr(loading, "SHARED", Path("/"))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    config = TrainingConfig(**given)
    found = loading.plan_loading(config, recipe_of(config))
    assert (found.workers, found.ahead) == expected
    few = not given.get("workers") and "workers" not in given and found.workers < max(1, cores // processes)
    assert ("has room for the batches of" in found.note) == few


# --- records ---


def test_a_checkpoint_says_what_was_skipped_and_names_no_more_than_a_hundred(folder: Path, tmp_path: Path) -> None:
    (folder / "002.png").write_bytes(b"")
    saved: list[Any] = []
    subject = tiny_training.subject(tiny_training.Tiny())
    noting = trainer.Subject(subject.model, lambda _, about: saved.append(about), subject.score, subject.origin)
    config = TrainingConfig(**{**tiny_training.CONFIG, "epochs": 2})
    trainer.train(noting, config, find_photographs(folder), tmp_path / "out", resume=False, monitors={})
    assert saved[-1]["skipped"]["count"] == 1
    assert "the file" in saved[-1]["skipped"]["photographs"]["002.png"]
    many = record.skipped({f"{i:03}.png": "x" * 1000 for i in range(300)})
    assert (many["count"], len(many["photographs"])) == (300, 100)
    assert list(many["photographs"])[-1] == "099.png"
    assert len(json.dumps(many)) < 30_000


def test_the_next_command_can_be_copied() -> None:
    words = shlex.split(record.next_command("qualiclip", Path("my runs/a,b/best.safetensors")))
    assert words[:5] == ["bench", "run", "--method", "qualiclip", "--option"]
    name, _, value = words[5].partition("=")
    assert (name, values_of(value)) == ("qualiclip.weights", ["my runs/a,b/best.safetensors"])
    assert words[6:] == ["--dataset", "sample"]


def test_the_end_names_the_best_checkpoint_or_else_the_last(folder: Path, tmp_path: Path) -> None:
    for held_out, checkpoint in ((0.3, "best"), (0.0, "last")):
        output = tmp_path / checkpoint
        said = tiny_training.run(folder, output, held_out=held_out, batch=1, max_steps=1)
        assert said.endswith(f"next: {record.next_command('tiny', output / f'{checkpoint}.safetensors')}")
        assert (output / f"{checkpoint}.safetensors").exists()
