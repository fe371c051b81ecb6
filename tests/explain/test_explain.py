"""What `bench explain` says and draws, for networks with random weights and for the one that ships."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import fakes
import numpy as np
import pytest
import torch
from clip_states import photo, save_encoder
from conftest import Ran, make_photo
from PIL import Image

from bench.api import Explainer, Photo
from bench.errors import ImageError
from bench.explain.explanation import Explanation, explain, offers_explanation
from bench.explain.figure import aspect_bars, overlay
from bench.methods.qualiclip import ClipIqa, Qualiclip, QualiclipLite, checkpoints
from bench.methods.qualiclip.explaining import by_pair, by_side
from bench.methods.qualiclip.metrics import ClipIqaOptions, QualiclipOptions, prompt_pairs
from bench.plugins.registry import catalogue, find_method

Bench = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("empty_caches")

ASPECTS = [
    "Good photo / Bad photo",
    "Sharp image / Blurry image",
    "Sharp edges / Blurry edges",
    "High-resolution image / Low-resolution image",
    "Noise-free image / Noisy image",
    "High-quality image / Low-quality image",
    "Good picture / Bad picture",
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image encoder with random weights, and random features of prompts."""
    return save_encoder(tmp_path_factory.mktemp("weights") / "random.safetensors")


@pytest.fixture(scope="module")
def clip(weights: Path) -> Qualiclip:
    return Qualiclip(QualiclipOptions(weights=str(weights)))


@pytest.fixture(scope="module")
def lite() -> QualiclipLite:
    return QualiclipLite()


