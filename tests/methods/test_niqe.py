from __future__ import annotations

import csv
import importlib.util
import io
import math
import zipfile
from dataclasses import replace
from pathlib import Path

import lacking
import numpy as np
import pytest
from grey_photos import as_photo, grey_photo
from PIL import Image
from scipy.io import savemat
from scipy.special import gamma
from scipy.stats import spearmanr

from bench.api import UNKNOWN, Photo
from bench.errors import ImageError, MissingRequirementError, UsageError
from bench.io.images import decode, prepare
from bench.methods._aggd import Aggd, fit_moments, moments
from bench.methods._niqe_features import block_features, half_size, mscn
from bench.methods._niqe_model import SHIPPED, load_model, model_path
from bench.methods.niqe import Niqe, Options, niqe
from bench.plugins.gaussian import PristineModel, distance, gaussian

REFERENCE = lacking.SHARED / "data/reference/niqe_modelparameters.npz"
CLIVE = lacking.SHARED / "data/human/clive_subset"

needs_real_data = pytest.mark.skipif(lacking.REAL_DATA.path is None, reason=lacking.REAL_DATA.reason)


def calibration_folder() -> Path | None:
    spec = importlib.util.find_spec("ResultsCalibra")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return next((Path(place) / "dist_dir" for place in places if (Path(place) / "dist_dir").is_dir()), None)


