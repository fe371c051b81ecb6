from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from skimage.color import lab2rgb, rgb2lab

from bench.distortions import DISTORTIONS, LEVELS, distort, distort_levels, distort_series
from bench.distortions._colour import from_lab, to_lab

BATCHED = [name for name, distortion in DISTORTIONS.items() if distortion.batched]


def crops(*shape: int) -> torch.Tensor:
    """Smooth colours with some texture, which no type leaves as it is."""
    generator = torch.Generator().manual_seed(5)
    coarse = torch.rand(int(np.prod(shape[:-3])), shape[-3], 5, 5, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=shape[-2:], mode="bicubic").clamp(0.05, 0.95)
    texture = 0.05 * torch.rand(smooth.shape, generator=generator)
    return ((smooth + texture) * 255).round().clamp(0, 255).view(shape) / 255


@pytest.mark.parametrize("name", BATCHED)
def test_a_batch_of_series_gets_what_each_would_get_alone(name: str) -> None:
    series = crops(3, 2, 3, 40, 36)
    seeds = (7, 2**63 + 5, 8)
    found = distort_series(series, name, [seeds] * 5)
    alone = [distort_levels(one, name, torch.Generator().manual_seed(s)) for one, s in zip(series, seeds, strict=True)]
    assert found.shape == (3, 5, 2, 3, 40, 36)
    torch.testing.assert_close(found, torch.stack(alone), rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["white-noise", "haze", "motion-blur", "patches", "brighten"])
def test_each_image_at_each_level_can_have_a_draw_of_its_own(name: str) -> None:
    series = crops(2, 2, 3, 40, 36)
    seeds = [[10 * level + image for image in range(4)] for level in LEVELS]
    found = distort_series(series, name, seeds)
    for level, row in zip(LEVELS, seeds, strict=True):
        for place, (image, seed) in enumerate(zip(series.flatten(0, 1), row, strict=True)):
            alone = distort(image, name, level, torch.Generator().manual_seed(seed))
            torch.testing.assert_close(found[place // 2, level - 1, place % 2], alone, rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["white-noise", "impulse-noise", "motion-blur", "jitter", "haze", "patches"])
def test_each_series_of_a_batch_has_its_own_draw(name: str) -> None:
    same = crops(1, 2, 3, 40, 36).expand(2, -1, -1, -1, -1)
    found = distort_series(same, name, [(1, 2)] * 5)
    assert not torch.equal(found[0, 4], found[1, 4])
    assert torch.equal(*distort_series(same, name, [(1, 1)] * 5))


def test_what_is_written_by_a_codec_or_reads_counts_is_not_batched() -> None:
    assert {name for name, distortion in DISTORTIONS.items() if not distortion.batched} == {
        *("jpeg", "jpeg2000", "quantization", "phone-pipeline", "any-two"),
        *("gaussian-blur+jpeg", "white-noise+jpeg", "lens-blur+jpeg2000", "over-sharpen+jpeg", "rescale+jpeg"),
    }
    with pytest.raises(ValueError, match="'jpeg' is not batched: use distort_levels for each series"):
        distort_series(crops(1, 2, 3, 8, 8), "jpeg", [(1,)] * 5)
    with pytest.raises(
        ValueError, match=r"seeds has 5 rows of \[3\] numbers: give 5 of 2, one for each series, or of 4"
    ):
        distort_series(crops(2, 2, 3, 8, 8), "brighten", [(1, 2, 3)] * 5)


def test_lab_is_that_of_scikit_image() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.cat(
        [torch.rand(1, 3, 30, 30, generator=generator), torch.rand(1, 3, 30, 30, generator=generator) ** 4]
    )
    lab = to_lab(images)
    pixels = images.permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(lab.permute(0, 2, 3, 1).numpy(), rgb2lab(pixels), atol=2e-4)
    for change in (torch.tensor([1.0, 3, 3]), torch.tensor([1.0, 0.2, -1])):
        changed = lab * change.view(1, 3, 1, 1)
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # colours beyond the gamut
            expected = lab2rgb(changed.permute(0, 2, 3, 1).numpy())
        np.testing.assert_allclose(from_lab(changed, images).permute(0, 2, 3, 1).numpy(), expected, atol=2e-5)