@pytest.fixture(autouse=True)
def one_shuffle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise is looked at once: networks are slow."""
    monkeypatch.setattr("bench.explain.explanation.SHUFFLES", 1)


class TwoCells(fakes.Brightness):
    """A network of one layer, whose left cell is the left half's mean and whose right the other's."""

    info = fakes.info("two-cells")
    pooled: torch.nn.Module

    def load(self) -> None:
        self.pooled = torch.nn.AdaptiveAvgPool2d((1, 2))

    def explainer(self) -> Explainer:
        def outputs(one: Photo) -> Mapping[str, torch.Tensor]:
            pixels = torch.from_numpy(one.pixels.copy()).permute(2, 0, 1)[None].double()
            return {"mean": self.pooled(pixels).mean()}

        return Explainer(self.pooled, outputs, lambda one: {}, "nothing but the mean is looked at")


class Infinite(TwoCells):
    info = fakes.info("infinite")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [math.inf for _ in photos]


def pixels_of(path: Path) -> Photo:
    pixels = np.asarray(Image.open(path).convert("RGB"))
    return Photo(path.name, pixels, 1, pixels.shape[0] * pixels.shape[1])


# --- maps ---


@pytest.mark.parametrize("size", [(97, 131), (64, 33)])
def test_maps_of_qualiclip_are_finite_at_the_size_of_any_photograph(clip: Qualiclip, size: tuple[int, int]) -> None:
    found = explain(clip, photo(*size))
    assert list(found.maps) == ["positive", "negative", "difference"]
    for cells in found.maps.values():
        assert cells.shape == (size[0] // 32, size[1] // 32)
        assert np.isfinite(cells).all()
        assert (cells >= 0).all()
    assert max(cells.max() for cells in found.maps.values()) > 0
    assert found.left_out == ""


def test_the_map_of_the_difference_is_what_speaks_for_bad_more_than_for_good(clip: Qualiclip) -> None:
    # Of opposite sides of one prompt each, "difference" has the gradient of the negative less the positive.
    values = torch.tensor([[0.3, 0.1], [0.5, -0.3]])
    sides = by_side(values)
    assert {name: round(float(value), 6) for name, value in sides.items()} == {
        "positive": 0.4,
        "negative": -0.1,
        "difference": -0.5,
    }
    found = explain(clip, photo(96, 96)).maps
    positive_only = (found["positive"] > 0) & (found["negative"] == 0)
    assert not (found["difference"] * positive_only).any()


def test_a_grey_photograph_is_explained_in_json(lite: QualiclipLite, tmp_path: Path, bench: Bench) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (61, 83), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "grey.png")
    done = bench("explain", tmp_path / "grey.png", "--method", "qualiclip-lite", "--format", "json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert list(found) == ["image", "method", "fingerprint", "score", "aspects", "maps", "unit", "left_out"]
    assert found["score"] == lite.score([pixels_of(tmp_path / "grey.png")])[0]
    maps = found["maps"]
    assert maps["difference"]["cells"] == [12, math.ceil(384 / 61 * 83 / 32)]
    assert list(maps["difference"]) == ["cells", "largest", "mean", "sd", "noise", "above_noise"]
    assert all(math.isfinite(one["largest"]) for one in maps.values())


# --- probabilities ---


def test_probabilities_are_those_whose_mean_is_the_score_of_qualiclip(clip: Qualiclip) -> None:
    one = photo(64, 80)
    found = explain(clip, one)
    assert list(found.aspects) == ASPECTS
    assert np.mean(list(found.aspects.values())) == pytest.approx(clip.score([one])[0], abs=1e-5)
    assert found.score == clip.score([one])[0]
    assert np.ptp(list(found.aspects.values())) > 0.01, "equal ones would say nothing"


def test_clipiqa_names_its_own_pairs(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A whole CLIP and its text encoder would take long; here the words have features at random.
    load = checkpoints.load_checkpoint
    features = torch.nn.functional.normalize(torch.randn(10, 1024, generator=torch.Generator().manual_seed(2)), dim=-1)
    monkeypatch.setattr(checkpoints, "load_checkpoint", lambda path, what, text: load(path, what, text=None))
    monkeypatch.setattr(checkpoints, "encode_prompts", lambda state, prompts: features[: len(prompts)])
    method = ClipIqa(ClipIqaOptions(weights=str(weights)))
    one = photo(64, 64)
    found = explain(method, one)
    assert [*found.aspects][::4] == ["Good image / bad image", "Noise-free image / noisy image"]
    assert np.mean(list(found.aspects.values())) == pytest.approx(method.score([one])[0], abs=1e-5)
    assert found.maps["difference"].shape == (2, 2)


def test_lite_has_maps_and_no_aspects_because_its_prompts_say_one_thing(lite: QualiclipLite, tmp_path: Path) -> None:
    found = explain(lite, pixels_of(make_photo(tmp_path / "a.png", 3, (90, 70))))
    assert found.aspects == {}
    assert list(found.maps) == ["positive", "negative", "difference"]
    assert "NIQE's distance" in found.left_out


def test_features_without_words_are_numbered() -> None:
    values = torch.tensor([0.25, 0.75])
    assert by_pair(values, [("Good.", "Bad."), ("Sharp.", "Blurry.")]) == {"Good / Bad": 0.25, "Sharp / Blurry": 0.75}
    assert by_pair(values, prompt_pairs("qualiclip")) == {"pair 1": 0.25, "pair 2": 0.75}


# --- any method ---


def test_any_method_with_the_hook_is_explained_and_only_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    left_black = np.zeros((4, 6, 3), dtype=np.uint8)
    left_black[:, 3:] = 60
    found = explain(TwoCells(), Photo("x.png", left_black, 1, 24))
    # The gradient of the mean of 3 channels of 2 cells is 1/6 in each, and a map sums over channels.
    np.testing.assert_allclose(found.maps["mean"], [[0, 30]])
    assert (found.score, found.aspects) == (30, {})
    assert offers_explanation(TwoCells)
    assert not offers_explanation(fakes.Brightness)
    offering = {name for name, method in catalogue().methods.items() if offers_explanation(method)}
    assert offering == {"qualiclip", "clipiqa", "qualiclip-lite"}
    with pytest.raises(NotImplementedError):
        explain(fakes.Brightness(), Photo("x.png", left_black, 1, 24))


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ImageError, match="not finite"):
        explain(Infinite(), Photo("x.png", np.zeros((4, 6, 3), dtype=np.uint8), 1, 24))


# --- the command ---


def test_the_command_prints_the_worst_aspect_first_and_draws_both(weights: Path, tmp_path: Path, bench: Bench) -> None:
    path = make_photo(tmp_path / "a.jpg", 1, (80, 61))
    asked = (
        "--method",
        "qualiclip",
        "--option",
        f"qualiclip.weights={weights}",
        "--output",
        "o.png",
        "--chart",
        "c.svg",
    )
    done = bench("explain", path, *asked)
    assert done.code == 0, done.err
    told = [line.split(maxsplit=1) for line in done.out.splitlines() if " / " in line]
    assert {name for _, name in told} == set(ASPECTS)
    assert [float(value) for value, _ in told] == sorted(float(value) for value, _ in told)
    with Image.open("o.png") as picture:
        assert min(picture.size) > 200
        assert max(picture.size) < 2000
        assert len(np.unique(np.asarray(picture.convert("L")))) > 50
    assert "Sharp image / Blurry image" in Path("c.svg").read_text()


@pytest.mark.parametrize(
    ("method", "name", "message"),
    [
        ("qualiclip-light", "a.png", "--method got 'qualiclip-light', which is not a known method. Did you mean"),
        ("niqe", "a.png", "--method got 'niqe', which offers no explanations; these methods do: clipiqa, qualiclip, "),
        ("qualiclip-lite", "none.png", "PHOTO got none.png: no such file"),
        ("qualiclip-lite", "text.png", "PHOTO got text.png: not an image in a known format"),
        ("qualiclip-lite", "thin.png", "PHOTO got thin.png, which qualiclip-lite cannot score: "),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, bench: Bench, method: str, name: str, message: str) -> None:
    make_photo(tmp_path / "a.png", 0)
    (tmp_path / "text.png").write_text("no picture")
    Image.new("RGB", (64, 3), "grey").save(tmp_path / "thin.png")
    done = bench("explain", name, "--method", method, "--output", "o.png")
    assert done.code == 2
    assert f"bench: error: {message}" in done.err
    assert len(done.err.splitlines()) == 1
    assert not Path("o.png").exists()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--output", "o.gif", "--output got o.gif: its name must end in"),
        ("--chart", "absent/c.svg", "--chart got absent/c.svg: the folder absent does not exist"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_before_any_work(
    bench: Bench, option: str, value: str, message: str
) -> None:
    done = bench("explain", "no-such-photo.png", "--method", "qualiclip-lite", option, value)
    assert (done.code, message in done.err) == (2, True)


def test_a_method_without_aspects_has_no_chart(tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue().methods, "two-cells", TwoCells)
    path = make_photo(tmp_path / "a.png", 0)
    assert find_method("two-cells") is TwoCells
    done = bench("explain", path, "--method", "two-cells", "--chart", "c.svg")
    assert (done.code, "--chart: two-cells has no probabilities of aspects" in done.err) == (2, True)
    assert bench("explain", path, "--method", "two-cells").out.startswith(f"{path}  two-cells  ")


# --- pictures ---


def test_a_map_is_drawn_cell_by_cell_over_the_photograph_in_its_colours() -> None:
    pixels = np.full((40, 1000, 3), (90, 60, 30), dtype=np.uint8)
    maps = {"good": np.array([[0.0, 0.0004]]), "nothing": np.zeros((1, 2))}
    figure = overlay(pixels, Explanation(0.5, maps, {"good": 0.0001, "nothing": 0.0}, {}, "", "cosine"))
    photograph, good, nothing, bar = figure.axes
    assert [axes.get_title() for axes in (photograph, good, nothing)] == [
        "photograph",
        "good\nmean 2, SD 2\n1 of 2 cells above noise",
        "nothing\nmean 0, SD 0\nall within noise",
    ]
    for axes in (photograph, good, nothing):
        np.testing.assert_array_equal(np.unique(axes.images[0].get_array().reshape(-1, 3), axis=0), [[90, 60, 30]])
    drawn = good.images[1]
    assert drawn.get_array().shape == (26, 640)
    assert np.unique(drawn.get_array()).tolist() == [0, 4], "no values between those of the cells"
    assert drawn.cmap(0.0)[3] == 0, "where the map is 0 the photograph is not covered"
    assert len(good.collections) == 2, "a line in black and white"
    assert not nothing.collections
    assert bar.get_ylabel() == "$10^{-4}$ cosine a cell"
    assert bar.get_ylim() == (0, 4)


def test_noise_is_what_a_map_reaches_where_pixels_are_shuffled() -> None:
    random = np.random.default_rng(1)
    halves = np.zeros((32, 32, 3), dtype=np.uint8)
    halves[:, 16:] = 200
    for pixels, above in ((halves, [[False, True]]), (random.permuted(halves, axis=1), None)):
        found = explain(TwoCells(), Photo("x.png", np.ascontiguousarray(pixels), 1, 1024))
        assert found.noise["mean"] == pytest.approx(50, abs=5), "half of the mean of all pixels"
        if above:
            assert found.above_noise("mean").tolist() == above


def test_bars_begin_at_one_half_with_the_lowest_on_top() -> None:
    axes = aspect_bars({"a": 0.75, "b": 0.125, "c$x$": 0.5}, "photo").axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", r"c\$x\$", "a"]
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [(0.5, -0.375), (0.5, 0.0), (0.5, 0.25)]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first is on top"
    assert [text.get_text() for text in axes.texts] == ["0.12", "0.50", "0.75"]
