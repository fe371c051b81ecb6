from __future__ import annotations

import math
from pathlib import Path

import lacking
import numpy as np
import pytest
from grey_photos import grey_photo
from PIL import Image
from scipy import ndimage
from scipy.io import savemat
from scipy.stats import weibull_min

from bench.api import UNKNOWN, Photo, Pixels
from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.methods._ilniqe_features import BLOCK, FEATURES, block_features
from bench.methods._ilniqe_maps import gradient, halved, log_gabor, normalised
from bench.methods._ilniqe_model import SHIPPED, load_model
from bench.methods._matlab_resize import matlab_resize
from bench.methods._weibull import fit_weibull
from bench.methods.ilniqe import Ilniqe, Options, ilniqe

REFERENCE = lacking.SHARED / "data/reference/ilniqe"

needs_real_data = pytest.mark.skipif(lacking.REAL_DATA.path is None, reason=lacking.REAL_DATA.reason)


def noise(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def colour_photo(height: int, width: int, seed: int = 1) -> Photo:
    channels = [grey_photo(height, width, seed + channel) for channel in range(3)]
    return Photo(f"{seed}.png", np.stack(channels, axis=2), 0, height * width)


# --- against the original release -------------------------------------------------------------------


# Values of the authors' MATLAB release with its templateModel.mat, as the README of github.com/IceClear/IL-NIQE gives
# them: with the resize to 524x524 and without. In brackets how far the Python port there is from each.
@needs_real_data
@pytest.mark.parametrize(
    ("name", "resized", "as_it_is"),
    [
        ("pepper_0", 29.1422, 38.7078),  # 0.25, 0.22
        ("pepper_1", 36.9637, 36.6869),  # 0.45, 0.33
        ("pepper_2", 29.5075, 28.7137),  # 0.51, 0.08
        ("pepper_3", 78.0557, 92.3750),  # 5.33, 0.59; without the resize it has one block
        ("pepper_4", 46.8697, 46.4926),  # 4.85, 0.39
    ],
)
def test_the_release_s_model_gives_the_values_of_the_release(name: str, resized: float, as_it_is: float) -> None:
    photo = Photo(name, np.asarray(Image.open(REFERENCE / f"{name}.png").convert("RGB")), 0, 0)
    model = str(REFERENCE / "templateModel.mat")
    found = [Ilniqe(Options(model=model, resize=resize)).score([photo])[0] for resize in (True, False)]
    assert found == pytest.approx([resized, as_it_is], rel=3e-4)


# --- the steps --------------------------------------------------------------------------------------


def slow_resize_matrix(size: int, target: int) -> np.ndarray:
    """MATLAB's imresize of one direction by definition: cubic of a = -1/2, stretched where it shrinks, mirrored."""
    matrix = np.zeros((target, size))
    shrink = min(1.0, target / size)
    for i in range(target):
        centre = (i + 0.5) * size / target - 0.5
        for j in range(-2 * size, 3 * size):
            x = abs(shrink * (centre - j))
            weight = 1.5 * x**3 - 2.5 * x**2 + 1 if x <= 1 else max(0, 2 - x) and -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
            mirrored = j % (2 * size)
            matrix[i, mirrored if mirrored < size else 2 * size - 1 - mirrored] += weight
    return matrix / matrix.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("height", "width"), [(30, 11), (20, 33), (9, 7)])
def test_the_resize_is_matlab_s_and_rounds_between_its_directions(height: int, width: int) -> None:
    pixels = noise(17, 23, 3)
    rows, columns = slow_resize_matrix(17, height), slow_resize_matrix(23, width)

    def rounded(values: np.ndarray) -> np.ndarray:
        return np.clip(np.floor(values + 0.5), 0, 255)

    if height / 17 <= width / 23:
        expected = rounded(np.einsum("ij,xjc->xic", columns, rounded(np.einsum("ij,jxc->ixc", rows, pixels))))
    else:
        expected = rounded(np.einsum("ij,jxc->ixc", rows, rounded(np.einsum("ij,xjc->xic", columns, pixels))))
    assert (matlab_resize(pixels, height, width) == expected).all()


def test_a_large_image_is_resized_in_strips_to_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noise(40, 50, 3)
    whole = matlab_resize(pixels, 30, 20)
    monkeypatch.setattr("bench.methods._matlab_resize._AT_ONCE", 7 * 40)
    assert (matlab_resize(pixels, 30, 20) == whole).all()


