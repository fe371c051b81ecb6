"""Authentic-like chains and compositions, each by its defining property."""

from __future__ import annotations

import math

import pytest
import torch
from crops import crop, seeded
from torch import Tensor

from bench.distortions import DISTORTIONS, LEVELS, PRESETS, distort
from bench.distortions._colour import luma
from bench.distortions.authentic import _arc


@pytest.fixture(scope="module")
def cat() -> Tensor:
    return crop("chelsea")


def detail(image: Tensor) -> float:
    return float(image.diff(dim=2).square().mean())


def levels(image: Tensor, name: str) -> list[Tensor]:
    return [distort(image, name, level, seeded(1)) for level in LEVELS]


def test_low_light_darkens_and_its_noise_gains_on_the_light() -> None:
    grey = torch.full((3, 100, 100), 0.5)
    dark = levels(grey, "low-light")
    for level, image in zip(LEVELS, dark, strict=True):
        # Half of the stops are raised again.
        expected = 0.5 * 2 ** (-DISTORTIONS["low-light"].values[level - 1] / 2 / 2.2)
        assert float(image.mean()) == pytest.approx(expected, rel=0.05)
    ratios = [float(image.std() / image.mean()) for image in dark]
    assert ratios == sorted(ratios)


def test_over_exposure_clips_more_and_more(cat: Tensor) -> None:
    clipped = [float((image == 1).double().mean()) for image in levels(cat, "over-exposure")]
    assert clipped == sorted(clipped)
    assert clipped[-1] > 0.1
    # 1.1 stops by hand: 0.5 * 2^(1.1 / 2.2).
    third = distort(torch.full((1, 2, 2), 0.5), "over-exposure", 3, seeded())
    torch.testing.assert_close(third, torch.full((1, 2, 2), 0.5 * math.sqrt(2)))


@pytest.mark.parametrize("turn", [0.0, 1.5, -3.0])
def test_the_path_of_a_shaking_hand_has_its_length_and_stays_in_place(turn: float) -> None:
    kernel = _arc(12, 0.4, turn)
    offsets = torch.arange(len(kernel), dtype=torch.float64) - len(kernel) // 2
    assert float(kernel.sum()) == pytest.approx(1)
    assert float((kernel * offsets).sum()) == pytest.approx(0, abs=1e-9)
    assert float((kernel.T * offsets).sum()) == pytest.approx(0, abs=1e-9)
    # A chord of 12 when straight, less when bent; linear sharing adds at most a pixel on each side.
    chord = 12 if turn == 0 else 12 * math.sin(abs(turn) / 2) / (abs(turn) / 2)
    rows, columns = (torch.nonzero(kernel.sum(dim=d)).flatten() for d in (1, 0))
    extent = math.hypot(float(rows[-1] - rows[0]), float(columns[-1] - columns[0]))
    assert chord * 0.8 < extent < 12 + 2 * math.sqrt(2)


@pytest.mark.parametrize("name", ["hand-shake", "rescale"])
def test_detail_is_lost(cat: Tensor, name: str) -> None:
    noise = (0.5 + 0.05 * torch.randn(3, 80, 80, generator=seeded())).clamp(0, 1)
    details = [detail(image) for image in levels(noise, name)]
    assert max(details) < detail(noise)
    assert details[-1] < 0.2 * detail(noise)


def test_defocus_lets_highlights_grow_and_keeps_sensor_noise() -> None:
    night = torch.full((1, 61, 61), 0.05)
    night[0, 29:32, 29:32] = 1
    for level, image in zip(LEVELS, levels(night, "defocus"), strict=True):
        lit = torch.nonzero(image[0] > 0.12)
        reach = float((lit - 30.0).abs().max())
        assert reach >= DISTORTIONS["defocus"].values[level - 1] - 0.5
    assert float(image[0, :15].std()) == pytest.approx(0.005, rel=0.1)


def test_haze_veils_the_top_more_than_the_bottom() -> None:
    scene = torch.full((3, 90, 60), 0.2)
    previous = scene
    for image in levels(scene, "haze"):
        assert float(image[:, :20].mean()) > float(image[:, -20:].mean())
        assert (image >= previous - 1e-6).all()
        previous = image


def test_denoise_keeps_an_edge_where_it_smooths_texture() -> None:
    step = torch.full((1, 40, 40), 0.2)
    step[:, :, 20:] = 0.8
    smoothed = distort(step, "denoise", 3, seeded())[0]
    assert float(smoothed[:, 20].mean() - smoothed[:, 19].mean()) > 0.4
    assert float(smoothed[5:-5, 5:15].std()) < 0.07 / 2


def test_white_balance_tints_grey_and_keeps_its_luminance() -> None:
    grey = torch.full((3, 4, 4), 0.5)
    weights = torch.tensor([0.2126, 0.7152, 0.0722])
    for image in levels(grey, "white-balance"):
        light = image[:, 0, 0] ** 2.2
        assert float(light @ weights) == pytest.approx(0.5**2.2, rel=1e-3)
        assert float(light.max() / light.min()) > 1.05
    assert float(luma(image[None]).std()) == pytest.approx(0, abs=1e-6)


def test_phone_pipeline_leaves_blocks_of_jpeg(cat: Tensor) -> None:
    for image in levels(cat, "phone-pipeline")[3:]:
        steps = image.diff(dim=2).abs().mean(dim=(0, 1))
        # Columns 7 | 8, 15 | 16, ... of blocks against the ones beside them.
        assert float(steps[7::8].mean()) > 1.02 * float(torch.cat([steps[6::8], steps[8::8]]).mean())


@pytest.mark.parametrize("name", [name for name in PRESETS["compositions"] if "+" in name])
def test_a_composition_is_one_after_the_other(name: str) -> None:
    image = crop("coffee", height=40, width=48)
    first, second = name.split("+")
    for level in (1, 4):
        generator = seeded(2)
        expected = distort(distort(image, first, level, generator), second, level, generator)
        torch.testing.assert_close(distort(image, name, level, seeded(2)), expected)


def test_any_two_draws_its_pair() -> None:
    image = crop("coffee", height=40, width=48)
    results = [distort(image, "any-two", 4, seeded(seed)) for seed in range(6)]
    assert all(not torch.equal(a, b) for i, a in enumerate(results) for b in results[:i])
