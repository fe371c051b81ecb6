"""``bench inspect``: pairs of checkpoints with planted answers."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Ran
from safetensors.torch import save_file
from torch import Tensor

from bench.api import LayerChange, WeightComparison
from bench.errors import UsageError
from bench.methods.qualiclip.comparing import compare_files
from bench.methods.qualiclip.evidence import spacing
from bench.plugins.weights import compare_weights

State = dict[str, Tensor]


@pytest.fixture
def start() -> State:
    """A small network as CLIP is released: in float16, its names as CLIP's."""
    generator = torch.Generator().manual_seed(0)
    state = {
        "visual.conv1.weight": torch.randn(8, 3, 3, 3, generator=generator) / 50,
        "visual.bn1.weight": torch.rand(8, generator=generator),
        "visual.bn1.bias": torch.zeros(8),
        "visual.bn1.running_mean": torch.randn(8, generator=generator),
        "visual.bn1.running_var": torch.rand(8, generator=generator),
        "visual.attnpool.positional_embedding": torch.randn(5, 4, generator=generator),
    }
    return {name: tensor.half().float() for name, tensor in state.items()}


@pytest.fixture
def compared(start: State, tmp_path: Path) -> Callable[[State], WeightComparison]:
    def run(trained: State) -> WeightComparison:
        torch.save({name: t.half() if t.is_floating_point() else t for name, t in start.items()}, tmp_path / "RN50.pt")
        torch.save({f"clip_model.{name}": tensor for name, tensor in trained.items()}, tmp_path / "trained.pth")
        return compare_files(tmp_path / "trained.pth", tmp_path / "RN50.pt")

    return run


def layer(found: WeightComparison, name: str, kind: str = "weights") -> LayerChange:
    return next(change for change in found.layers if (change.layer, change.kind) == (name, kind))


def said(found: WeightComparison, part: str) -> str:
    """Return the one conclusion with a part."""
    (sentence,) = [sentence for sentence in found.conclusions if part in sentence]
    return sentence


def moved(start: State, **by: Tensor | float) -> State:
    return {name: tensor + by.get(name.replace(".", "_"), 0.0) for name, tensor in start.items()}


def test_a_layer_that_was_moved_is_found_with_how_far(
    compared: Callable[[State], WeightComparison], start: State
) -> None:
    change = torch.zeros(8, 3, 3, 3)
    change[0, 0, 0, 0], change[1] = -8.1e-5, 4e-5
    found = compared(moved(start, visual_conv1_weight=change))
    conv = layer(found, "visual.conv1")
    expected = ((8.1e-5**2 + 27 * 4e-5**2) / 216) ** 0.5
    assert (conv.numbers, conv.changed) == (216, 28 / 216)
    assert conv.largest == pytest.approx(8.1e-5, rel=1e-4)
    assert conv.rms == pytest.approx(expected, rel=1e-4)
    size = float(start["visual.conv1.weight"].square().mean().sqrt())
    assert conv.relative_largest == pytest.approx(8.1e-5 / size, rel=1e-4)
    assert conv.relative_rms == pytest.approx(expected / size, rel=1e-4)
    assert layer(found, "visual.bn1").largest == layer(found, "visual.attnpool").largest == 0
    assert "8.1e-05, in visual.conv1; over 252 weights" in said(found, "largest change")
    assert "2 of 3 layers did not change: visual.bn1, visual.attnpool." in found.conclusions
    assert "at least about 8.1e-05" in said(found, "AdamW")
    assert "a rate of at least 9.3e-10" in said(found, "AdamW")
    assert "at most about 8.7e-05: the weights stay within that" in said(found, "A rate of 1e-09")


@pytest.mark.parametrize(
    ("far", "verdict"), [(8e-5, "stay within"), (2e-4, "only where gradients are rare"), (1e-3, "cannot be reached")]
)
def test_the_rate_that_is_recalled_is_put_to_the_test(
    compared: Callable[[State], WeightComparison], start: State, far: float, verdict: str
) -> None:
    assert verdict in said(compared(moved(start, visual_conv1_weight=far)), "A rate of 1e-09")