def test_a_weibull_is_fitted_as_scipy_fits_it() -> None:
    generator = np.random.default_rng(3)
    samples = np.stack([scale * generator.weibull(shape, 1764) for scale, shape in [(1e-3, 0.4), (2, 1), (90, 6)]])
    fitted = fit_weibull(np.log(samples))
    for row, scale, shape in zip(samples, *fitted, strict=True):
        expected_shape, _, expected_scale = weibull_min.fit(row, floc=0)
        assert (scale, shape) == pytest.approx((expected_scale, expected_shape), rel=1e-4)


def test_samples_of_any_kind_get_the_likeliest_weibull() -> None:
    generator = np.random.default_rng(4)
    kinds = [
        generator.normal(0, 0.01, 1764),  # hardly any spread
        generator.choice([-9.0, 3.0], 1764),  # two values
        np.where(np.arange(1764) < 9, 4.0, generator.normal(-9, 0.1, 1764)),  # flat with a few edges
        generator.uniform(-9, 5, 1764),
    ]
    for row, shape in zip(kinds, fit_weibull(np.stack(kinds)).shape, strict=True):
        powers = np.exp(shape * (row - row.max()))
        assert shape * ((row @ powers) / powers.sum() - row.mean()) == pytest.approx(1, rel=1e-5)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_spread_of_one_rounding_step_gets_a_large_shape_and_harms_no_other_row() -> None:
    logarithms = np.log(np.random.default_rng(3).weibull(1.5, (2, 7056))).astype(np.float32)
    logarithms[0] = -9.0
    logarithms[0, 7] = np.nextafter(np.float32(-9), np.float32(0))
    fitted = fit_weibull(logarithms)
    assert np.isfinite(fitted).all()
    assert fitted.shape[0] > 1e4
    # The part that the search begins with is far below the one largest sample.
    lone = logarithms[:1].copy()
    lone[0, ::16] = np.nextafter(np.float32(-9), np.float32(-10))
    lone[0, 7], lone[0, 16] = 5, -9
    assert np.isfinite(fit_weibull(lone)).all()
    assert fitted.shape[1] == pytest.approx(fit_weibull(logarithms[1:]).shape[0], rel=1e-5)


def test_float32_fits_a_weibull_as_well() -> None:
    logarithms = np.log(np.random.default_rng(3).weibull(1.5, (4, 7056)))
    np.testing.assert_allclose(fit_weibull(logarithms.astype(np.float32)), fit_weibull(logarithms), rtol=1e-5)


def test_equal_samples_have_an_infinite_shape_and_harm_no_other_row() -> None:
    logarithms = np.log(np.random.default_rng(3).weibull(1.5, (2, 400)))
    mixed = np.concatenate([logarithms, np.full((1, 400), math.log(2.5))])
    mixed[0, ::16] = -1.0  # no spread in the part that the search begins with
    fitted = fit_weibull(mixed)
    assert (fitted.scale[2], fitted.shape[2]) == (pytest.approx(2.5), math.inf)
    alone = fit_weibull(mixed[:1])
    assert np.isfinite(alone).all()
    assert (fitted.scale[0], fitted.shape[0]) == pytest.approx((alone.scale[0], alone.shape[0]), rel=1e-6)


