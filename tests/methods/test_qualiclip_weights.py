from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import open_clip
import pytest
import torch
from conftest import Ran

from bench.api import Download
from bench.errors import MissingRequirementError
from bench.methods.qualiclip import ClipIqa, Qualiclip, weights
from bench.methods.qualiclip.metrics import ClipIqaOptions

pytestmark = pytest.mark.usefixtures("empty_caches")


@pytest.mark.parametrize(
    ("method", "name", "url", "size"),
    [
        (Qualiclip, "qualiclip", "https://github.com/miccunifi/QualiCLIP/", "(size not known), licence CC-BY-NC-4.0"),
        (ClipIqa, "clip-rn50", "https://openaipublic.azureedge.net/clip/models", "(256 MB), licence MIT"),
    ],
)
def test_missing_weights_are_one_sentence_with_all_that_helps(
    method: type[Qualiclip] | type[ClipIqa], name: str, url: str, size: str, empty_caches: Path
) -> None:
    name_and_more = f"^{method.info.name} needs .*The file is missing: run"
    with pytest.raises(MissingRequirementError, match=name_and_more) as caught:
        method()
    message = str(caught.value)
    (download,) = method.downloads()
    assert download.name == name
    assert download.path.is_relative_to(empty_caches)
    for part in (
        f"`bench fetch weights {name}`",
        url,
        str(download.path),
        "qualiclip-lite",
        f"{method.info.name}.weights=FILE",
    ):
        assert part in message
    assert size in message
    assert "\n" not in message
    assert f"bench fetch weights {name}" in method.missing()


def test_a_path_that_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingRequirementError, match=r"clipiqa, option weights: .*none\.pt is not a file"):
        ClipIqa(ClipIqaOptions(weights=str(tmp_path / "none.pt")))


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (weights.CLIP_RN50, ".cache/clip/RN50.pt"),
        (weights.CLIP_RN50, "torch/hub/clip/RN50.pt"),
        (weights.CLIP_RN50, "hf/hub/models--timm--resnet50_clip.openai/snapshots/1/open_clip_model.safetensors"),
        (weights.QUALICLIP, "torch/hub/checkpoints/qualiclip.pth"),
        (weights.QUALICLIP, "torch/hub/pyiqa/QualiCLIP.pth"),
    ],
)
def test_weights_are_found_where_other_packages_keep_them(
    source: weights.WeightSource, place: str, empty_caches: Path
) -> None:
    path = empty_caches / place
    path.parent.mkdir(parents=True)
    path.touch()
    assert source.path() == path
    assert weights.locate_weights(source, "qualiclip", "") == path
    assert weights.missing(source) == ""


def test_address_and_hash_are_those_that_open_clip_knows() -> None:
    from open_clip.pretrained import get_pretrained_url

    assert weights.CLIP_RN50.download().url == get_pretrained_url("RN50", "openai")
    assert f"/{weights.CLIP_RN50.sha256}/" in weights.CLIP_RN50.download().url


@pytest.mark.slow
def test_a_run_fetches_what_is_published_and_goes_on(
    bench: Callable[..., Ran], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(download: Download) -> None:
        torch.manual_seed(0)
        state = open_clip.create_model("RN50", pretrained=None, force_quick_gelu=True).state_dict()
        prompts = torch.nn.functional.normalize(torch.randn(14, 1024), dim=-1)
        download.path.parent.mkdir(parents=True)
        torch.save(
            {**{f"clip_model.{name}": v for name, v in state.items()}, "prompts_features": prompts}, download.path
        )

    monkeypatch.setattr("bench.plugins.weights.fetch", fetched)
    done = bench("score", photos / "images" / "0.png", "--method", "qualiclip", "--format", "json")
    assert done.code == 0, done.err
    assert json.loads(done.out)[0]["score"] > 0
    assert "licence CC-BY-NC-4.0" in done.err


def test_weights_that_cannot_be_fetched_are_one_line_with_the_reason(
    bench: Callable[..., Ran], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(download: Download) -> None:
        raise MissingRequirementError("the network is down")

    monkeypatch.setattr("bench.plugins.weights.fetch", failing)
    done = bench("run", "--method", "qualiclip", "--dataset", photos)
    assert done.code == 2
    (line,) = [line for line in done.err.splitlines() if line.startswith("bench: error")]
    assert line.endswith("Fetching it now failed: the network is down")
    assert "--option qualiclip.weights=FILE" in line