def test_a_gradient_that_never_changes_moves_a_weight_by_the_rate_in_each_step(
    compared: Callable[[State], WeightComparison], start: State
) -> None:
    # AdamW by hand: importing torch.optim takes seconds.
    weights, first, second = start["visual.conv1.weight"].clone(), 0.0, 0.0
    for step in range(1, 31):
        first, second = 0.9 * first + 0.1, 0.999 * second + 0.001
        ratio = first / (1 - 0.9**step) / (second / (1 - 0.999**step)) ** 0.5
        weights -= 1e-4 * (ratio + 0.01 * weights)
    assert "at least about 0.003;" in said(compared(start | {"visual.conv1.weight": weights}), "AdamW")


def test_a_weight_that_a_small_step_could_not_change_bounds_the_step(
    compared: Callable[[State], WeightComparison], start: State
) -> None:
    positions = start["visual.attnpool.positional_embedding"].clone()
    place = torch.nn.functional.one_hot((positions.flatten() - 0.6).abs().argmin(), 20).view(5, 4)
    found = compared(moved(start, visual_attnpool_positional_embedding=1e-6 * place))
    assert 0.5 <= float(positions[place.bool()]) < 1
    # Between 0.5 and 1 float32 has a number every 2^-24.
    assert "numbers 6e-08 apart" in said(found, "float32 has")
    assert "some step was at least 3e-08" in said(found, "float32 has")


@pytest.mark.parametrize(("dtype", "name"), [(torch.float16, "float16"), (torch.bfloat16, "bfloat16")])
def test_a_file_that_was_rounded_to_sixteen_bits_is_known(
    compared: Callable[[State], WeightComparison], start: State, dtype: torch.dtype, name: str
) -> None:
    change = 5e-4 * torch.randn(8, 3, 3, 3, generator=torch.Generator().manual_seed(1))
    trained = moved(start, visual_conv1_weight=change)
    plain = compared(trained)
    assert getattr(layer(plain, "visual.conv1"), name) < 0.1
    assert layer(plain, "visual.attnpool").float16 == 1
    assert not any("was rounded" in sentence for sentence in plain.conclusions)
    found = compared({key: tensor.to(dtype).float() for key, tensor in trained.items()})
    assert all(getattr(change, name) == 1 for change in found.layers)
    assert f"were rounded to {name}: what moved less" in said(found, "were rounded")
    assert not any("float32 has numbers" in sentence for sentence in found.conclusions)
    rate = float(said(found, "AdamW").partition("at least about ")[2].partition(";")[0])
    assert 0.85 * float(change.abs().max()) < rate < 1.05 * float(change.abs().max())


def test_one_number_that_sixteen_bits_hold_is_no_sign_of_rounding(
    compared: Callable[[State], WeightComparison], start: State
) -> None:
    alone = torch.zeros(8)
    alone[3] = 0.5  # from 0
    found = compared(moved(start, visual_bn1_bias=alone))
    assert layer(found, "visual.bn1").changed == 1 / 16
    assert not any("rounded to" in sentence for sentence in found.conclusions)
    assert "at least about 0.5;" in said(found, "AdamW")
    # Of a file in float16 all layers say it together.
    rounded = {name: tensor.half().float() for name, tensor in moved(start, visual_conv1_weight=1e-3).items()}
    found = compared(rounded | {"visual.bn1.bias": alone})
    assert "2 of the layers that changed were rounded to float16" in said(found, "rounded to")


def test_a_layer_in_which_other_numbers_are_not_held_was_not_rounded(start: State, tmp_path: Path) -> None:
    start["visual.conv1.weight"][4:] += 1e-3 / 3
    changed = start["visual.conv1.weight"].clone()
    changed[:4] = 0.25
    torch.save(start, tmp_path / "start.pt")
    torch.save(start | {"visual.conv1.weight": changed}, tmp_path / "trained.pt")
    found = compare_files(tmp_path / "trained.pt", tmp_path / "start.pt")
    assert layer(found, "visual.conv1").changed == 0.5
    assert not any("rounded to" in sentence for sentence in found.conclusions)


def test_rounding_alone_is_no_training(compared: Callable[[State], WeightComparison], start: State) -> None:
    found = compared({name: tensor.bfloat16().float() for name, tensor in start.items()})
    assert layer(found, "visual.conv1").changed > 0.5
    assert "No weight changed by more than rounding: nothing is said of the rate." in found.conclusions
    assert "no more than rounding to 16 bits: they were frozen" in said(found, "running statistics")


