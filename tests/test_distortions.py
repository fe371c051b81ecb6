"""Each degradation by its defining property, and the promises that all of them make."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from bench import sample_set as sample
from bench.distortions import DISTORTIONS, LEVELS, distort
from bench.distortions.compression import encode

EVERY = pytest.mark.parametrize("name", DISTORTIONS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    # Images this small wait for a second thread longer than it helps.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@functools.cache
def photograph(name: str) -> Tensor:
    source = next(p for p in sample.PHOTOGRAPHS if p.name == name)
    pixels = sample.load(source)[40:232, 60:284].copy()
    return torch.from_numpy(pixels).permute(2, 0, 1) / 255


@pytest.fixture(scope="module")
def cat() -> Tensor:
    return photograph("chelsea")


def error_by_level(image: Tensor, name: str) -> list[float]:
    return [float((distort(image, name, level, seeded(level)) - image).square().mean()) for level in LEVELS]


@EVERY
@pytest.mark.parametrize("shape", [(3, 32, 48), (1, 32, 48), (3, 1, 1), (1, 3, 70)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_keeps_shape_dtype_and_range_and_its_input(name: str, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    image = torch.rand(shape, generator=seeded(), dtype=dtype)
    before = image.clone()
    for level in LEVELS:
        degraded = distort(image, name, level, seeded())
        assert degraded.shape == shape
        assert degraded.dtype == dtype
        assert degraded.amin() >= 0
        assert degraded.amax() <= 1
        assert torch.equal(image, before)


@EVERY
def test_one_seed_gives_one_result_and_global_random_state_is_left_alone(name: str, cat: Tensor) -> None:
    state = torch.get_rng_state()
    first, second = (distort(cat, name, 3, seeded(5)) for _ in range(2))
    torch.testing.assert_close(first, second)
    assert torch.equal(torch.get_rng_state(), state)


@EVERY
def test_declares_itself(name: str) -> None:
    distortion = DISTORTIONS[name]
    assert distortion.name == name
    assert len(distortion.values) == len(LEVELS)
    assert distortion.group
    assert distortion.unit
    assert distortion.summary


@pytest.mark.parametrize("name", [n for n, d in DISTORTIONS.items() if d.monotone])
@pytest.mark.parametrize("content", [p.name for p in sample.PHOTOGRAPHS])
def test_error_rises_with_the_level_where_declared_monotone(name: str, content: str) -> None:
    errors = error_by_level(photograph(content), name)
    assert np.all(np.diff(errors) > 0), errors


def test_gaussian_blur_takes_away_high_frequencies(cat: Tensor) -> None:
    def detail(image: Tensor) -> float:
        return float(image.diff(dim=2).square().mean())

    details = [detail(distort(cat, "gaussian-blur", level, seeded())) for level in LEVELS]
    assert details[0] == pytest.approx(detail(cat))
    assert np.all(np.diff(details) < 0)


def test_gaussian_blur_of_a_point_is_the_gaussian() -> None:
    point = torch.zeros(1, 41, 41, dtype=torch.float64)
    point[0, 20, 20] = 1
    spread = distort(point, "gaussian-blur", 4, seeded())[0]
    assert float(spread.sum()) == pytest.approx(1)
    # exp(-x² / 2σ²) at σ = 2, four pixels away; five are beyond the cut.
    assert float(spread[20, 24] / spread[20, 20]) == pytest.approx(np.exp(-2))
    assert float(spread[20, 25]) == 0


def test_gaussian_blur_keeps_a_flat_image_flat_up_to_its_border() -> None:
    flat = torch.full((3, 9, 9), 0.7)
    torch.testing.assert_close(distort(flat, "gaussian-blur", 5, seeded()), flat)


@pytest.mark.parametrize("level", LEVELS)
def test_jpeg_is_a_pillow_round_trip_at_the_quality(cat: Tensor, level: int) -> None:
    pixels = (cat * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=(43, 36, 24, 7, 4)[level - 1], subsampling=2)
    expected = np.asarray(Image.open(file))
    degraded = distort(cat, "jpeg", level, seeded()).permute(1, 2, 0).numpy() * 255
    np.testing.assert_allclose(degraded, expected, atol=1e-3)


@pytest.mark.parametrize("ratio", DISTORTIONS["jpeg2000"].values)
def test_jpeg2000_meets_the_ratio(cat: Tensor, ratio: float) -> None:
    file = encode(cat, "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[ratio])
    assert cat.numel() / len(file) == pytest.approx(ratio, rel=0.05)
    # A lossy path of its own settings would not give the very same pixels.
    expected = np.asarray(Image.open(io.BytesIO(file)))
    level = DISTORTIONS["jpeg2000"].values.index(ratio) + 1
    degraded = distort(cat, "jpeg2000", level, seeded()).permute(1, 2, 0).numpy() * 255
    np.testing.assert_allclose(degraded, expected, atol=1e-3)


@pytest.mark.parametrize("level", LEVELS)
def test_white_noise_has_the_variance_and_no_mean(level: int) -> None:
    grey = torch.full((3, 300, 300), 0.5)
    noise = distort(grey, "white-noise", level, seeded()) - grey
    assert float(noise.var()) == pytest.approx(DISTORTIONS["white-noise"].values[level - 1], rel=0.03)
    assert float(noise.mean()) == pytest.approx(0, abs=1e-3)
    # Independent in the three planes.
    assert np.corrcoef(noise.flatten(1).numpy()) == pytest.approx(np.eye(3), abs=0.02)


def test_white_noise_differs_between_seeds_and_advances_its_generator() -> None:
    grey = torch.full((3, 8, 8), 0.5)
    generator = seeded()
    first, second = (distort(grey, "white-noise", 5, generator) for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize(("level", "side"), [(1, 88), (2, 78), (3, 69), (4, 56), (5, 29)])
def test_pixelate_leaves_that_many_rows_and_columns_of_blocks(level: int, side: int) -> None:
    # Sides of 100 by hand: 0.95 - strength^0.6 is 0.887, 0.784, 0.699, 0.569, 0.290.
    image = torch.rand(1, 100, 100, generator=seeded())
    degraded = distort(image, "pixelate", level, seeded())[0]
    assert len(torch.unique(degraded, dim=0)) == side
    assert len(torch.unique(degraded.T, dim=0)) == side
    # A block has the colour of one of its pixels: no new values.
    assert torch.isin(degraded, image).all()


def test_darken_lowers_what_is_between_black_and_white() -> None:
    ramp = torch.linspace(0, 1, 101, dtype=torch.float64).view(1, 1, -1)
    for level, amount in zip(LEVELS, DISTORTIONS["darken"].values, strict=True):
        curve = distort(ramp, "darken", level, seeded()).flatten()
        assert curve[0] == 0
        assert curve[-1] == 1
        assert float(curve[50]) == pytest.approx(0.5 - amount / 2)
        assert (curve <= ramp.flatten() + 1e-12).all()
        assert (curve.diff() >= 0).all()


def test_an_unknown_name_gets_a_suggestion(cat: Tensor) -> None:
    with pytest.raises(ValueError, match=r"unknown distortion 'gausian-blur'. Did you mean 'gaussian-blur'\?"):
        distort(cat, "gausian-blur", 1, seeded())


@pytest.mark.parametrize("level", [0, 6, -1, 1.5])
def test_a_level_out_of_range_is_refused(cat: Tensor, level: int) -> None:
    with pytest.raises(ValueError, match=f"level {level}: use a whole number from 1 to 5"):
        distort(cat, "jpeg", level, seeded())


@pytest.mark.parametrize("shape", [(32, 32), (4, 8, 8), (1, 3, 8, 8), (3, 0, 8), (8, 8, 3)])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"image has shape .*: pass \(C, H, W\)"):
        distort(torch.zeros(shape), "darken", 1, seeded())


def test_integers_and_values_beyond_the_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"dtype torch.uint8: pass floats in \[0, 1\]"):
        distort(torch.zeros(3, 8, 8, dtype=torch.uint8), "darken", 1, seeded())
    for value in (255.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match=r"pass floats in \[0, 1\]"):
            distort(torch.full((3, 8, 8), value), "darken", 1, seeded())