@pytest.mark.parametrize(("scale", "sigma", "side"), [(1, 1.66, 84), (2, 1.66 / 2**0.28, 42)])
def test_the_gradient_is_a_convolution_with_a_gaussian_s_derivatives(scale: int, sigma: float, side: int) -> None:
    values = noise(84, 168).astype(np.float32)
    y, x = np.mgrid[-5:6, -5:6]
    window = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    found = gradient(values, scale, side)
    for one, offsets in ((found.along_rows, x), (found.along_columns, y)):
        whole = ndimage.convolve(values.astype(float), offsets * window, mode="constant")
        blocks = [strip for rows in np.vsplit(whole, 84 // side) for strip in np.hsplit(rows, 168 // side)]
        expected = np.stack([block.ravel() for block in blocks])
        np.testing.assert_allclose(one, expected, atol=2e-5 * np.abs(expected).max())
    magnitude = np.sqrt(found.along_rows.astype(float) ** 2 + found.along_columns.astype(float) ** 2 + 1e-8)
    np.testing.assert_allclose(found.log_magnitude(), np.log(magnitude), atol=1e-5)


def test_log_gabor_filters_answer_to_their_wave_and_direction() -> None:
    columns = np.arange(84)
    # A horizontal wave of 21 cycles: 4 pixels long, near the third wavelength, 2.4 * 1.31^2 = 4.1.
    wave = np.tile(np.cos(2 * np.pi * 21 * columns / 84), (84, 1)).astype(np.float32)
    energy = [float((response**2).mean()) for response in log_gabor(wave, 1)]
    assert len(energy) == 24
    both = np.array(energy).reshape(3, 4, 2).sum(axis=2)
    assert np.unravel_index(both.argmax(), both.shape) == (2, 0)
    # Of the one-sided filter at its centre half the wave's energy of 1/2 is left: (1/2)^2 + (1/2)^2.
    assert both[2, 0] == pytest.approx(0.25, rel=0.01)


def test_halving_smooths_with_six_taps_and_keeps_every_second_pixel() -> None:
    image = noise(1, 12, 14).astype(np.float32)
    window = np.exp(-((np.arange(6) - 2.5) ** 2) / (2 * 0.9**2))
    window /= window.sum()
    padded = np.pad(image[0].astype(float), ((2, 3), (2, 3)), mode="edge")
    expected = [[window @ padded[y : y + 6, x : x + 6] @ window for x in range(0, 14, 2)] for y in range(0, 12, 2)]
    np.testing.assert_allclose(halved(image)[0], expected, rtol=1e-5)


def test_contrast_is_normalised_in_windows_of_five() -> None:
    luminance = noise(9, 8).astype(np.float32)
    offsets = np.arange(5) - 2
    window = np.exp(-(offsets**2) / (2 * (5 / 6) ** 2))
    window /= window.sum()
    padded = np.pad(luminance.astype(float), 2, mode="edge")
    mscn, deviation = normalised(luminance)
    for y, x in [(0, 0), (4, 3), (8, 7)]:
        patch = padded[y : y + 5, x : x + 5]
        mean = window @ patch @ window
        spread = math.sqrt(window @ (patch - mean) ** 2 @ window)
        assert (mscn[y, x], deviation[y, x]) == pytest.approx(
            ((luminance[y, x] - mean) / (spread + 1), spread), rel=1e-5
        )


def test_features_are_of_whole_blocks() -> None:
    photo = colour_photo(2 * BLOCK + 50, 3 * BLOCK + 10)
    features, sharpness = block_features(photo.pixels)
    assert features.shape == (6, FEATURES)
    assert sharpness.shape == (6,)
    assert np.isfinite(features).all()
    cut = block_features(photo.pixels[: 2 * BLOCK, : 3 * BLOCK])
    np.testing.assert_array_equal(features, cut.features)


# --- the method -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    output = tmp_path_factory.mktemp("ilniqe") / "model.npz"
    photos = [colour_photo(3 * BLOCK, 3 * BLOCK, seed) for seed in range(1, 9, 3)]
    return output, Ilniqe.fit(photos, output, options=Options(resize=False), source="own")


def test_a_model_is_fitted_stored_and_used(fitted: tuple[Path, str]) -> None:
    path, said = fitted
    model = load_model(path)
    assert said.startswith("fitted ilniqe on ")
    assert model.gaussian.trained_on == ("own",)
    assert model.gaussian.metadata["resize"] is False
    kept = model.components.shape[1]
    np.testing.assert_allclose(model.components.T @ model.components, np.eye(kept), atol=1e-5)
    method = Ilniqe(Options(model=str(path), resize=False))
    assert method.declared().trained_on == ("own",)
    clean, noisy = colour_photo(3 * BLOCK, 3 * BLOCK, 1), Photo("noise", noise(252, 252, 3), 0, 0)
    scores = method.score([clean, noisy])
    assert 0 <= scores[0] < scores[1]
    assert method.fingerprint == model.fingerprint


def test_the_distance_is_its_definition_with_several_blocks_and_with_one(fitted: tuple[Path, str]) -> None:
    model = load_model(fitted[0])
    features = block_features(colour_photo(2 * BLOCK, 2 * BLOCK, 5).pixels).features

    def expected(rows: np.ndarray, covariance: np.ndarray) -> float:
        inverse = np.linalg.pinv((model.gaussian.covariance + covariance) / 2, hermitian=True)
        return float(np.mean([math.sqrt(row @ inverse @ row) for row in rows - model.gaussian.mean]))

    rows = model.project(features)
    assert ilniqe(features, model) == pytest.approx(expected(rows, np.cov(rows.T)), rel=1e-6)
    # One block: MATLAB's covariance of a vector is a number, the variance of its entries.
    assert ilniqe(features[:1], model) == pytest.approx(
        expected(rows[:1], np.full((rows.shape[1],) * 2, rows[0].var(ddof=1))), rel=1e-6
    )
    # A block that is too flat counts as the mean of the others.
    flat = np.concatenate([features, np.full((1, FEATURES), np.nan)])
    distance = expected(np.concatenate([rows, rows.mean(axis=0, keepdims=True)]), np.cov(rows.T))
    assert ilniqe(flat, model) == pytest.approx(distance, rel=1e-6)


def test_the_shipped_model_says_what_it_was_fitted_on() -> None:
    model = load_model(SHIPPED)
    assert (model.gaussian.photos, model.gaussian.blocks, model.components.shape) == (948, 3351, (FEATURES, 430))
    assert SHIPPED.stat().st_size < 1_000_000
    assert not Ilniqe.missing()
    assert Ilniqe().declared().selected_on == Ilniqe.info.selected_on
    listed = SHIPPED.with_name("ilniqe_photographs.csv").read_text(encoding="utf-8").splitlines()
    assert len(listed) == 1 + 948 - 500  # those of BSDS500 are not listed


def test_the_release_s_form_of_a_model_is_read(tmp_path: Path, fitted: tuple[Path, str]) -> None:
    model = load_model(fitted[0])
    cells = np.empty((1, 4), dtype=object)
    parts = (model.gaussian.mean[None], model.gaussian.covariance, model.centre[:, None], model.components)
    for place, part in enumerate(parts):
        cells[0, place] = part
    savemat(tmp_path / "template.mat", {"templateModel": cells})
    read = load_model(tmp_path / "template.mat")
    assert read.fingerprint == model.fingerprint
    assert read.gaussian.trained_on == (UNKNOWN,)


def test_hostile_and_foreign_files_are_refused_in_a_sentence(tmp_path: Path, fitted: tuple[Path, str]) -> None:
    whole = fitted[0].read_bytes()
    np.savez(tmp_path / "few.npz", mean=np.zeros(2), covariance=np.eye(2), centre=np.zeros(3), components=np.eye(3))
    np.savez(tmp_path / "niqe.npz", mean=np.zeros(36), covariance=np.eye(36))
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "large.npz").write_bytes(b"PK" + bytes(2**23))
    for name, reason in [
        ("few.npz", "should be"),
        ("niqe.npz", "holds covariance, mean"),
        ("cut.npz", "cannot be read"),
        ("large.npz", "more than"),
    ]:
        with pytest.raises(UsageError, match=f"ilniqe, option model: .*{name}: .*{reason}"):
            load_model(tmp_path / name)
    with pytest.raises(MissingRequirementError, match=r"nowhere\.npz is not a file"):
        Ilniqe(Options(model=str(tmp_path / "nowhere.npz")))


def test_a_model_is_of_the_size_that_photographs_are_scored_at(fitted: tuple[Path, str]) -> None:
    resized = load_model(fitted[0]).gaussian.metadata["resize"]
    with pytest.raises(UsageError, match=f"ilniqe, option resize: {not resized}, but .* was fitted with {resized}"):
        Ilniqe(Options(model=str(fitted[0]), resize=not resized))


def test_a_flat_photo_has_a_worse_score_than_noise(fitted: tuple[Path, str]) -> None:
    method = Ilniqe(Options(model=str(fitted[0]), resize=False))
    flat: Pixels = np.full((100, 100, 3), 7, np.uint8)
    of_flat, of_noise = method.score([Photo("flat", flat, 0, 0), Photo("noise", noise(100, 100, 3), 0, 0)])
    assert math.isfinite(of_flat)
    assert of_flat > of_noise


def test_what_cannot_be_scored_or_fitted_says_why(tmp_path: Path, fitted: tuple[Path, str]) -> None:
    method = Ilniqe(Options(model=str(fitted[0]), resize=False))
    with pytest.raises(ImageError, match="100x80 pixels: IL-NIQE without its resize needs at least 84x84"):
        method.score([Photo("small", noise(80, 100, 3), 0, 0)])
    with pytest.raises(UsageError, match="--pristine has no photographs to fit on; give a folder"):
        Ilniqe.fit([], tmp_path / "none.npz")
    assert not (tmp_path / "none.npz").exists()