def test_spacing_is_the_distance_to_the_next_number() -> None:
    numbers = torch.tensor([1.0, 0.6, 0.03, -3.0])
    for dtype in (torch.float32, torch.bfloat16):
        own = numbers.to(dtype)
        further = torch.nextafter(own.abs(), torch.tensor(torch.inf, dtype=dtype)) - own.abs()
        assert spacing(own, dtype).tolist() == further.double().tolist()
    assert spacing(torch.tensor([1.0, 0.6]), torch.float16).tolist() == [2**-10, 2**-11]


def test_batch_normalisation_tells_whether_it_was_frozen(
    compared: Callable[[State], WeightComparison], start: State
) -> None:
    frozen = compared(moved(start, visual_conv1_weight=1e-5))
    assert layer(frozen, "visual.bn1", "statistics").largest == 0
    assert "they were frozen in training" in said(frozen, "running statistics")
    assert not any("num_batches_tracked" in sentence for sentence in frozen.conclusions)
    start["visual.bn1.num_batches_tracked"] = torch.tensor(3)
    counted = {"visual.bn1.num_batches_tracked": torch.tensor(87_503)}
    updated = compared(moved(start, visual_bn1_running_var=0.25) | counted)
    assert layer(updated, "visual.bn1", "statistics").largest == pytest.approx(0.25)
    assert layer(updated, "visual.bn1").largest == 0
    assert "changed in 1 of 1 layers, by up to 0.25 in visual.bn1" in said(updated, "running statistics")
    assert updated.tracked == ((87_503,), (3,))
    assert "from 3 to 87503: by the difference, so many forward" in said(updated, "num_batches_tracked")
    assert "No weight changed." in updated.conclusions
    del counted["visual.bn1.num_batches_tracked"], start["visual.bn1.running_mean"], start["visual.bn1.running_var"]
    assert "no running statistics" in said(compared(moved(start)), "running statistics")


def test_what_only_one_file_has_is_named(compared: Callable[[State], WeightComparison], start: State) -> None:
    trained = moved(start) | {"prompts_features": torch.ones(14, 8)}
    del trained["visual.attnpool.positional_embedding"]
    found = compared(trained)
    assert "The file lacks visual.attnpool.positional_embedding." in found.conclusions
    assert "The file alone has prompts_features." in found.conclusions


def test_files_of_two_networks_are_one_sentence(
    compared: Callable[[State], WeightComparison], start: State, tmp_path: Path
) -> None:
    with pytest.raises(
        UsageError, match=r"trained\.pth and .*RN50\.pt: visual\.bn1\.bias has the shape \(9,\) in one "
    ):
        compared(start | {"visual.bn1.bias": torch.zeros(9)})
    with pytest.raises(UsageError, match="no tensor has the same name in both; give checkpoints of one network"):
        compared({"head.weight": torch.ones(3)})
    with pytest.raises(UsageError, match=r"trained\.pth: visual\.bn1\.bias holds NaN or infinite values"):
        compared(start | {"visual.bn1.bias": torch.full((8,), torch.nan)})
    with pytest.raises(UsageError, match="it holds no tensors by name"):
        compared({})
    torch.save(torch.ones(3), tmp_path / "one.pt")
    with pytest.raises(UsageError, match=r"one\.pt: it holds one Tensor where names and tensors should be"):
        compare_files(tmp_path / "one.pt", tmp_path / "RN50.pt")
    with pytest.raises(UsageError, match=r"'niqe', which cannot compare weights. Use one of: qualiclip"):
        compare_weights("niqe", tmp_path / "one.pt", tmp_path / "RN50.pt")


class Evil:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.folder),)


def test_hostile_files_are_refused(compared: Callable[[State], WeightComparison], start: State, tmp_path: Path) -> None:
    compared(start)
    torch.save({"visual.bn1.bias": Evil(tmp_path / "was run")}, tmp_path / "evil.pt")
    with pytest.raises(UsageError, match=r"evil\.pt: it cannot be read"):
        compare_files(tmp_path / "evil.pt", tmp_path / "RN50.pt")
    assert not (tmp_path / "was run").exists()
    # One stored number that claims to be a billion.
    torch.save({"visual.bn1.bias": torch.zeros(1).expand(2**30)}, tmp_path / "wide.pt")
    with pytest.raises(UsageError, match=r"wide\.pt: it holds more than 268,435,456 numbers"):
        compare_files(tmp_path / "wide.pt", tmp_path / "RN50.pt")


