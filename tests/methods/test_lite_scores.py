from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skimage.data
import torch
from PIL import Image, ImageFilter
from safetensors.numpy import load_file
from textured import photo, photograph

from bench.api import Resize
from bench.errors import ImageError, UsageError
from bench.io.images import decode, luma, read_bytes, resize
from bench.methods._niqe_model import load_model, model_path
from bench.methods.niqe import niqe
from bench.methods.qualiclip.checkpoint_files import PROMPTS
from bench.methods.qualiclip.lite import QualiclipLite, scorer, start
from bench.methods.qualiclip.lite.metrics import SHIPPED, LiteOptions
from bench.methods.qualiclip.lite.naturalness import _distance, unnaturalness
from bench.methods.qualiclip.lite.network import model_of
from bench.methods.qualiclip.lite.windows import grid
from bench.stats import correlate

SEEN = {"clive_subset", "kadis_2afc", "avt_hevc_uhd_subset", "biq2021_subset"}


@pytest.fixture(scope="module")
def lite() -> QualiclipLite:
    return QualiclipLite()


# --- what ships ---


def test_the_shipped_files_are_small_and_say_what_they_were_made_from() -> None:
    assert SHIPPED.stat().st_size <= 8_000_000
    about = json.loads(SHIPPED.with_suffix(".json").read_text())
    assert about["training"]["encoder"] == "lite"
    assert about["monitored_on"] == []
    assert tuple(about["trained_on"]) == tuple(sorted(QualiclipLite.info.trained_on))
    log = [json.loads(line) for line in SHIPPED.with_suffix(".jsonl").read_text().splitlines()]
    assert log[0]["training"] == about["training"]
    assert log[-1]["step"] == about["step"]
    assert not any("srcc" in event for event in log)  # no opinion was looked at on the way


def test_the_shipped_texts_are_those_of_the_checkpoint() -> None:
    np.testing.assert_allclose(load_file(SHIPPED)[PROMPTS], start.texts(), atol=1e-3)


def test_it_says_that_it_is_not_clip_and_what_was_seen(lite: QualiclipLite) -> None:
    assert "not CLIP" in lite.info.summary
    assert lite.info.opinion_aware is False
    assert set(lite.declared().selected_on) == SEEN


@pytest.mark.slow
@pytest.mark.parametrize(
    # Golden: results/leaderboard/results.json, by the commands in README.md.
    ("name", "srcc"),
    [("clive_subset", 0.659), ("kadis_2afc", 0.621)],
)
def test_the_documented_agreement_with_people(lite: QualiclipLite, shared: Path, name: str, srcc: float) -> None:
    folder = shared / "human" / name
    frame = pd.read_csv(folder / "scores.csv")
    scores = [lite.score([decode(read_bytes(folder / image), image)])[0] for image in frame["image"]]
    assert correlate(scores, frame["score"]).srcc == pytest.approx(srcc, abs=0.003)


# --- scores ---


@pytest.mark.parametrize("fault", ["blur", "noise", "jpeg"])
def test_a_degraded_photograph_scores_lower(lite: QualiclipLite, tmp_path: Path, fault: str) -> None:
    clean = Image.fromarray(skimage.data.coffee())
    if fault == "blur":
        worse = clean.filter(ImageFilter.GaussianBlur(4))
    elif fault == "noise":
        noise = np.random.default_rng(0).normal(0, 30, np.asarray(clean).shape)
        worse = Image.fromarray(np.clip(np.asarray(clean) + noise, 0, 255).astype(np.uint8))
    else:
        clean.save(tmp_path / "x.jpg", quality=4)
        worse = Image.open(tmp_path / "x.jpg").convert("RGB")
    good, bad = lite.score([photo(clean), photo(worse)])
    assert bad < good - 0.1


