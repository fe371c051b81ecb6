"""The promises that every degradation makes, and what the registry says of it."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from crops import PHOTOGRAPHS, crop, seeded
from torch import Tensor

from bench.datasets import sample_set as sample
from bench.distortions import DISTORTIONS, LEVELS, PRESETS, distort, distort_alike, distort_levels
from bench.distortions.severity import gradient_distance, is_monotone, measure_severity, squared_error

EVERY = pytest.mark.parametrize("name", DISTORTIONS)


@pytest.fixture(scope="module")
def cat() -> Tensor:
    return crop("chelsea", height=60, width=75)


def agreeing(first: Tensor, second: Tensor) -> float:
    """Part of the samples that agree. Not all: one on the brink of a rounding may fall the other way."""
    return float(((first - second).abs() < 1e-4).double().mean())


@EVERY
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 32, 48), (3, 1, 1), (1, 3, 71)])
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
        assert degraded.data_ptr() != image.data_ptr()


@EVERY
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_a_flat_image_gives_no_invalid_numbers(name: str, value: float) -> None:
    for level in (1, 5):
        assert distort(torch.full((3, 40, 33), value), name, level, seeded()).isfinite().all()


@EVERY
def test_one_seed_gives_one_result_and_global_random_state_is_left_alone(name: str, cat: Tensor) -> None:
    state = torch.get_rng_state()
    first, second = (distort(cat, name, 3, seeded(5)) for _ in range(2))
    torch.testing.assert_close(first, second)
    assert torch.equal(torch.get_rng_state(), state)


@EVERY
def test_images_degraded_alike_each_get_what_they_would_alone(name: str, cat: Tensor) -> None:
    images = torch.stack([cat, cat.flip(2), crop("coffee", height=60, width=75)])
    for level in (2, 5):
        together, alone = seeded(3), [seeded(3) for _ in images]
        alike = distort_alike(images, name, level, together)
        each = torch.stack([distort(i, name, level, g) for i, g in zip(images, alone, strict=True)])
        assert agreeing(alike, each) > 0.99
        assert torch.equal(together.get_state(), alone[0].get_state())


@EVERY
def test_the_levels_of_a_series_share_their_draw(name: str, cat: Tensor) -> None:
    generator = seeded(4)
    series = distort_levels(cat[None], name, generator)
    for level in LEVELS:
        alone = seeded(4)
        assert agreeing(series[level - 1, 0], distort(cat, name, level, alone)) > 0.99
    assert torch.equal(generator.get_state(), alone.get_state())


DRAWING = (
    *("motion-blur", "colour-shift", "white-noise", "white-noise-ycbcr", "impulse-noise", "multiplicative-noise"),
    *("jitter", "patches", "colour-blocks", "low-light", "hand-shake", "defocus", "haze", "denoise"),
    *("white-balance", "phone-pipeline", "any-two"),
)


@pytest.mark.parametrize("name", [*PRESETS["kadid"], *PRESETS["authentic"], "any-two"])
def test_random_types_differ_between_draws_and_others_draw_nothing(name: str, cat: Tensor) -> None:
    generator = seeded(1)
    first, second = (distort(cat, name, 5, generator) for _ in range(2))
    # Four ways to rescale: two draws may agree.
    if name != "rescale":
        assert torch.equal(first, second) == (name not in DRAWING)


@EVERY
def test_declares_itself(name: str) -> None:
    distortion = DISTORTIONS[name]
    assert distortion.name == name
    assert len(distortion.values) == len(set(distortion.values)) == len(LEVELS)
    assert distortion.group
    assert distortion.unit
    assert distortion.summary


def test_the_paper_s_24_types_lie_in_7_groups() -> None:
    kadid = [DISTORTIONS[name] for name in PRESETS["kadid"]]
    counts: dict[str, int] = {}
    for distortion in kadid:
        counts[distortion.group] = counts.get(distortion.group, 0) + 1
    assert list(counts.values()) == [3, 4, 2, 4, 3, 5, 3]
    assert sum(map(len, PRESETS.values())) == len(DISTORTIONS)


@EVERY
def test_the_flag_says_whether_measured_severity_rises_with_the_level(name: str) -> None:
    crops = [crop(photograph, 100, 100, 96, 112) for photograph in PHOTOGRAPHS]
    assert is_monotone(measure_severity(crops, name, draws=2)) == DISTORTIONS[name].monotone


@pytest.mark.slow
@EVERY
def test_the_flag_holds_on_larger_crops_and_more_draws(name: str) -> None:
    assert (
        is_monotone(measure_severity([crop(photograph) for photograph in PHOTOGRAPHS], name))
        == DISTORTIONS[name].monotone
    )


@pytest.mark.parametrize("name", sample.TYPES)
@pytest.mark.parametrize("content", PHOTOGRAPHS)
def test_what_the_sample_dataset_takes_for_rising_rises_on_each_photograph(name: str, content: str) -> None:
    image = crop(content)
    errors = [float((distort(image, name, level, seeded(level)) - image).square().mean()) for level in LEVELS]
    assert errors == sorted(errors), errors
    assert len(set(errors)) == len(errors)


def test_severity_is_judged_by_both_distances() -> None:
    rising = measure_severity([crop("chelsea", height=48, width=48)], "non-linear-contrast", draws=1)
    assert is_monotone(rising)
    for field in ("squared", "gradient"):
        falling = dataclasses.replace(rising, **{field: getattr(rising, field).flip(1)})
        assert not is_monotone(falling)
    still = dataclasses.replace(rising, squared=torch.zeros(1, 5))
    assert not is_monotone(still)


def test_the_two_distances(cat: Tensor) -> None:
    images = cat[None] * 0.8
    assert float(squared_error(images, images)) == 0
    assert float(gradient_distance(images, images)) == pytest.approx(0, abs=1e-6)
    shifted = images + 0.1
    assert float(squared_error(shifted, images)) == pytest.approx(0.01, rel=1e-4)
    assert float(gradient_distance(shifted, images)) == pytest.approx(0, abs=1e-6)
    # By hand: gradients of 0.1 against none, 1 - c / (0.01 + c) at c = 170 / 255².
    ramp = torch.arange(12.0).expand(1, 1, 12, 12) / 10 / 1.1
    inner = gradient_distance(ramp, torch.zeros_like(ramp))
    step, stable = 1 / 11, 170 / 255**2
    by_hand = [1 - stable / (g * g + stable) for g in (step / 2, *[step] * 10, step / 2)]
    assert float(inner) == pytest.approx(sum(by_hand) / 12, rel=1e-4)


def test_an_unknown_name_gets_a_suggestion(cat: Tensor) -> None:
    with pytest.raises(ValueError, match=r"'gausian-blur' is no type of degradation. Did you mean 'gaussian-blur'"):
        distort(cat, "gausian-blur", 1, seeded())


@pytest.mark.parametrize("level", [0, 6, -1, 1.5])
def test_a_level_out_of_range_is_refused(cat: Tensor, level: int) -> None:
    with pytest.raises(ValueError, match=f"level {level}: use a whole number from 1 to 5"):
        distort(cat, "jpeg", level, seeded())


@pytest.mark.parametrize("shape", [(32, 32), (4, 8, 8), (1, 3, 8, 8), (3, 0, 8), (8, 8, 3)])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"image has shape .*: pass \(C, H, W\)"):
        distort(torch.zeros(shape), "darken", 1, seeded())


@pytest.mark.parametrize("shape", [(3, 8, 8), (0, 3, 8, 8), (2, 2, 8, 8)])
def test_a_wrong_shape_of_several_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"images have shape .*: pass \(N, C, H, W\)"):
        distort_alike(torch.zeros(shape), "darken", 1, seeded())


def test_integers_and_values_beyond_the_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"dtype torch.uint8: pass floats in \[0, 1\]"):
        distort(torch.zeros(3, 8, 8, dtype=torch.uint8), "darken", 1, seeded())
    for value in (255.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match=r"pass floats in \[0, 1\]"):
            distort(torch.full((3, 8, 8), value), "darken", 1, seeded())
        with pytest.raises(ValueError, match=r"images have values .*: pass floats in \[0, 1\]"):
            distort_alike(torch.full((2, 3, 8, 8), value), "darken", 1, seeded())


@pytest.mark.gpu
@EVERY
def test_an_image_on_a_gpu_gets_what_it_would_get_here(name: str, cat: Tensor) -> None:
    here = distort(cat, name, 4, seeded(2))
    there = distort(cat.cuda(), name, 4, seeded(2))
    assert there.device.type == "cuda"
    assert agreeing(there.cpu(), here) > 0.99
