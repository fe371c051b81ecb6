from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import fakes
import numpy as np
import pytest
from conftest import Ran
from grey_photos import as_photo, grey_photo
from PIL import Image

from bench.api import UNKNOWN, FloatArray, Method, Photo, option
from bench.errors import BenchError, ImageError, MissingRequirementError, UsageError
from bench.io.images import prepare
from bench.methods.niqe import Niqe, Options
from bench.plugins import gaussian, pristine_distance, registry
from bench.runs.batches import score_photos
from bench.runs.jobs import Settings

OU_NIQE = pristine_distance.derive(Niqe)


@dataclass(frozen=True)
class TilesOptions:
    seed: int = option(0, help="of the projection")


class Tiles(Method):
    """Gives 300 random projections of the whole photograph."""

    info = fakes.info("tiles", opinion_aware=True, trained_on=("koniq",))
    Options = TilesOptions
    width = 300

    def load(self) -> None:
        self.directions = np.random.default_rng(self.options.seed).normal(size=(192, self.width))

    @property
    def fingerprint(self) -> str:
        return f"{self.options.seed:012d}"

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [0.0 for _ in photos]

    def features(self, photo: Photo) -> FloatArray:
        if min(photo.pixels.shape[:2]) < 8:
            raise ImageError("too small")
        return photo.pixels[:8, :8].reshape(1, 192) @ self.directions


OU_TILES = pristine_distance.derive(Tiles)


def tiles(count: int, spread: float = 20, size: int = 8) -> list[Photo]:
    rng = np.random.default_rng(1)
    pixels = np.clip(rng.normal(128, spread, (count, size, size, 3)), 0, 255).astype(np.uint8)
    return [Photo(f"{i}.png", one, 1, 1) for i, one in enumerate(pixels)]


def fitted(method: type[Method], photos: Sequence[Photo], path: Path, **settings: object) -> Method:
    method.fit(iter(photos), path, **settings)  # type: ignore[arg-type]
    return method(method.Options(model=str(path)))


@pytest.fixture(scope="module")
def textures() -> list[Photo]:
    dull = grey_photo(480, 480, 9)
    dull[:, 192:] = 128 + (dull[:, 192:].astype(int) - 128) // 4  # of which only the left is fitted on
    return [as_photo(grey, str(i)) for i, grey in enumerate([grey_photo(480, 480, 0), grey_photo(480, 480, 1), dull])]


@pytest.fixture(scope="module")
def niqe_file(textures: list[Photo], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "ou.npz"
    OU_NIQE.fit(textures, path, source="textures")
    return path


# --- NIQE is one case of it ---


def test_ou_niqe_is_niqe_with_the_same_pristine_photographs(
    textures: list[Photo], niqe_file: Path, tmp_path: Path
) -> None:
    Niqe.fit(textures, tmp_path / "niqe.npz")
    niqe = Niqe(Options(model=str(tmp_path / "niqe.npz")))
    wrapped = OU_NIQE(OU_NIQE.Options(model=str(niqe_file)))
    photos = [prepare(as_photo(grey_photo(200 + 90 * i, 300, 10 + i)), Niqe.info.input) for i in range(3)]
    assert wrapped.score(photos) == niqe.score(photos)
    assert min(niqe.score(photos)) > 0.1
    with pytest.raises(ImageError, match="NIQE needs at least 96x96"):
        wrapped.score([Photo("p", grey_photo(90, 300), 1, 1)])


def test_the_distance_of_one_row_is_mahalanobis_times_the_root_of_two() -> None:
    model = gaussian.PristineModel(np.array([1.0, 2.0]), np.diag([4.0, 9.0]))
    mean, covariance, rows = gaussian.gaussian(np.array([[5.0, 5.0]]))
    assert rows == 1
    assert gaussian.distance(model, mean, covariance) == pytest.approx(math.sqrt(2 * (16 / 4 + 9 / 9)))


def test_many_features_are_solved_for_as_a_pseudo_inverse_would() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, 300)) @ rng.normal(size=(300, 300))
    model = gaussian.fit_model(gaussian.PristineFeatures([rows], "", 0), {})
    mean, covariance, _ = gaussian.gaussian(rows[:20] + 1)
    difference = model.mean - mean
    expected = math.sqrt(difference @ np.linalg.inv((model.covariance + covariance) / 2) @ difference)
    assert gaussian.distance(model, mean, covariance) == pytest.approx(expected, rel=1e-6)
    flat = replace(model, covariance=np.diag(np.r_[np.ones(299), 0.0]))
    assert gaussian.distance(flat, mean, 0 * covariance) == pytest.approx(
        math.sqrt(2 * difference[:299] @ difference[:299]), rel=1e-6
    ), "a direction without spread says nothing"


# --- fewer photographs than features ---


