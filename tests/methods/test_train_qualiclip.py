from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_training
import torch
from open_clip.modified_resnet import ModifiedResNet
from safetensors import safe_open
from torch.nn import functional

from bench.api import UNKNOWN
from bench.errors import UsageError
from bench.methods.qualiclip import Qualiclip, checkpoint_files, checkpoints, losses
from bench.methods.qualiclip.metrics import QualiclipOptions
from bench.methods.qualiclip.model import QualityModel, mean_query_pool
from bench.methods.qualiclip.optimisation import choose_parameters, prepare_to_train

pytestmark = pytest.mark.usefixtures("empty_caches")


def tiny_clip(seed: int = 0) -> QualityModel:
    """CLIP's kind of encoder, with 8 channels where RN50 has 64, and random prompts."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        visual = ModifiedResNet(layers=[1, 1, 1, 1], output_dim=32, heads=4, image_size=64, width=8)
        for parameter in visual.parameters():
            if not parameter.any():  # CLIP begins with its last normalisations at 0
                torch.nn.init.ones_(parameter)
        prompts = functional.normalize(torch.randn(6, 32), dim=-1)
    return QualityModel(visual.eval(), prompts, scale=100.0)


def loss_of(model: QualityModel, images: torch.Tensor) -> torch.Tensor:
    similarities = model.similarities(images).view(1, 5, 2, 3, 2)
    positive, negative = losses.ranking(similarities, 0.1)
    return positive + negative


def test_the_gradient_reaches_every_parameter_from_the_stem_on_and_nothing_else() -> None:
    model = tiny_clip()
    chosen = choose_parameters(model, "all")
    loss_of(model, torch.rand(10, 3, 64, 64, generator=torch.Generator().manual_seed(0))).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in chosen)
    others = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    assert others == {"visual.attnpool.positional_embedding", "visual.attnpool.k_proj.bias"}
    assert not model.prompts.requires_grad


def test_stages_follow_the_encoder() -> None:
    model = tiny_clip()
    stages = model.stages()
    assert list(stages) == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert sum(map(len, stages.values())) == len(list(model.parameters())) - 2
    assert len(stages["stem"]) == 9
    assert model.visual.attnpool.c_proj.weight in set(stages["head"])


def test_checkpointing_gives_the_same_gradient() -> None:
    images = torch.rand(10, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = []
    for checkpointing in (False, True):
        model = tiny_clip()
        model.checkpointing = checkpointing
        choose_parameters(model, "all")
        prepare_to_train(model, "frozen")
        loss_of(model, images).backward()
        found.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    torch.testing.assert_close(found[0], found[1])
    assert found[0].any()


def test_checkpointing_keeps_fewer_activations() -> None:
    images = torch.rand(10, 3, 64, 64)
    kept = []
    for checkpointing in (False, True):
        model = tiny_clip()
        model.checkpointing = checkpointing
        choose_parameters(model, "all")
        size = 0

        def note(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal size
            size += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss_of(model, images)
        kept.append(size)
    assert kept[1] < kept[0] / 2


def test_clips_kind_of_encoder_is_trained_in_mixed_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(True)
    folder = tiny_training.photographs(tmp_path / "pristine", 4)
    monkeypatch.setattr(tiny_training, "Tiny", tiny_clip)
    tiny_training.run(folder, tmp_path / "out", precision="bf16", checkpointing=True, lr=1e-4)
    AcceleratorState._reset_state(True)
    trained, before = tiny_training.weights(tmp_path / "out"), tiny_clip().state_dict()
    assert not torch.equal(trained["visual.conv1.weight"], before["visual.conv1.weight"])
    assert {value.dtype for value in trained.values() if value.is_floating_point()} == {torch.float32}


def test_only_convolutions_are_in_16_bits() -> None:
    model = tiny_clip()
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    cells = []
    model.visual.layer4.register_forward_hook(lambda _module, _given, result: cells.append(result))
    with torch.autocast("cpu", torch.bfloat16):
        similarities = model.similarities(images)
    assert cells[0].dtype == torch.bfloat16
    assert similarities.dtype == torch.float32
    # The same cells outside of mixed precision: rounding of the pooling or the cosines would differ by 0.001 and more.
    pooled = functional.normalize(mean_query_pool(model.visual.attnpool, cells[0].float()), dim=-1)
    torch.testing.assert_close(similarities, (pooled @ model.prompts.T).view(4, 3, 2), rtol=0, atol=1e-6)


def test_training_needs_clip_and_says_how_to_get_it(tmp_path: Path) -> None:
    folder = tiny_training.photographs(tmp_path / "pristine", 2)
    for given, message in (("", "or give --weights=FILE"), ("none.pt", r"^--weights: none.pt is not a file")):
        config = Qualiclip.Training(weights=given)
        with pytest.raises(UsageError, match=message):
            Qualiclip.train(config, folder, tmp_path / "out", resume=False, monitors={})


def test_what_was_watched_is_declared_of_the_checkpoint(tmp_path: Path) -> None:
    config = tmp_path / "x.json"
    config.write_text(json.dumps({"trained_on": ["kadis700k", UNKNOWN], "monitored_on": ["koniq"]}))
    checkpoint = checkpoint_files.Checkpoint({}, None, checkpoint_files._read_config(tmp_path / "x.safetensors"))
    assert checkpoint.selected_on == ("koniq",)
    config.write_text(json.dumps({"monitored_on": "koniq"}))
    with pytest.raises(checkpoint_files.RefusedError, match="monitored_on that is not a list of names"):
        checkpoint_files._read_config(tmp_path / "x.safetensors")


@pytest.mark.slow
def test_rn50_is_trained_from_a_clip_file_and_scores(tmp_path: Path, photos: Path, bench: Callable[..., Any]) -> None:
    from clip_states import random_state

    clip = tmp_path / "RN50.pt"
    torch.save(random_state(0), clip)
    folder = tiny_training.photographs(tmp_path / "pristine", 8)
    arguments = ["--weights", clip, "--crop", 32, "--batch", 1, "--held-out", 0.3, "--max-steps", 2, "--workers", 0]
    arguments += ["--types", "gaussian-blur,jpeg", "--lr", 1e-5, "--device", "cpu", "--source", "live"]
    done = bench(
        *("train", "qualiclip", "--pristine", folder, "--output", tmp_path / "out", "--val-dataset", photos), *arguments
    )
    assert done.code == 0, done.err
    last = tmp_path / "out" / "last.safetensors"
    with safe_open(last, "pt") as file:
        names = set(file.keys())
    assert "prompts_features" in names
    assert not [name for name in names if name.startswith(("transformer", "token_embedding"))], "no text encoder"
    before, after = torch.load(clip)["visual.conv1.weight"], checkpoints.load_checkpoint(last, "test", text=None)
    assert not torch.equal(after.state["visual.conv1.weight"], before)
    declared = Qualiclip(QualiclipOptions(weights=str(last))).declared()
    assert declared.trained_on == ("live", UNKNOWN)
    assert declared.selected_on == ("photos",)
    best = tmp_path / "out" / "best.safetensors"
    ran = bench("run", "--method", "qualiclip", "--option", f"qualiclip.weights={best}", "--dataset", photos)
    assert ran.code == 0, ran.err
    assert "scored 8, failed 0" in ran.out
