from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image, ImageFilter
from safetensors.torch import save_file
from torch import Tensor

from bench.api import Photo
from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.methods.mdfs import Mdfs, MdfsLite, networks
from bench.methods.mdfs.metrics import SHIPPED, LiteOptions, Options
from bench.methods.mdfs.patches import Patches, distance, patches, sharp
from bench.plugins.gaussian import PristineModel, load_model


def photo(image: Image.Image) -> Photo:
    return Photo("x.png", np.asarray(image), 1, image.width * image.height)


def stages(seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(1, 3, 20, 28, generator=generator), torch.rand(1, 5, 10, 14, generator=generator)]


def gaussian(side: int, deviation: float) -> np.ndarray:
    line = np.exp(-((np.arange(side) - side // 2) ** 2) / (2 * deviation**2))
    return np.outer(line, line) / line.sum() ** 2


def slow_patches(given: list[Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """By the definition, one number at a time."""
    first, last = (stage[0].double().numpy() for stage in given)
    padded = np.pad(first, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    blur = gaussian(3, 1)
    halved = np.array(
        [
            [[(c[2 * y : 2 * y + 3, 2 * x : 2 * x + 3] * blur).sum() for x in range(14)] for y in range(10)]
            for c in padded
        ]
    )
    maps, window = np.concatenate([halved, last]), gaussian(3, 1)
    rows, contrast = [], []
    for y in range(8):
        for x in range(12):
            part = maps[:, y : y + 3, x : x + 3]
            mean = (part * window).sum(axis=(1, 2))
            contrast.append(np.sqrt((part**2 * window).sum(axis=(1, 2)) - mean**2).mean())
            rows.append(np.concatenate([each / np.linalg.norm(each) for each in (mean[:3], mean[3:])]))
    return np.array(rows), np.array(contrast)


def test_patches_follow_the_definition() -> None:
    found = patches(stages())
    rows, contrast = slow_patches(stages())
    np.testing.assert_allclose(found.features, rows, atol=1e-5)
    np.testing.assert_allclose(found.contrast, contrast, atol=1e-5)
    np.testing.assert_allclose(sharp(found), rows[contrast > contrast.mean()], atol=1e-5)


def test_the_distance_is_that_of_each_patch_weighted_by_its_contrast() -> None:
    rng = np.random.default_rng(3)
    found = Patches(rng.normal(size=(40, 4)), rng.random(40))
    model = PristineModel(rng.normal(size=4), np.diag([1.0, 2, 3, 4]))
    middle = (model.covariance + np.cov(found.features.T)) / 2
    each = [math.sqrt(row @ np.linalg.inv(middle) @ row) for row in found.features - model.mean]
    weights = 1 / (1 + np.exp(-(found.contrast - found.contrast.mean()) / found.contrast.std()))
    assert distance(found, model) == pytest.approx(np.average(each, weights=weights), rel=1e-4)


@pytest.mark.parametrize("fault", ["blur", "noise"])
def test_a_degraded_photograph_is_farther_from_pristine_ones(fault: str) -> None:
    clean = Image.fromarray(skimage.data.coffee()).resize((300, 200))
    if fault == "blur":
        worse = clean.filter(ImageFilter.GaussianBlur(3))
    else:
        noise = np.random.default_rng(0).normal(0, 40, (200, 300, 3))
        worse = Image.fromarray(np.clip(np.asarray(clean) + noise, 0, 255).astype(np.uint8))
    good, bad = MdfsLite().score([photo(clean), photo(worse)])
    assert bad > good + 1


@pytest.mark.parametrize("size", [(33, 33), (34, 400)])
def test_small_photographs_have_a_finite_score(size: tuple[int, int]) -> None:
    grey = Image.new("RGB", size, (128, 128, 128))
    assert all(map(math.isfinite, MdfsLite().score([photo(grey)])))


def test_too_small_a_photograph_is_refused_with_its_size() -> None:
    with pytest.raises(ImageError, match="400x32 pixels: MDFS needs at least 33x33"):
        MdfsLite().score([photo(Image.new("RGB", (400, 32)))])


def test_the_shipped_model_says_what_it_was_fitted_on() -> None:
    model = load_model(SHIPPED)
    assert (model.photos, model.metadata["pristine"]) == (500, "bsds500")
    assert SHIPPED.stat().st_size < 1_000_000


def test_fit_writes_the_gaussian_of_sharp_patches(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    photos = [photo(Image.fromarray(rng.integers(0, 256, (200, 240, 3), dtype=np.uint8))) for _ in range(2)]
    small = photo(Image.new("RGB", (20, 20)))
    said = MdfsLite.fit([*photos, small], tmp_path / "model.npz", source="mine")
    assert "patches of 2 photographs, 1 skipped as smaller than 33 pixels" in said
    method = MdfsLite(LiteOptions(model=str(tmp_path / "model.npz")))
    rows = np.concatenate([method.pristine_features(each) for each in photos])
    np.testing.assert_allclose(method.model.mean, rows.mean(axis=0))
    assert method.declared().trained_on == ("imagenet", "mine")
    assert method.declared().selected_on == ()
    assert method.features(photos[0]).shape[1] == 304


def test_fit_on_too_few_patches_is_refused(tmp_path: Path) -> None:
    # It has one patch, whose contrast is not above the mean.
    single = photo(Image.effect_noise((33, 33), 60).convert("RGB"))
    with pytest.raises(UsageError, match=r"only 0 usable patches in 1 photograph; .* at least 2"):
        MdfsLite.fit([single], tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


def test_a_shipped_model_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert MdfsLite.missing() == ""
    monkeypatch.setattr(MdfsLite, "shipped", tmp_path / "gone.npz")
    assert "gone.npz is not a file; fit one by `bench fit mdfs-lite --pristine FOLDER" in MdfsLite.missing()


def test_a_model_of_another_network_is_refused(tmp_path: Path) -> None:
    PristineModel(np.zeros(304), np.eye(304), metadata={"network": "other"}).save(tmp_path / "model.npz")
    with pytest.raises(UsageError, match=r"model\.npz was fitted with a network of fingerprint 'other' and not"):
        MdfsLite(LiteOptions(model=str(tmp_path / "model.npz")))


def test_a_model_of_another_number_of_features_is_refused(tmp_path: Path) -> None:
    network = MdfsLite().model.metadata["network"]
    PristineModel(np.zeros(36), np.eye(36), metadata={"network": network}).save(tmp_path / "model.npz")
    with pytest.raises(UsageError, match=r"model\.npz is of 36 features and not 304; fit one by"):
        MdfsLite(LiteOptions(model=str(tmp_path / "model.npz")))


# --- EfficientNet-B7 ---


def test_missing_weights_are_named_with_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert "bench fetch weights efficientnet-b7" in Mdfs.missing()
    assert "bench fit mdfs --pristine FOLDER" in Mdfs.missing()
    with pytest.raises(MissingRequirementError, match=r"mdfs, option model: it is not given") as found:
        Mdfs()
    assert not found.value.fetchable, "nothing is downloaded before all that must be given is there"
    with pytest.raises(MissingRequirementError, match=r"EfficientNet-B7 with ImageNet weights.*efficientnet-b7"):
        Mdfs(Options(model=str(SHIPPED)))


def test_other_weights_are_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(UsageError, match=r"mdfs, option weights: .*x\.safetensors: it lacks .*EfficientNet-B7"):
        Mdfs(Options(model=str(SHIPPED), weights=str(tmp_path / "x.safetensors")))


@pytest.mark.slow
def test_b7_gives_the_outputs_of_torchvisions_stages(tmp_path: Path) -> None:
    from torchvision.models import efficientnet_b7

    torch.manual_seed(0)
    network = efficientnet_b7().eval()
    save_file(network.state_dict(), tmp_path / "b7.safetensors")
    image = torch.rand(1, 3, 96, 128)
    mean, deviation = (torch.tensor(x).view(1, 3, 1, 1) for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    found = networks.b7(tmp_path / "b7.safetensors")[0](image)
    assert [stage.shape[1] for stage in found] == [32, 48, 80, 160, 224]
    with torch.inference_mode():
        expected = network.features[:6]((image - mean) / deviation)
    torch.testing.assert_close(found[-1], expected, rtol=1e-4, atol=1e-5)

    rng = np.random.default_rng(1)
    photos = [photo(Image.fromarray(rng.integers(0, 256, (64, 80, 3), np.uint8))) for _ in range(2)]
    options = Options(weights=str(tmp_path / "b7.safetensors"))
    with pytest.raises(MissingRequirementError, match="mdfs, option model: it is not given; fit one by `bench"):
        Mdfs(options)
    Mdfs.fit(photos, tmp_path / "model.npz", options=options)
    fitted = Mdfs(Options(weights=str(tmp_path / "b7.safetensors"), model=str(tmp_path / "model.npz")))
    assert all(map(math.isfinite, fitted.score(photos)))