def test_a_covariance_of_too_few_rows_is_shrunk_and_the_user_is_told(tmp_path: Path) -> None:
    sentence = OU_TILES.fit(tiles(40), tmp_path / "m.npz")
    assert "on 40 rows of 300 features of 40 photographs, covariance shrunk by" in sentence
    model = gaussian.load_model(tmp_path / "m.npz")
    rows = np.concatenate([Tiles().features(photo) for photo in tiles(40)])
    assert 0 < model.metadata["shrinkage"] <= 1
    assert np.linalg.eigvalsh(model.covariance).min() > 0
    assert np.trace(model.covariance) == pytest.approx(np.trace(np.cov(rows.T)))


def test_enough_rows_are_not_shrunk(tmp_path: Path) -> None:
    assert "shrunk" not in OU_TILES.fit(tiles(301), tmp_path / "m.npz")
    assert gaussian.load_model(tmp_path / "m.npz").metadata["shrinkage"] == 0


def test_what_is_unlike_the_pristine_photographs_scores_higher(tmp_path: Path) -> None:
    method = fitted(OU_TILES, tiles(60), tmp_path / "m.npz")
    like, unlike = tiles(80)[60:], tiles(20, spread=60)
    assert min(method.score(unlike)) > max(method.score(like))


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        ([], "--pristine has no photographs to fit on; give"),
        (tiles(3, size=4), "no photographs to fit on, 3 skipped as tiles has no features of them"),
        (
            tiles(1),
            "--pristine: only 1 usable rows of features in 1 photograph; add photographs until there are at least 2",
        ),
    ],
)
def test_fit_on_too_little_is_refused(photos: list[Photo], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        OU_TILES.fit(photos, tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (1, 0), (1, gaussian.MAX_FEATURES + 1)])
def test_features_of_another_shape_are_their_authors_mistake(shape: tuple[int, ...], tmp_path: Path) -> None:
    wrong = type("Wrong", (Tiles,), {"features": lambda self, photo: np.zeros(shape)})
    with pytest.raises(BenchError, match=r"the features of tiles have the shape \(.* instead of \(M, D\)"):
        pristine_distance.derive(wrong).fit(tiles(2), tmp_path / "m.npz")


def test_a_photograph_without_a_finite_row_is_an_image_error(tmp_path: Path) -> None:
    method = fitted(OU_TILES, tiles(10), tmp_path / "m.npz")
    method._features.features = lambda photo: np.full((4, 300), math.nan)  # type: ignore[attr-defined]
    with pytest.raises(ImageError, match="all 4 rows of its features contain NaN or infinity"):
        method.score(tiles(1))


# --- what is declared, and identity ---


def test_what_is_declared_follows_the_features_and_the_pristine_photographs(niqe_file: Path, tmp_path: Path) -> None:
    niqe = OU_NIQE(OU_NIQE.Options(model=str(niqe_file)))
    assert niqe.declared().trained_on == ("textures",), "NIQE's own pristine model is not in its features"
    assert niqe.declared().selected_on == ()
    assert (niqe.info.opinion_aware, niqe.info.higher_is_better) == (False, False)
    aware = fitted(OU_TILES, tiles(10), tmp_path / "m.npz", source="mine")
    assert aware.declared().trained_on == ("koniq", "mine")
    assert aware.info.opinion_aware is True
    nameless = fitted(OU_TILES, tiles(10), tmp_path / "n.npz")
    assert nameless.declared().trained_on == ("koniq", UNKNOWN)


def test_fingerprint_is_of_the_model_and_of_the_features_weights(tmp_path: Path) -> None:
    first = fitted(OU_TILES, tiles(10), tmp_path / "a.npz")
    again = fitted(OU_TILES, tiles(10), tmp_path / "b.npz", source="x")
    other = fitted(OU_TILES, tiles(11), tmp_path / "c.npz")
    assert len(first.fingerprint) == 12
    assert again.fingerprint == first.fingerprint
    assert other.fingerprint != first.fingerprint
    weights = type("Weights", (Tiles,), {"fingerprint": "other"})
    same_gaussian = fitted(pristine_distance.derive(weights), tiles(10), tmp_path / "d.npz")
    assert same_gaussian.fingerprint != first.fingerprint


def test_options_of_the_features_method_reach_it(tmp_path: Path) -> None:
    OU_TILES.fit(tiles(10), tmp_path / "m.npz", options=OU_TILES.Options(seed=5))
    method = OU_TILES(OU_TILES.Options(seed=5, model=str(tmp_path / "m.npz")))
    assert isinstance(method, pristine_distance.OverFeatures)
    assert method._features.options.seed == 5
    with pytest.raises(UsageError, match=r"was fitted with weights '000000000005' but now it is '000000000000'"):
        OU_TILES(OU_TILES.Options(model=str(tmp_path / "m.npz")))


def test_the_contract_holds(niqe_file: Path) -> None:
    method = OU_NIQE(OU_NIQE.Options(model=str(niqe_file)))
    photos = [as_photo(grey_photo(200 + 30 * i, 220, i), str(i)) for i in range(4)]
    outcomes = [score_photos(method, photos, Settings(batch_size=size)) for size in (1, 4)]
    assert outcomes[0] == outcomes[1]
    for outcome in outcomes[0]:
        assert outcome.score is not None
        assert 0 < outcome.score < math.inf


