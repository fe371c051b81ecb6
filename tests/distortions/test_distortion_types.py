"""Each of the paper's 24 types by its defining property."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from crops import crop, seeded
from PIL import Image
from skimage.color import hsv2rgb, rgb2hsv, rgb2ycbcr
from skimage.filters import threshold_multiotsu
from torch import Tensor

from bench.distortions import DISTORTIONS, LEVELS, _filters, distort
from bench.distortions._colour import from_lab, luma, to_lab
from bench.distortions._quantize import otsu_thresholds, quantized
from bench.distortions.compression import encode
from bench.distortions.sharpness import linear_contrast


@pytest.fixture(scope="module")
def cat() -> Tensor:
    return crop("chelsea")


def value(name: str, level: int) -> float:
    return DISTORTIONS[name].values[level - 1]


def pixels(image: Tensor) -> np.ndarray:
    return image.permute(1, 2, 0).numpy()


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


@pytest.mark.parametrize("name", ["gaussian-blur", "lens-blur", "motion-blur"])
def test_blur_keeps_a_flat_image_flat_up_to_its_border(name: str) -> None:
    flat = torch.full((3, 9, 9), 0.7)
    torch.testing.assert_close(distort(flat, name, 5, seeded()), flat)


def test_lens_blur_of_a_point_is_a_disk() -> None:
    # MATLAB: fspecial('disk', 1)
    expected = [[0.0251, 0.1453, 0.0251], [0.1453, 0.3183, 0.1453], [0.0251, 0.1453, 0.0251]]
    np.testing.assert_allclose(_filters.disk(1), expected, atol=1e-3)
    point = torch.zeros(1, 31, 31, dtype=torch.float64)
    point[0, 15, 15] = 1
    for level in LEVELS:
        radius = value("lens-blur", level)
        spread = distort(point, "lens-blur", level, seeded())[0]
        assert float(spread.sum()) == pytest.approx(1)
        assert float(spread[15, 15]) == pytest.approx(1 / (math.pi * radius**2), rel=5e-3)
        rows, columns = torch.nonzero(spread > 1e-9, as_tuple=True)
        assert float(torch.hypot(rows - 15.0, columns - 15.0).max()) < radius + 0.5 * math.sqrt(2)


def test_motion_blur_of_a_point_is_a_line_of_the_length() -> None:
    point = torch.zeros(1, 31, 31, dtype=torch.float64)
    point[0, 15, 15] = 1
    offsets = torch.arange(31, dtype=torch.float64) - 15
    directions = set()
    for seed in range(5):
        spread = distort(point, "motion-blur", 5, seeded(seed))[0]
        assert float(spread.sum()) == pytest.approx(1)
        rows, columns, both = (
            float((spread * weight).sum()) for weight in (offsets[:, None] ** 2, offsets**2, offsets[:, None] * offsets)
        )
        across, along = np.linalg.eigvalsh([[rows, both], [both, columns]])
        # A line of length 9 has the variance 81 / 12; the pixels' own width adds to both.
        assert 81 / 12 < along < 81 / 12 + 2.5
        assert across < 0.4
        directions.add(round(math.atan2(2 * both, columns - rows) / 2, 2))
    assert len(directions) == 5


def test_a_line_of_two_pixels_and_of_one() -> None:
    np.testing.assert_allclose(_filters.line(2, 0)[1], [0.25, 0.5, 0.25])
    assert _filters.line(1, 0.3).tolist() == [[1]]


def test_colour_diffusion_blurs_and_raises_a_and_b_and_keeps_lightness(cat: Tensor) -> None:
    # Dull colours, so that three times as much stays inside the gamut.
    dull = 0.4 + 0.2 * cat + 0.02 * (cat - luma(cat[None])[0])
    before = to_lab(dull[None])
    for level, amount, sigma in ((1, 1, 3.5), (2, 3, 6.5)):
        after = to_lab(distort(dull, "colour-diffusion", level, seeded())[None])
        torch.testing.assert_close(after[:, 0], before[:, 0], rtol=0, atol=0.05)
        expected = amount * _filters.gaussian(before[:, 1:], sigma)
        torch.testing.assert_close(after[:, 1:], expected, rtol=0, atol=0.1)


def test_colour_shift_moves_green_alone_near_edges_alone() -> None:
    image = torch.full((3, 60, 200), 0.2)
    image[:, :, 50:] = 0.8
    for level in LEVELS:
        shifted = distort(image, "colour-shift", level, seeded(1))
        torch.testing.assert_close(shifted[[0, 2]], image[[0, 2]])
        columns = torch.nonzero((shifted[1] != image[1]).any(dim=0)).flatten()
        assert len(columns)
        assert (columns - 50).abs().max() <= value("colour-shift", level) + 0.5
    # In the middle of the edge the weight is 1: green is there the shifted plane itself.
    assert float(shifted[1, 30, 49:51].diff().abs()) < 0.3


def test_saturation_hsv_multiplies_saturation_alone(cat: Tensor) -> None:
    for level in (1, 2, 3, 4):
        factor = value("saturation-hsv", level)
        hsv = rgb2hsv(pixels(cat))
        expected = hsv2rgb(hsv * [1, factor, 1])
        np.testing.assert_allclose(pixels(distort(cat, "saturation-hsv", level, seeded())), expected, atol=1e-5)
    brick = torch.tensor([0.6, 0.4, 0.4]).view(3, 1, 1)
    complement = distort(brick, "saturation-hsv", 5, seeded())
    torch.testing.assert_close(complement, torch.tensor([0.6, 0.68, 0.68]).view(3, 1, 1))


def test_saturation_lab_multiplies_chroma_alone() -> None:
    dull = torch.tensor([[0.5, 0.45, 0.47], [0.6, 0.62, 0.6]]).T.view(3, 1, 2)
    before, after = (to_lab(image[None]) for image in (dull, distort(dull, "saturation-lab", 3, seeded())))
    torch.testing.assert_close(after[:, 0], before[:, 0], rtol=0, atol=0.05)
    torch.testing.assert_close(after[:, 1:], 3 * before[:, 1:], rtol=0, atol=0.1)
    assert torch.equal(distort(dull, "saturation-lab", 1, seeded()), dull)


def test_lab_there_and_back(cat: Tensor) -> None:
    torch.testing.assert_close(from_lab(to_lab(cat[None]), cat[None]), cat[None], rtol=0, atol=1e-3)


@pytest.mark.parametrize("level", LEVELS)
def test_jpeg_is_a_pillow_round_trip_at_the_quality(cat: Tensor, level: int) -> None:
    file = io.BytesIO()
    Image.fromarray((pixels(cat) * 255).round().astype(np.uint8)).save(
        file, "JPEG", quality=(43, 36, 24, 7, 4)[level - 1], subsampling=2
    )
    expected = np.asarray(Image.open(file))
    np.testing.assert_allclose(pixels(distort(cat, "jpeg", level, seeded())) * 255, expected, atol=1e-3)


@pytest.mark.parametrize("ratio", DISTORTIONS["jpeg2000"].values)
def test_jpeg2000_meets_the_ratio(cat: Tensor, ratio: float) -> None:
    file = encode(cat, "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[ratio])
    assert cat.numel() / len(file) == pytest.approx(ratio, rel=0.05)
    # A lossy path of its own settings would not give the very same pixels.
    expected = np.asarray(Image.open(io.BytesIO(file)))
    level = DISTORTIONS["jpeg2000"].values.index(ratio) + 1
    np.testing.assert_allclose(pixels(distort(cat, "jpeg2000", level, seeded())) * 255, expected, atol=1e-3)


@pytest.mark.parametrize("level", LEVELS)
def test_white_noise_has_the_variance_and_no_mean(level: int) -> None:
    grey = torch.full((3, 300, 300), 0.5)
    noise = distort(grey, "white-noise", level, seeded()) - grey
    assert float(noise.var()) == pytest.approx(value("white-noise", level), rel=0.03)
    assert float(noise.mean()) == pytest.approx(0, abs=1e-3)
    # Independent in the three planes.
    assert np.corrcoef(noise.flatten(1).numpy()) == pytest.approx(np.eye(3), abs=0.02)


@pytest.mark.parametrize("level", LEVELS)
def test_white_noise_in_ycbcr_is_independent_there(level: int) -> None:
    grey = torch.full((3, 300, 300), 0.5)
    noisy = rgb2ycbcr(pixels(distort(grey, "white-noise-ycbcr", level, seeded()))) / 255
    covariance = np.cov(noisy.reshape(-1, 3).T)
    variance = value("white-noise-ycbcr", level)
    assert covariance / variance == pytest.approx(np.eye(3), abs=0.03)


@pytest.mark.parametrize("level", LEVELS)
def test_impulse_noise_hits_that_part_of_the_samples_black_or_white(level: int) -> None:
    grey = torch.full((3, 300, 300), 0.5)
    noisy = distort(grey, "impulse-noise", level, seeded())
    density = value("impulse-noise", level)
    assert set(noisy.unique().tolist()) == {0, 0.5, 1}
    assert float((noisy == 0).double().mean()) == pytest.approx(density / 2, rel=0.2)
    assert float((noisy == 1).double().mean()) == pytest.approx(density / 2, rel=0.2)
    # Planes on their own: hardly a pixel is hit in all three.
    assert int((noisy != grey).all(dim=0).sum()) <= 10


@pytest.mark.parametrize("level", LEVELS)
def test_multiplicative_noise_grows_with_the_sample(level: int) -> None:
    sigma = math.sqrt(value("multiplicative-noise", level))
    for grey in (0.0, 0.2, 0.4):
        noisy = distort(torch.full((3, 200, 200), grey), "multiplicative-noise", level, seeded())
        assert float(noisy.std()) == pytest.approx(grey * sigma, rel=0.03)
        assert float(noisy.mean()) == pytest.approx(grey, rel=0.01)


def test_brighten_raises_what_is_between_black_and_white() -> None:
    ramp = torch.linspace(0, 1, 101, dtype=torch.float64).view(1, 1, -1)
    for level in LEVELS:
        amount = value("brighten", level)
        curve = distort(ramp, "brighten", level, seeded()).flatten()
        assert curve[[0, -1]].tolist() == pytest.approx([0, 1], abs=1e-4)
        assert (curve.diff() >= -1e-6).all()
        assert (curve >= ramp.flatten() - 1e-4).all()
        # Two thirds by the curve over the samples, a third over L: L of mid-grey is 53.4, not 50.
        light = 0.5339
        raised = 100 * min(1, light + 2 * amount * light * (1 - light))
        lab = torch.tensor([raised, 0, 0], dtype=torch.float64).view(1, 3, 1, 1)
        third = from_lab(lab, torch.zeros(1, 1, 1, 1))
        assert float(curve[50]) == pytest.approx((2 * min(1, 0.5 + amount / 2) + float(third)) / 3, abs=1e-3)


def test_darken_lowers_what_is_between_black_and_white() -> None:
    ramp = torch.linspace(0, 1, 101, dtype=torch.float64).view(1, 1, -1)
    for level in LEVELS:
        curve = distort(ramp, "darken", level, seeded()).flatten()
        assert curve[0] == 0
        assert curve[-1] == 1
        assert float(curve[50]) == pytest.approx(0.5 - value("darken", level) / 2)
        assert (curve <= ramp.flatten() + 1e-12).all()
        assert (curve.diff() >= 0).all()


@pytest.mark.parametrize("level", LEVELS)
def test_mean_shift_adds_its_value(level: int) -> None:
    image = torch.tensor([0.0, 0.3, 0.7, 1.0]).view(1, 1, -1)
    shifted = distort(image, "mean-shift", level, seeded())
    torch.testing.assert_close(shifted, (image + (0, 0.08, -0.08, 0.15, -0.15)[level - 1]).clamp(0, 1))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_jitter_reads_from_places_that_far_away(level: int) -> None:
    ramp = (torch.arange(200, dtype=torch.float64) / 200).expand(1, 150, 200)
    moved = (distort(ramp, "jitter", level, seeded()) - ramp)[:, 20:-20, 20:-20] * 200
    # Five passes; what interpolation smooths away again is under a fifth.
    expected = math.sqrt(5) * value("jitter", level)
    assert 0.8 * expected < float(moved.std()) < expected
    assert float(moved.mean()) == pytest.approx(0, abs=0.02 * expected)


def test_jitter_moves_the_planes_together(cat: Tensor) -> None:
    moved = distort(cat[:1].expand(3, -1, -1), "jitter", 5, seeded())
    assert torch.equal(moved[0], moved[2])


def test_reading_at_other_places_is_cubic_convolution() -> None:
    # Keys' kernel with a = -1/2, by hand: at a half it weighs four samples by -1/16, 9/16, 9/16, -1/16.
    row = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0, 0.5], dtype=torch.float64).view(1, 1, 1, 6)
    columns = torch.tensor([[0.5, 1.5, 2.0, 2.25, 5.5, -3.0]], dtype=torch.float64)
    read = _filters.read_at(row, torch.zeros_like(columns), columns)
    assert read.flatten().tolist() == pytest.approx([-1 / 16, 9 / 16, 1, 0.8671875, 0.5 + 1 / 32, 0])


def test_patches_are_copied_from_near_by() -> None:
    places = torch.arange(200.0 * 200).view(1, 200, 200) / 40000
    for level in LEVELS:
        copied = distort(places, "patches", level, seeded())
        source = (copied * 40000).round().long()[0]
        rows, columns = source // 200 - torch.arange(200)[:, None], source % 200 - torch.arange(200)
        moved = copied != places
        assert 0.6 * value("patches", level) * 256 * 0.5 < int(moved.sum()) <= value("patches", level) * 256
        # A pixel may be copied on, but most moved once.
        reach = torch.maximum(rows.abs(), columns.abs())[moved[0]]
        assert float((reach <= 8).double().mean()) > 0.75


@pytest.mark.parametrize(("level", "side"), [(1, 88), (2, 78), (3, 69), (4, 56), (5, 29)])
def test_pixelate_leaves_that_many_rows_and_columns_of_blocks(level: int, side: int) -> None:
    # Sides of 100 by hand: 0.95 - strength^0.6 is 0.887, 0.784, 0.699, 0.569, 0.290.
    image = torch.rand(1, 100, 100, generator=seeded())
    degraded = distort(image, "pixelate", level, seeded())[0]
    assert len(torch.unique(degraded, dim=0)) == side
    assert len(torch.unique(degraded.T, dim=0)) == side
    # A block has the colour of one of its pixels: no new values.
    assert torch.isin(degraded, image).all()


@pytest.mark.parametrize("level", LEVELS)
def test_quantization_raises_samples_to_the_thresholds_above_them(cat: Tensor, level: int) -> None:
    # By hand from KADID-10k's generator: N thresholds t, and the values 0, t2, ..., tN, 1.
    count = int(value("quantization", level))
    steps = (cat * 255).round()
    ends = otsu_thresholds(np.bincount(steps.long().flatten(), minlength=256), count)
    assert len(ends) == count
    expected = torch.full_like(steps, 255)
    for end in reversed(ends):
        expected[steps <= end] = end
    expected[steps <= ends[0]] = 0
    torch.testing.assert_close(distort(cat, "quantization", level, seeded()), expected / 255)


def test_quantization_is_as_strong_as_kadid_s(cat: Tensor) -> None:
    # docs/distortions.md has 32 and 23 dB; the mean of each class instead of its threshold is 7 dB weaker.
    errors = [(distort(cat, "quantization", level, seeded()) - cat).square().mean() for level in (1, 5)]
    assert [-10 * math.log10(error) for error in errors] == pytest.approx([30.5, 22.2], abs=3)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_thresholds_are_otsu_s(cat: Tensor, count: int) -> None:
    steps = (cat * 255).round().to(torch.uint8).numpy()
    # scikit-image tries all combinations, and names the last value of a class too.
    expected = threshold_multiotsu(steps, count + 1).tolist()
    assert otsu_thresholds(np.bincount(steps.ravel(), minlength=256), count) == expected


def test_a_threshold_is_a_value_that_occurs() -> None:
    assert otsu_thresholds(np.bincount([10, 12, 90, 92, 200], minlength=256), 2) == [12, 92]


@pytest.mark.parametrize("thresholds", [3, 7])
def test_an_image_of_no_more_values_than_would_be_left_stays(thresholds: int) -> None:
    counts = np.bincount([3, 3, 90, 100, 200], minlength=256)
    assert quantized(counts, thresholds)[[3, 90, 100, 200]].tolist() == [3, 90, 100, 200]


@pytest.mark.parametrize("level", LEVELS)
def test_colour_blocks_cover_squares_with_colours(cat: Tensor, level: int) -> None:
    covered = distort(cat, "colour-blocks", level, seeded())
    changed = (covered != cat).any(dim=0)
    count = int(value("colour-blocks", level))
    assert 0.5 * count * 32 * 32 < int(changed.sum()) <= count * 32 * 32
    assert len(torch.unique(covered[:, changed], dim=1).T) <= count


def test_over_sharpen_adds_the_unsharp_mask_to_lightness() -> None:
    image = 0.5 + 0.002 * torch.randn(3, 50, 50, generator=seeded(), dtype=torch.float64)
    light = to_lab(image[None])[:, :1]
    for level in LEVELS:
        sharp = to_lab(distort(image, "over-sharpen", level, seeded())[None])[:, :1]
        mask = light - _filters.gaussian(light, 3)
        torch.testing.assert_close(sharp - light, value("over-sharpen", level) * mask, rtol=0, atol=0.02)


@pytest.mark.parametrize("level", LEVELS)
def test_linear_contrast_goes_through_the_points_of_its_curve(level: int) -> None:
    amount = value("linear-contrast", level)
    points = torch.tensor([0, 0.3, 0.5, 0.7, 1], dtype=torch.float64).view(1, 1, -1)
    expected = [0, 0.25 - amount / 4, 0.5, 0.75 + amount / 4, 1]
    assert distort(points, "linear-contrast", level, seeded()).flatten().tolist() == pytest.approx(expected)


def test_linear_contrast_of_minus_a_fifth_changes_nothing(cat: Tensor) -> None:
    torch.testing.assert_close(linear_contrast(cat[None], -0.2, seeded())[0], cat)


def test_non_linear_contrast_squeezes_about_mid_grey() -> None:
    ramp = torch.linspace(0, 1, 11).view(1, 1, -1)
    for level in LEVELS:
        squeezed = distort(ramp, "non-linear-contrast", level, seeded()).flatten()
        reach = value("non-linear-contrast", level)
        torch.testing.assert_close(squeezed, torch.linspace(0.5 - reach, 0.5 + reach, 11))


def test_a_large_kernel_gives_what_a_plain_sum_gives() -> None:
    images = torch.rand(2, 3, 20, 23, generator=seeded(), dtype=torch.float64)
    for side in (3, 5, 7, 31):
        kernel = torch.rand(side, side, generator=seeded(1), dtype=torch.float64)
        padded = torch.nn.functional.pad(images, (side // 2,) * 4, mode="replicate")
        expected = sum(
            kernel[row, column] * padded[..., row : row + 20, column : column + 23]
            for row in range(side)
            for column in range(side)
        )
        torch.testing.assert_close(_filters.convolve(images, kernel), expected)
        torch.testing.assert_close(
            _filters.box(images, side // 2), _filters.convolve(images, torch.full((side, side), side**-2.0).double())
        )
