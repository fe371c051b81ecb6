"""NIQE's pristine model: its fit, its file, and files that are none."""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grey_photos import as_photo, grey_photo
from scipy.io import savemat

from bench.api import Photo
from bench.errors import MissingRequirementError, UsageError
from bench.methods._niqe_features import block_features
from bench.methods._niqe_model import SHIPPED, load_model, model_path
from bench.methods.niqe import Niqe, Options


def write_npz(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


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
        ([as_photo(grey_photo(192, 192))], "only 4 usable blocks in 1 photograph; .* at least 37"),
        ([as_photo(np.full((960, 960), 9, dtype=np.uint8))], "only 0 usable blocks in 1 photograph"),
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