@pytest.mark.parametrize("size", [(40, 30), (200, 900), (384, 384)])
def test_any_size_is_scored(lite: QualiclipLite, size: tuple[int, int]) -> None:
    (score,) = lite.score([photo(photograph(size))])
    assert 0 < score < 1


def test_a_score_joins_the_mean_of_nine_windows_and_niqe(lite: QualiclipLite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer, "unnaturalness", lambda *_: 10.0)
    monkeypatch.setattr(scorer, "quality", lambda _: np.linspace(-0.1, 0.3, 9))
    (score,) = lite.score([photo(photograph())])
    odds = math.exp(0.1 / scorer.TEMPERATURE) * (5 / 10) ** scorer.NATURALNESS
    assert score == pytest.approx(odds / (1 + odds), rel=1e-6)


def test_a_flat_picture_has_a_bad_score(lite: QualiclipLite) -> None:
    flat, some = lite.score([photo(Image.new("RGB", (200, 150), (90, 90, 90))), photo(photograph())])
    assert flat < min(some, 0.05)


def test_naturalness_is_of_the_enlarged_photograph_or_of_two_sizes() -> None:
    model = load_model(model_path(""))
    small, large = (np.asarray(photograph(size)) for size in ((200, 150), (900, 1000)))
    at_one_size = [niqe(luma(resize(pixels, Resize(short=768))), model) for pixels in (small, large)]
    assert unnaturalness(small, model) == pytest.approx(at_one_size[0], rel=1e-9)
    assert unnaturalness(large, model) == pytest.approx(math.sqrt(at_one_size[1] * niqe(luma(large), model)), rel=1e-9)


def test_of_a_long_side_the_ends_and_the_middle_count() -> None:
    model = load_model(model_path(""))
    long = np.asarray(photograph((2000, 500)))
    other = long.copy()
    other[:, 500:700] = 0
    assert _distance(other, model) == _distance(long, model)
    other[:, 1800:] = 0
    assert _distance(other, model) != _distance(long, model)


def test_windows_lie_evenly_from_border_to_border() -> None:
    found = grid(300, 400, 224, 3)
    assert [(window.top, window.left) for window in found[:4]] == [(0, 0), (0, 88), (0, 176), (38, 0)]
    assert {window[2:] for window in found} == {(224, 224)}


def test_features_are_those_of_the_whole_at_the_size_that_is_scored(lite: QualiclipLite) -> None:
    one = photo(photograph())
    whole = torch.from_numpy(np.array(resize(one.pixels, Resize(short=384)))).permute(2, 0, 1)[None].float() / 255
    expected = model_of(lite._checkpoint).features(whole)
    np.testing.assert_allclose(lite.features(one), expected.double().numpy(), rtol=1e-4, atol=1e-4)
    assert lite.feature_space().trained_on == ("imagenet",)


def test_a_very_narrow_photograph_is_an_image_error(lite: QualiclipLite) -> None:
    with pytest.raises(ImageError, match="needs an aspect ratio of at most 1:20"):
        lite.score([photo(photograph((1000, 40)))])


def test_a_weights_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a file"):
        QualiclipLite(LiteOptions(weights=str(tmp_path / "nowhere")))


def test_scoring_imports_no_torch(tmp_path: Path) -> None:
    photograph().save(tmp_path / "a.png")
    code = (
        "import sys, bench\n"
        f"score = bench.load('qualiclip-lite')({str(tmp_path / 'a.png')!r})\n"
        "print(0 < score < 1, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_features_are_known_by_the_encoder_and_scores_by_the_head_too(
    lite: QualiclipLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lite.fingerprint, lite.feature_space().fingerprint
    state = {**lite._checkpoint.state, "head.bias": lite._checkpoint.state["head.bias"] + 1}
    other = QualiclipLite()
    monkeypatch.setattr(other, "_checkpoint", replace(lite._checkpoint, state=state))
    assert other._checkpoint.fingerprint != before[0]
    assert other.feature_space().fingerprint == before[1]
