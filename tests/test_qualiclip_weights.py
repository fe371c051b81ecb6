from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import MissingRequirementError
from methods.qualiclip import ClipIqa, Qualiclip, weights
from methods.qualiclip.metrics import ClipIqaOptions

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
    name_and_more = f"^{method.info.name} needs .*The file is not here: run"
    with pytest.raises(MissingRequirementError, match=name_and_more) as caught:
        method()
    message = str(caught.value)
    (download,) = method.downloads()
    assert download.name == name
    assert download.path.is_relative_to(empty_caches)
    for part in (f"`bench fetch weights {name}`", url, str(download.path), "niqe", f"{method.info.name}.weights=FILE"):
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
    source: weights.Source, place: str, empty_caches: Path
) -> None:
    path = empty_caches / place
    path.parent.mkdir(parents=True)
    path.touch()
    assert source.path() == path
    assert weights.locate(source, "qualiclip", "") == path
    assert weights.missing(source) == ""


def test_address_and_hash_are_those_that_open_clip_knows() -> None:
    from open_clip.pretrained import get_pretrained_url

    assert weights.CLIP_RN50.download().url == get_pretrained_url("RN50", "openai")
    assert f"/{weights.CLIP_RN50.sha256}/" in weights.CLIP_RN50.download().url
