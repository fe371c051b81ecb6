from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from clip_states import photo, save_encoder
from conftest import Ran, make_photo

from bench.errors import ImageError, MissingRequirementError
from bench.methods.qualiclip import Qualiclip, checkpoints, inference, metrics
from bench.methods.qualiclip import model as network
from bench.methods.qualiclip.metrics import QualiclipOptions
from bench.plugins import pristine_distance
from bench.runs.loading import method_specs

pytestmark = pytest.mark.usefixtures("empty_caches")

PHOTOS = [photo(64, 80, seed) for seed in range(4)]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image encoder with random weights, and random features of prompts."""
    return save_encoder(tmp_path_factory.mktemp("weights") / "random.safetensors")


@pytest.fixture(scope="module")
def exact(file: Path) -> Qualiclip:
    return Qualiclip(QualiclipOptions(weights=str(file)))


def test_exact_changes_a_score_by_rounding_alone_and_keeps_the_identity(file: Path, exact: Qualiclip) -> None:
    checkpoint = checkpoints.load_checkpoint(file, "test", text=None)
    plain = checkpoints.model_of(checkpoint, [], 100.0)
    images = torch.stack([torch.from_numpy(one.pixels).permute(2, 0, 1).float() / 255 for one in PHOTOS])
    with torch.inference_mode():
        expected = plain(images, 2.0)
    assert exact.score(PHOTOS) == pytest.approx(expected.tolist(), abs=1e-6)
    assert exact.fingerprint == checkpoint.fingerprint
    assert exact._model.visual.conv2.weight.is_contiguous(memory_format=torch.channels_last)


def test_folding_batch_norms_changes_the_features_by_rounding_alone(file: Path, exact: Qualiclip) -> None:
    folded = checkpoints.model_of(checkpoints.load_checkpoint(file, "test", text=None), [], 100.0)
    inference.fold_batch_norms(folded.visual)
    assert not [layer for layer in folded.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(folded.embed(image), exact._model.embed(image), atol=1e-5)


def test_cuda_computes_in_the_arithmetic_that_clip_was_released_in() -> None:
    assert inference.fast_arithmetic("cuda") == torch.float16


def test_fast_is_near_exact_and_another_identity(file: Path, exact: Qualiclip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "fast_arithmetic", lambda device: torch.bfloat16)
    fast = Qualiclip(QualiclipOptions(weights=str(file), precision="fast"))
    scores = fast.score(PHOTOS)
    assert scores == pytest.approx(exact.score(PHOTOS), abs=0.1)  # 0.046 was seen: random weights keep no margin
    assert scores != pytest.approx(exact.score(PHOTOS), abs=1e-6), "it was not computed in bfloat16"
    assert len(fast.fingerprint) == 12
    assert fast.fingerprint != exact.fingerprint


def test_pooling_and_cosines_stay_in_float32(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    pool = network.mean_query_pool
    monkeypatch.setattr(
        network, "mean_query_pool", lambda attention, cells: seen.append(cells) or pool(attention, cells)
    )
    monkeypatch.setattr(inference, "fast_arithmetic", lambda device: torch.bfloat16)
    fast = Qualiclip(QualiclipOptions(weights=str(file), precision="fast"))
    fast.score(PHOTOS[:1])
    assert seen[0].dtype == torch.float32
    assert torch.equal(seen[0], seen[0].bfloat16().float()), "the convolutions were not in bfloat16"
    assert fast._model.visual.attnpool.c_proj.weight.dtype == torch.float32


def test_without_bfloat16_fast_is_exact_and_says_so(
    file: Path, exact: Qualiclip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inference, "fast_arithmetic", lambda device: torch.float32)
    fast = Qualiclip(QualiclipOptions(weights=str(file), precision="fast"))
    assert "qualiclip: this cpu device has no 16-bit arithmetic" in capsys.readouterr().err
    assert fast.score(PHOTOS) == exact.score(PHOTOS)
    assert fast.fingerprint == exact.fingerprint


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("processor : 0\nflags\t\t: fpu avx2 avx512f\n", False),
        ("processor : 0\nflags\t\t: fpu avx512_bf16\n", True),
        ("processor : 0\nflags\t\t: fpu amx_bf16 avx2\n", True),
        ("processor : 0\nFeatures\t: fp asimd bf16\n", True),
        ("", False),
        (None, False),
    ],
)
def test_bfloat16_is_what_the_processor_says(
    text: str | None, has: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "_CPU_INFO", tmp_path / "cpuinfo")
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    assert (inference.fast_arithmetic("cpu") == torch.bfloat16) is has


# --- features ---


def test_features_are_the_image_encoders_of_whole_crops(exact: Qualiclip) -> None:
    one = photo(470, 230)
    features = exact.features(one)
    assert features.shape == (2, 1024)
    assert np.linalg.norm(features, axis=1) == pytest.approx([1, 1], abs=1e-6)
    second = replace(one, pixels=one.pixels[224:448, :224])
    assert exact.features(second)[0] == pytest.approx(features[1], abs=1e-6)
    small = photo(64, 230)
    assert exact.features(small).shape == (1, 1024), "of the whole where a crop does not fit"
    with pytest.raises(ImageError, match="the network needs at least 32x32"):
        exact.features(photo(20, 300))


def test_crops_lie_side_by_side_from_the_corner() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (460, 700, 3), dtype=np.uint8)
    made = inference.crops(pixels)
    assert made.shape == (6, 224, 224, 3)
    assert np.array_equal(made[4], pixels[224:448, 224:448])


def test_many_crops_go_through_in_batches(exact: Qualiclip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "CROP", 32)
    one = photo(96, 128)
    whole = exact.features(one)
    monkeypatch.setattr(metrics, "_CROPS_AT_ONCE", 5)
    assert whole.shape == (12, 1024)
    assert exact.features(one) == pytest.approx(whole, abs=1e-6)


@pytest.mark.slow
def test_a_model_is_fitted_and_scored_with_the_same_weights_only(file: Path, tmp_path: Path) -> None:
    method = pristine_distance.derive(Qualiclip)
    options = method.Options(weights=str(file))
    sentence = method.fit(PHOTOS, tmp_path / "m.npz", options=options, source="mine")
    assert "4 rows of 1,024 features of 4 photographs, covariance shrunk by" in sentence
    fitted = method(replace(options, model=str(tmp_path / "m.npz")))
    assert all(score > 0 for score in fitted.score(PHOTOS))
    assert fitted.declared().trained_on == ("mine",), "the random weights were trained on nothing"
    with pytest.raises(MissingRequirementError, match="qualiclip needs QualiCLIP's weights"):
        method(method.Options(model=str(tmp_path / "m.npz")))


# --- on the command line ---


def test_precision_reaches_the_methods_that_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    specs = method_specs(["qualiclip", "clipiqa"], ["clipiqa.precision=exact"], "cpu", "fast")
    assert [spec.options.precision for spec in specs] == ["fast", "exact"]
    assert capsys.readouterr().err == ""
    assert method_specs(["qualiclip"], [], "cpu")[0].options == QualiclipOptions()


def test_methods_with_one_precision_are_named_once(bench: Callable[..., Ran], tmp_path: Path) -> None:
    image = make_photo(tmp_path / "p.png", 1, (200, 200))
    methods = ("--method", "bytes-per-pixel", "--method", "niqe")
    done = bench("score", image, *methods, "--precision", "fast")
    assert done.code == 0
    assert done.err.count("bench: note: --precision fast changes nothing for bytes-per-pixel, niqe") == 1
    assert "precision" not in bench("score", image, *methods, "--precision", "exact").err