def write_npz(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


# --- against the original release -------------------------------------------------------------------


# The last digits of the Gaussian window were chosen on these five images (see methods/_niqe_features.py), since
# their flat regions hang on rounding: they show agreement with the release, not an independent confirmation.
# The release's computequality.m with its modelparameters.mat gives these values; beside each the bound
# that the largest difference must keep. pyiqa 0.1.16 gives 15.656, 3.6549, 3.2342, 3.1917 and 9.0727.
@needs_real_data
@pytest.mark.parametrize(
    ("name", "release", "bound"),
    [
        ("I03", 15.7536, 2e-3),
        ("I04", 3.6549, 1e-4),
        ("I06", 3.2355, 1e-4),
        ("I08", 3.1840, 3e-3),
        ("I19", 8.6352, 1e-3),
    ],
)
def test_original_parameters_give_the_values_of_the_release(name: str, release: float, bound: float) -> None:
    folder = calibration_folder()
    if folder is None:
        pytest.skip("pyiqa's wheel, which brings the calibration images, is not installed")
    photo = decode((folder / f"{name}.bmp").read_bytes(), name)
    method = Niqe(Options(model=str(REFERENCE)))
    assert method.score([prepare(photo, method.info.input)])[0] == pytest.approx(release, abs=bound)


# pyiqa 0.1.16 gives 0.4597 with the original parameters; 0.5168 stands in methods/niqe_pristine.md. Slow, because
# `bench check` scores the same photographs.
@pytest.mark.slow
@needs_real_data
def test_rank_correlation_on_clive() -> None:
    with (CLIVE / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    models = load_model(REFERENCE), load_model(SHIPPED)
    scores = []
    for row in rows:
        grey = prepare(decode((CLIVE / row["image"]).read_bytes(), row["image"]), Niqe.info.input).pixels
        measured = gaussian(block_features(grey).features)
        scores.append([distance(model, measured[0], measured[1]) for model in models])
    opinions = [float(row["score"]) for row in rows]
    correlations = [-spearmanr(column, opinions).statistic for column in np.transpose(scores)]
    assert len(rows) == 300
    assert correlations == pytest.approx([0.4597, 0.5168], abs=5e-4)


def fit_aggd(samples: np.ndarray) -> Aggd:
    return fit_moments(moments(samples), samples.shape[1])


# --- the steps --------------------------------------------------------------------------------------


def slow_mscn(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[-3:4, -3:4]
    window = np.exp(-(x**2 + y**2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    result, deviation = np.empty_like(image), np.empty_like(image)
    height, width = image.shape
    for i in range(height):
        for j in range(width):
            rows, columns = (
                np.clip(np.arange(i - 3, i + 4), 0, height - 1),
                np.clip(np.arange(j - 3, j + 4), 0, width - 1),
            )
            patch = image[np.ix_(rows, columns)]
            mean = (window * patch).sum()
            deviation[i, j] = math.sqrt((window * (patch - mean) ** 2).sum())
            result[i, j] = (image[i, j] - mean) / (deviation[i, j] + 1)
    return result, deviation


def test_mscn_is_what_its_definition_says() -> None:
    image = np.random.default_rng(1).integers(0, 256, (13, 17)).astype(float)
    for fast, slow in zip(mscn(image), slow_mscn(image), strict=True):
        np.testing.assert_allclose(fast, slow, atol=1e-10)


def slow_half_matrix(size: int) -> np.ndarray:
    """MATLAB's imresize along one side: cubic of a = -1/2 stretched by two, mirrored at the edges."""

    def cubic(x: float) -> float:
        x = abs(x)
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0

    mirror = [*range(size), *reversed(range(size))]
    matrix = np.zeros((size // 2, size))
    for out in range(size // 2):
        centre = 2 * out + 0.5
        for source in range(math.floor(centre) - 4, math.floor(centre) + 6):
            matrix[out, mirror[source % (2 * size)]] += cubic((centre - source) / 2) / 2
    return matrix


def test_half_size_is_matlabs_imresize() -> None:
    image = np.random.default_rng(2).uniform(0, 255, (12, 20))
    expected = slow_half_matrix(12) @ image @ slow_half_matrix(20).T
    np.testing.assert_allclose(half_size(image), expected, atol=1e-10)


@pytest.mark.parametrize(
    ("shape", "left", "right"), [(0.5, 1.0, 1.0), (1.0, 0.5, 1.5), (2.0, 1.0, 0.7), (4.0, 2.0, 2.0)]
)
def test_aggd_fit_recovers_what_the_samples_were_drawn_from(shape: float, left: float, right: float) -> None:
    rng = np.random.default_rng(3)
    count = 400_000
    magnitude = rng.gamma(1 / shape, size=count) ** (1 / shape)
    negative = rng.random(count) < left / (left + right)
    samples = np.where(negative, -left, right) * magnitude
    fit = fit_aggd(samples[None])
    assert fit.shape[0] == pytest.approx(shape, rel=0.03)
    assert (fit.left[0], fit.right[0]) == pytest.approx((left, right), rel=0.03)
    expected = (right - left) * gamma(2 / shape) / gamma(1 / shape)
    assert fit.mean[0] == pytest.approx(expected, abs=0.03)


def test_aggd_of_a_row_without_negatives_or_of_zeros_is_the_releases() -> None:
    fit = fit_aggd(np.array([[1.0, 2.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    assert fit.shape == pytest.approx([0.2, 0.2])
    assert np.isnan(fit.left).all()
    assert np.isfinite(fit.right).tolist() == [True, False]


def test_features_pair_a_block_with_itself_shifted_in_a_circle() -> None:
    grey = grey_photo(96, 96)
    block = mscn(grey.astype(float))[0]
    features = block_features(grey).features[0]
    for number, shift in enumerate([(0, 1), (1, 0), (1, 1), (1, -1)]):
        fit = fit_aggd((block * np.roll(block, shift, (0, 1))).reshape(1, -1))
        expected = [fit.shape[0], fit.mean[0], fit.left[0], fit.right[0]]
        assert features[2 + 4 * number : 6 + 4 * number] == pytest.approx(expected, rel=1e-9)


def test_blocks_beyond_whole_ones_are_cut_off() -> None:
    grey = grey_photo(300, 250)
    cut = grey[:288, :192]
    np.testing.assert_array_equal(block_features(grey).features, block_features(cut).features)
    assert block_features(grey).features.shape == (6, 36)


def test_the_mean_takes_finite_values_and_the_covariance_finite_rows() -> None:
    features = np.random.default_rng(4).normal(size=(5, 36))
    features[0, 7] = math.nan
    mean, covariance, rows = gaussian(features)
    assert rows == 4
    assert mean[6] == pytest.approx(features[:, 6].mean())
    assert mean[7] == pytest.approx(features[1:, 7].mean())
    np.testing.assert_allclose(covariance, np.cov(features[1:].T))


# --- scoring ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(95, 400), (400, 95), (1, 1)])
def test_a_photo_that_is_too_small_is_refused_with_its_size(height: int, width: int) -> None:
    with pytest.raises(ImageError, match=f"{width}x{height} pixels: NIQE needs at least 96x96"):
        Niqe().score([Photo("p", grey_photo(height, width), 1, 1)])


def test_a_photo_of_one_block_is_compared_by_that_block() -> None:
    grey = grey_photo(96, 191)
    model = load_model(SHIPPED)
    difference = block_features(grey).features[0] - model.mean
    # Without a covariance of its own: twice the model's inverse.
    expected = math.sqrt(2 * difference @ np.linalg.pinv(model.covariance) @ difference)
    assert niqe(grey, model) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_flat_photo_has_a_very_bad_score(level: int) -> None:
    flat = Photo("p", np.full((200, 300), level, dtype=np.uint8), 1, 1)
    # A clean photograph has about 2.
    assert Niqe().score([flat])[0] > 20


def test_a_photo_that_is_flat_in_part_has_a_finite_score() -> None:
    grey = grey_photo(288, 288)
    grey[:96] = 200
    assert math.isfinite(niqe(grey, load_model(SHIPPED)))


def test_noise_and_blur_raise_the_score_of_a_natural_texture() -> None:
    folder = calibration_folder()
    if folder is None:
        pytest.skip("pyiqa's wheel, which brings a natural image, is not installed")
    model = load_model(SHIPPED)
    clean = Image.open(folder / "I04.bmp").convert("L")
    blurred = clean.resize((128, 96)).resize(clean.size, Image.Resampling.BICUBIC)
    noise = np.random.default_rng(5).normal(0, 40, (clean.height, clean.width))
    noisy = np.clip(np.asarray(clean) + noise, 0, 255).astype(np.uint8)
    reference = niqe(np.asarray(clean), model)
    assert niqe(np.asarray(blurred), model) > reference + 0.5
    assert niqe(noisy, model) > reference + 0.5


# --- the model file ---------------------------------------------------------------------------------


def test_the_shipped_model_loads_and_says_what_it_was_fitted_on() -> None:
    model = load_model(SHIPPED)
    assert (model.photos, model.blocks) == (500, 2182)
    assert model.metadata["method"] == "niqe"
    assert SHIPPED.stat().st_size < 100_000
    assert not Niqe.missing()
    assert Niqe().fingerprint == model.fingerprint


def test_missing_says_how_to_get_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bench.methods._niqe_model.SHIPPED", tmp_path / "gone.npz")
    assert "install the package again" in Niqe.missing()


def test_fit_writes_the_gaussian_of_sharp_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    photos = [as_photo(grey_photo(480, 480, seed)) for seed in range(2)]
    dull = grey_photo(480, 480, 9)
    dull[:, 192:] = 128 + (dull[:, 192:].astype(int) - 128) // 4
    photos += [as_photo(dull), as_photo(rng.integers(0, 256, (90, 300), dtype=np.uint8), "small")]
    sentence = Niqe.fit(iter(photos), tmp_path / "new" / "model.npz")
    assert "60 blocks of 3 photographs, 1 skipped as smaller than 96 pixels" in sentence

    model = load_model(tmp_path / "new" / "model.npz")
    assert (model.photos, model.blocks, model.metadata["skipped_small"]) == (3, 60, 1)
    features = [block_features(photo.pixels[:, :, 0]) for photo in photos[:3]]
    kept = [f.features[f.sharpness > 0.75 * f.sharpness.max()] for f in features]
    assert [len(k) for k in kept] == [25, 25, 10]
    np.testing.assert_allclose(model.mean, np.concatenate(kept).mean(axis=0))
    np.testing.assert_allclose(model.covariance, np.cov(np.concatenate(kept).T))
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["model.npz"]
    assert Niqe(Options(model=str(tmp_path / "new" / "model.npz"))).fingerprint == model.fingerprint


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        ([], "--pristine has no photographs to fit on; give a folder"),
        ([as_photo(grey_photo(64, 64))], "no photographs to fit on, 1 skipped as smaller than 96 pixels"),
        ([as_photo(grey_photo(192, 192))], "1 photographs give 4 usable blocks; .* at least 37"),
        ([as_photo(np.full((960, 960), 9, dtype=np.uint8))], "1 photographs give 0 usable blocks"),
    ],
)
def test_fit_on_too_little_is_refused(photos: list[Photo], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        Niqe.fit(photos, tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"output got .*model\.npz, which cannot be written: Not a directory"):
        load_model(SHIPPED).save(tmp_path / "file" / "model.npz")


def test_the_fingerprint_is_of_the_parameters_alone() -> None:
    model = load_model(SHIPPED)
    assert replace(model, photos=1, metadata={}).fingerprint == model.fingerprint
    assert replace(model, mean=model.mean + 1e-9).fingerprint != model.fingerprint
    assert len(model.fingerprint) == 12


def test_keys_of_the_release_and_of_basicsr_are_read(tmp_path: Path) -> None:
    model = load_model(SHIPPED)
    basicsr = write_npz(tmp_path / "a.npz", mu_pris_param=model.mean[None], cov_pris_param=model.covariance)
    savemat(tmp_path / "b.mat", {"mu_prisparam": model.mean[None], "cov_prisparam": model.covariance})
    assert load_model(basicsr).fingerprint == model.fingerprint
    assert load_model(tmp_path / "b.mat").fingerprint == model.fingerprint


def test_the_word_pyiqa_stands_for_the_file_in_its_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "unused"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    with pytest.raises(MissingRequirementError, match=r"niqe_modelparameters\.mat is not a file; let pyiqa fetch it"):
        Niqe(Options(model="pyiqa"))
    file = tmp_path / "torch/hub/pyiqa/niqe_modelparameters.mat"
    file.parent.mkdir(parents=True)
    model = load_model(SHIPPED)
    savemat(file, {"mu_prisparam": model.mean[None], "cov_prisparam": model.covariance})
    assert Niqe(Options(model="pyiqa")).fingerprint == model.fingerprint
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert model_path("pyiqa") == file


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingRequirementError, match=r"nowhere\.npz is not a file; give an \.npz or \.mat"):
        Niqe(Options(model="nowhere.npz"))


def with_nan(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flat[3] = math.nan
    return array


GOOD = {"mean": np.zeros(36), "covariance": np.eye(36)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": np.zeros(35)}, r"mean \(35,\) and covariance \(36, 36\) should be"),
        ({"covariance": np.eye(37)}, r"covariance \(37, 37\) should be"),
        ({"mean": with_nan(np.zeros(36))}, "NaN or infinite"),
        ({"covariance": np.full((36, 36), math.inf)}, "NaN or infinite"),
        ({"covariance": np.triu(np.ones((36, 36)))}, "not symmetric"),
        ({"covariance": -np.eye(36)}, "negative eigenvalue"),
        ({"mean": np.array([object()] * 36)}, r"cannot be read .*\(ValueError\)"),
        ({"mean": np.array(["x"] * 36)}, r"cannot be read .*\(ValueError\)"),
        ({"metadata": "{broken"}, r"cannot be read .*\(JSONDecodeError\)"),
        ({"metadata": "[1]"}, "metadata is not a JSON object"),
    ],
)
def test_an_invalid_model_is_refused_with_the_reason(change: dict[str, object], message: str, tmp_path: Path) -> None:
    path = write_npz(tmp_path / "m.npz", **{**GOOD, **change})
    with pytest.raises(UsageError, match=message) as caught:
        load_model(path)
    assert "bench fit niqe" in str(caught.value)


def archive_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 cut short", "cannot be read"),
        (b"not a model at all" * 20, "cannot be read"),
        (SHIPPED.read_bytes()[:4000], "cannot be read"),
        (b"\0" * (2**20 + 1), "more than 1,048,576 bytes"),
        (archive_of(mean=b"\0" * 2**24), r"cannot be read as .npz or .mat \(ValueError\)"),
        (archive_of(mean=b"x", covariance=b"y"), "holds no|cannot be read|should be"),
    ],
    ids=["empty", "cut zip", "text", "cut model", "large", "bomb", "no array"],
)
def test_a_file_that_is_no_model_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(data)
    with pytest.raises(UsageError, match=message):
        load_model(tmp_path / "m.npz")


def test_a_model_without_the_keys_says_what_it_holds(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "m.npz", weights=np.zeros(3))
    with pytest.raises(UsageError, match="it holds weights where mean and covariance should be"):
        load_model(path)


def test_a_model_scores_its_own_mean_zero() -> None:
    grey = grey_photo(384, 384)
    mean, covariance, _ = gaussian(block_features(grey).features)
    assert niqe(grey, PristineModel(mean, covariance)) == pytest.approx(0, abs=1e-6)


@needs_real_data
def test_what_is_declared_follows_the_model() -> None:
    assert Niqe().declared().trained_on == ("bsds500",)
    assert Niqe().declared().selected_on
    other = Niqe(Options(model=str(REFERENCE))).declared()
    assert (other.trained_on, other.selected_on) == ((UNKNOWN,), ())