# What `bench train --preset lite` writes beside its checkpoints, as far as it is read.
RECORD: dict[str, Any] = {"step": 96, "training": {"lr": 4e-4, "weight_decay": 1e-2, "schedule": "cosine"}}


@pytest.mark.parametrize("prefix", ["visual", "encoder"])
def test_a_run_of_bench_train_is_read_by_its_own_record(prefix: str, start: State, tmp_path: Path) -> None:
    renamed = {name.replace("visual", prefix): tensor for name, tensor in start.items()}
    save_file(renamed, tmp_path / "start.safetensors")
    first = f"{prefix}.conv1.weight"
    save_file(renamed | {first: renamed[first] + 0.02}, tmp_path / "best.safetensors")
    (tmp_path / "best.json").write_text(json.dumps(RECORD))
    found = compare_files(tmp_path / "best.safetensors", tmp_path / "start.safetensors")
    assert "in the 96 steps that the file records that is a rate of at least 0.00021." in said(found, "AdamW")
    assert "A rate of 0.0004 in so many steps moves a weight by at most about 0.038: the weights stay within that." in (
        found.conclusions
    )


def test_what_was_measured_before_training_is_no_weight_that_moved(start: State, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.safetensors" for name in ("trained", "start")]
    for shift, file in zip((11.0, 0.0), files, strict=True):
        save_file({"head.weight": start["visual.conv1.weight"], "centre": torch.full((4,), shift)}, file)
    assert [change.layer for change in compare_files(*files).layers] == ["head"]


@pytest.mark.parametrize(
    "record",
    [
        {},
        RECORD | {"step": 0},
        RECORD | {"step": 10**300},
        RECORD | {"step": [96]},
        RECORD | {"training": 4},
        RECORD | {"training": {"lr": math.nan, "weight_decay": 0.01}},
        RECORD | {"training": {"lr": 0.1}},
    ],
)
def test_nothing_is_believed_of_another_network_s_training_without_a_record(
    record: dict[str, Any], start: State, tmp_path: Path
) -> None:
    renamed = {name.replace("visual", "encoder"): tensor for name, tensor in start.items()}
    save_file(renamed, tmp_path / "start.safetensors")
    save_file({name: tensor + 0.02 for name, tensor in renamed.items()}, tmp_path / "best.safetensors")
    (tmp_path / "best.json").write_text(json.dumps(record))
    found = compare_files(tmp_path / "best.safetensors", tmp_path / "start.safetensors")
    assert said(found, "AdamW").endswith("over all steps, was at least about 0.02.")
    assert not any("paper" in sentence or "so many steps" in sentence for sentence in found.conclusions)


def test_the_command_prints_sentences_and_layers(bench: Callable[..., Ran], start: State, tmp_path: Path) -> None:
    save_file(start, tmp_path / "start.safetensors")
    save_file(moved(start, visual_conv1_weight=8.1e-5), tmp_path / "trained.safetensors")
    call = ("inspect", str(tmp_path / "trained.safetensors"), "--against", str(tmp_path / "start.safetensors"))
    text = bench(*call).out
    assert text.startswith("The largest change of a weight is 8.1e-05, in visual.conv1;")
    assert "\nvisual.bn1 (statistics)       16     0.0%        0        0 " in text
    whole = json.loads(bench(*call, "--format", "json").out)
    conv = next(row for row in whole["layers"] if row["layer"] == "visual.conv1")
    assert conv["largest"] == pytest.approx(8.1e-5, rel=1e-3)
    assert whole["conclusions"][0] in text
    rows = list(csv.DictReader(io.StringIO(bench(*call, "--format", "csv").out)))
    assert {(row["layer"], row["kind"]) for row in rows} >= {
        ("visual.bn1", "weights"),
        ("visual.bn1", "statistics"),
    }
    bench(*call, "--output", str(tmp_path / "report.txt"))
    assert (tmp_path / "report.txt").read_text() == text