# --- files that are not what they should be ---


def test_a_model_of_other_features_is_refused(niqe_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^ou:tiles, option model: .*ou\.npz was fitted with features 'niqe'"):
        OU_TILES(OU_TILES.Options(model=str(niqe_file)))
    Niqe.fit([as_photo(grey_photo(960, 960))], tmp_path / "niqe.npz")
    with pytest.raises(UsageError, match=r"niqe\.npz was fitted with features nothing but now it is 'niqe'"):
        OU_NIQE(OU_NIQE.Options(model=str(tmp_path / "niqe.npz")))


def test_a_model_that_is_not_there_is_told_how_to_make(tmp_path: Path) -> None:
    how = r"bench fit ou:niqe --pristine FOLDER --output FILE, then --option ou:niqe\.model=FILE"
    with pytest.raises(MissingRequirementError, match=f"^ou:niqe, option model: none is given; {how}"):
        OU_NIQE()
    with pytest.raises(MissingRequirementError, match=r"nowhere is not a file"):
        OU_NIQE(OU_NIQE.Options(model="nowhere"))
    assert how.replace("\\", "") in OU_NIQE.missing()
    assert pristine_distance.derive(registry.find_method("clipiqa")).missing().startswith("weights RN50.pt")


def npz(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"it cannot be read as \.npz \(BadZipFile\)"),
        (npz(mean=np.zeros(3)), r"cannot be read as \.npz \(KeyError\)"),
        (npz(mean=np.array([object()]), covariance=np.eye(1)), r"cannot be read as \.npz \(ValueError\)"),
        (npz(mean=np.zeros(3), covariance=np.eye(4)), r"mean \(3,\) and covariance \(4, 4\) should be"),
        (npz(mean=np.zeros(0), covariance=np.zeros((0, 0))), r"mean \(0,\) and covariance \(0, 0\) should be"),
        (npz(mean=np.array([math.nan]), covariance=np.eye(1)), "NaN or infinite"),
        (npz(mean=np.zeros(2), covariance=-np.eye(2)), "negative eigenvalue"),
        (npz(mean=np.zeros(2), covariance=np.eye(2), metadata="[]"), "not a JSON object"),
        (npz(mean=np.zeros(2), covariance=np.eye(2), metadata=json.dumps({"features": [1]})), "with features"),
    ],
)
def test_an_invalid_file_is_refused_in_one_sentence(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(data)
    with pytest.raises(UsageError, match=rf"^ou:niqe, option model: .*m\.npz.*{message}") as caught:
        OU_NIQE(OU_NIQE.Options(model=str(tmp_path / "m.npz")))
    assert "\n" not in str(caught.value)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaussian, "_MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="more than a model can need"):
        gaussian.read_npz(npz(mean=np.zeros(1000)), 1000)


# --- names and commands ---


def test_every_method_with_features_has_its_row_and_no_other() -> None:
    found = registry.build_catalogue([Tiles, fakes.Brightness], [])
    assert set(found.methods) == {"tiles", "ou:tiles", "fit:tiles", "brightness"}
    assert {"ou:niqe", "ou:clipiqa", "ou:qualiclip"} <= set(registry.catalogue().methods)
    assert registry.find_method("ou:niqe") is OU_NIQE
    with pytest.raises(UsageError, match="'ou:bytes-per-pixel': bytes-per-pixel does not offer features"):
        registry.find_method("ou:bytes-per-pixel")


def test_fit_and_run_from_the_command_line(bench: Callable[..., Ran], tmp_path: Path) -> None:
    for folder, size, count in (("clean", 480, 2), ("mine", 200, 3)):
        (tmp_path / folder).mkdir()
        for seed in range(count):
            Image.fromarray(grey_photo(size, size, seed)).save(tmp_path / folder / f"{seed}.png")
    done = bench("fit", "ou:niqe", "--pristine", tmp_path / "clean", "--output", tmp_path / "m.npz")
    assert done.code == 0, done.err
    assert "fitted ou:niqe on 50 rows of 36 features of 2 photographs" in done.out
    model = f"ou:niqe.model={tmp_path / 'm.npz'}"
    # In processes of their own, which must find a method that no module holds by name.
    run = bench("run", "--method", "ou:niqe", "--option", model, "--dataset", tmp_path / "mine", "--workers", "2")
    assert run.code == 0, run.err
    assert "ou:niqe[model=m.npz] on mine: scored 3, failed 0" in run.out
    missing = bench("run", "--method", "ou:niqe", "--dataset", tmp_path / "mine")
    assert missing.code == 2
    assert "bench fit ou:niqe --pristine FOLDER" in missing.err
    (sidecar,) = tmp_path.glob("results/runs/mine/*/provenance.json")
    assert json.loads(sidecar.read_text())["method"]["trained_on"] == ["clean"]
