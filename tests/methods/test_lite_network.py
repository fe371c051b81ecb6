"""The network of ``qualiclip-lite``: torch's for training and ONNX Runtime's for scoring, of one list of layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from textured import photograph
from torch.nn import functional

from bench.methods import _niqe_features
from bench.methods.qualiclip.lite import start
from bench.methods.qualiclip.lite.checkpoint import load_lite_checkpoint
from bench.methods.qualiclip.lite.encoder import encoder, folded
from bench.methods.qualiclip.lite.features import WIDTH, features
from bench.methods.qualiclip.lite.graph import Encoder, encoder_graph
from bench.methods.qualiclip.lite.head import Head, coordinates
from bench.methods.qualiclip.lite.metrics import SHIPPED
from bench.methods.qualiclip.lite.network import LiteModel, model_of
from bench.methods.qualiclip.lite.pooling import pool
from bench.methods.qualiclip.lite.scene_statistics import FEATURES, scene_statistics
from bench.methods.qualiclip.lite.windows import Window, grid

CHECKPOINT = load_lite_checkpoint(SHIPPED, "test")


@pytest.fixture(scope="module")
def shipped() -> LiteModel:
    return model_of(CHECKPOINT)


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


@pytest.mark.parametrize("size", [(384, 512), (97, 61)])
def test_onnx_runtime_gives_torchs_maps(shipped: LiteModel, size: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        expected = list(shipped._maps(images))
    for ours, theirs in zip(Encoder(CHECKPOINT.state).maps(images.numpy()), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-3)


def test_the_graph_is_valid_and_of_an_old_format() -> None:
    graph = encoder_graph(CHECKPOINT.state)
    onnx.checker.check_model(graph, full_check=True)
    assert graph.ir_version == 8
    assert [each.version for each in graph.opset_import] == [13]


@pytest.mark.parametrize("shape", [(96, 128), (97, 61), (12, 16), (3, 4)])
def test_pooling_is_that_of_torch_on_the_part_of_a_map_that_a_window_shows(shape: tuple[int, int]) -> None:
    height, width = 300, 400
    cells = torch.randn(2, 5, *shape, generator=torch.Generator().manual_seed(0)) + 7
    windows = [Window(0, 0, height, width), *grid(height, width, 224, 3)]
    found = pool(cells, windows, height, width)
    for number, window in enumerate(windows):
        top, tall = (round(value * (shape[0] / height)) for value in (window.top, window.height))
        left, wide = (round(value * (shape[1] / width)) for value in (window.left, window.width))
        part = cells[:, :, top : top + tall, left : left + wide]
        means = functional.adaptive_avg_pool2d(part, (4, 4)).flatten(2)
        spread = part.var((2, 3), unbiased=False).add(1e-8).sqrt()
        expected = torch.cat([part.mean((2, 3)), spread, means.amax(2), means.amin(2)], 1)
        torch.testing.assert_close(found[:, number], expected, rtol=1e-4, atol=1e-4)


def test_a_channel_of_nearly_equal_values_keeps_its_spread() -> None:
    cells = np.full((1, 1, 64, 64), 5, np.float32)
    cells[..., ::2] += np.float32(2e-3)
    _, spread, *_ = pool(cells, [Window(0, 0, 64, 64)], 64, 64)[0, 0]
    assert spread == pytest.approx(1e-3, rel=0.15)  # the values themselves are rounded to 5e-7


def test_features_of_arrays_and_of_tensors_are_one_thing() -> None:
    rng = np.random.default_rng(0)
    images = rng.random((2, 3, 64, 96), dtype=np.float32)
    maps = [rng.normal(size=(2, 6, 32, 48)).astype(np.float32), rng.normal(size=(2, 3, 4, 6)).astype(np.float32)]
    windows = [Window(0, 0, 64, 96), Window(0, 32, 32, 64)]
    arrays = features(images, maps, windows)
    tensors = features(torch.from_numpy(images), [torch.from_numpy(each) for each in maps], windows)
    assert arrays.dtype == np.float32
    np.testing.assert_allclose(arrays, tensors.numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(features(images, maps)[:, 0], arrays[:, 0], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(arrays[:, 0, -FEATURES:], arrays[:, 1, -FEATURES:])
    assert not np.allclose(arrays[:, 0], arrays[:, 1])


def test_cosines_are_those_of_the_standardised_features_within_six_deviations() -> None:
    rng = np.random.default_rng(0)
    prompts = coordinates(start.texts().numpy())
    weight, bias = rng.normal(size=(14, WIDTH)).astype(np.float32), rng.normal(size=14).astype(np.float32)
    centre, spread = rng.normal(size=WIDTH).astype(np.float32), rng.uniform(1, 2, WIDTH).astype(np.float32)
    given = rng.normal(0, 5, (3, WIDTH)).astype(np.float32)
    found = Head(centre, spread, weight, bias, prompts).cosines(given)
    vectors = np.clip((given - centre) / spread, -6, 6) @ weight.T + bias + prompts.mean(0)
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) @ prompts.T
    np.testing.assert_allclose(found.reshape(3, 14), expected, atol=1e-5)
    assert (np.abs((given - centre) / spread) > 6).any()


def test_an_untrained_network_is_in_the_middle_of_the_prompts() -> None:
    texts = start.texts()
    model = LiteModel(texts).eval()
    with torch.inference_mode():
        found = model.similarities(torch.rand(2, 3, 64, 64))
    middle = torch.nn.functional.normalize(texts.mean(0), dim=0)
    assert torch.allclose(found, (texts @ middle).view(7, 2).expand(2, 7, 2), atol=1e-5)


def test_the_coordinates_of_the_prompts_keep_their_products() -> None:
    texts = start.texts()
    prompts = torch.from_numpy(coordinates(texts.numpy()))
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


def test_a_frozen_encoder_gives_the_same_features_and_gradients_of_the_head() -> None:
    images = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    found = []
    for frozen in (False, True):
        model = model_of(CHECKPOINT)
        model.head.requires_grad_(True)
        if frozen:
            model.freeze_encoder()
            for stage in model.encoder:  # what is frozen is not asked
                stage.register_forward_hook(lambda *_: pytest.fail("torch's encoder ran"))
        model.similarities(images).square().sum().backward()
        assert model.head.weight.grad is not None
        found.append((model.features(images), model.head.weight.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=2e-3, atol=2e-3)


def test_only_convolutions_are_in_16_bits(shipped: LiteModel, monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    maps, given = [], []
    hook = shipped.encoder[-1].register_forward_hook(lambda _module, _given, result: maps.append(result))
    cosines = Head.cosines

    def noted(head: Head, found: Any) -> Any:
        given.append((head, found))
        return cosines(head, found)

    monkeypatch.setattr(Head, "cosines", noted)
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        similarities = shipped.similarities(images)
    hook.remove()
    assert maps[0].dtype == torch.bfloat16
    [(head, found)] = given
    assert {value.dtype for value in (found, similarities)} == {torch.float32}
    torch.testing.assert_close(similarities, cosines(head, found), rtol=0, atol=1e-6)


def test_scene_statistics_follow_their_definition() -> None:
    image = torch.from_numpy(np.asarray(photograph((96, 80))).copy()).permute(2, 0, 1)[None].float() / 255
    found = scene_statistics(image.numpy())[0]
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


def test_a_flat_image_has_no_spread_at_all() -> None:
    for flat in (np.full((1, 3, 40, 40), 0.7, np.float32), torch.full((1, 3, 40, 40), 0.7)):
        found = np.asarray(scene_statistics(flat))[0]
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found[20:24], [math.log(0.5), 0, math.log(0.5), math.log(0.5)], atol=1e-4)
