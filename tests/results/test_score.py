"""What can be scored: every kind of image gives one number, and what is none is told so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakes
import fsspec
import numpy as np
import pytest
import torch
from conftest import Ran, make_photo
from PIL import Image

import bench as api
from bench.errors import BenchError, UsageError

Bench = Callable[..., Ran]
RED = np.zeros((4, 6, 3), dtype=np.uint8) + np.array([255, 0, 0], dtype=np.uint8)


def mean(image: Any) -> float:
    """Return the mean pixel of an image by a method that only tests use."""
    (value,) = api.score(image, fakes.Brightness)["score"]
    return float(value)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return make_photo(tmp_path / "photo.png", 1, (220, 200))


def kinds(photo: Path) -> dict[str, Any]:
    opened = Image.open(photo)
    array = np.asarray(opened)
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1) / 255
    return {
        "path": photo,
        "text": str(photo),
        "PIL": opened,
        "array": array,
        "tensor": tensor,
        "double": tensor.double(),
    }


def test_every_kind_of_image_gives_the_number_of_the_command_line(photo: Path, bench: Bench) -> None:
    told = json.loads(bench("score", photo, "--method", "niqe", "--format", "json").out)[0]["score"]
    metric = api.load("niqe")
    for kind, image in kinds(photo).items():
        assert api.score(image, "niqe")["score"].tolist() == [told], kind
        assert metric(image) == told, kind


def test_an_image_at_a_url(photo: Path) -> None:
    fsspec.filesystem("memory").pipe("/album/a photo.png", photo.read_bytes())
    url = "memory://album/a photo.png"
    assert mean(url) == api.load(fakes.Brightness)(url) == mean(photo)
    assert api.score([url, photo], fakes.Brightness)["image"].tolist() == [url, str(photo)]
    with pytest.raises(BenchError, match="no such file"):
        api.score("memory://album/other.png", fakes.Brightness, strict=True)


def test_rows_are_in_the_order_given_and_named_by_place(photo: Path) -> None:
    batch = torch.stack([torch.zeros(3, 4, 6), torch.ones(3, 4, 6)])
    frame = api.score([RED, photo, batch], [fakes.Brightness, fakes.Darkness])
    assert list(frame) == ["image", "method", "score", "error", "better"]
    assert frame["image"].tolist()[::2] == ["[0]", str(photo), "[2][0]", "[2][1]"]
    assert frame["method"].tolist()[:2] == ["brightness", "darkness"]
    assert frame["score"].tolist()[::2] == [85.0, mean(photo), 0.0, 255.0]
    assert frame["error"].isna().all()
    assert api.score(batch, fakes.Brightness)["image"].tolist() == ["[0]", "[1]"]
    assert api.score(RED, fakes.Brightness)["image"].tolist() == ["image"]


def test_a_folder_and_a_dataset_are_scored_as_the_command_line_does(photos: Path, bench: Bench) -> None:
    told = json.loads(bench("score", photos, "--method", "bytes-per-pixel", "--format", "json").out)
    for images in (photos, api.load_dataset(photos)):
        frame = api.score(images, "bytes-per-pixel")
        assert [tuple(row) for row in frame.itertuples(index=False)] == [tuple(row.values()) for row in told]


@pytest.mark.parametrize(
    ("image", "value"),
    [
        (np.full((4, 6), 7, dtype=np.uint8), 7),
        (np.asfortranarray(RED), 85),
        (Image.fromarray(RED).convert("CMYK"), 85),
        (Image.new("L", (6, 4), 9), 9),
        (Image.new("1", (6, 4), 1), 255),
        (Image.new("RGBA", (6, 4), (0, 0, 0, 0)), 255),  # over white, as a viewer shows it
        (Image.new("I;16", (6, 4), 0x1234), 0x12),
        (Image.new("P", (6, 4), 0), 0),
        (torch.full((3, 4, 6), 0.5, dtype=torch.float16), 128),
        (torch.full((3, 4, 6), 0.2, requires_grad=True), 51),
        (torch.ones(6, 4, 3).permute(2, 1, 0), 255),
    ],
)
def test_pixels_follow_the_decode_policy(image: Any, value: float) -> None:
    assert mean(image) == value


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ([], "images got nothing to score"),
        (3, "images got int: give a path"),
        ([RED, None], r"images got NoneType"),
        (RED / 255, r"images got an array of float64 and shape \(4, 6, 3\): an array of pixels is uint8"),
        (RED.astype(np.uint16), "an array of pixels is uint8"),
        (np.zeros((4, 6, 4), dtype=np.uint8), r"has the shape \(H, W, 3\) or \(H, W\); give PIL.Image.fromarray"),
        (np.zeros((2, 4, 6, 3), dtype=np.uint8), "give list"),
        (np.zeros((0, 6, 3), dtype=np.uint8), "it has no pixels"),
        (torch.zeros(3, 4, 6, dtype=torch.uint8), "a tensor of pixels is of floats"),
        (
            torch.zeros(4, 6, 3),
            r"images got a tensor of float32 and shape \(4, 6, 3\): a tensor of pixels has the shape",
        ),
        (torch.zeros(0, 3, 4, 6), "it has no pixels"),
        (torch.full((3, 4, 6), float("nan")), "NaN or infinite"),
        (torch.full((3, 4, 6), 1.5), r"its values go from 1.5 to 1.5 and must lie in \[0, 1\]"),
        (torch.full((3, 4, 6), -0.1), "must lie in"),
        (Image.new("F", (6, 4)), "images got a PIL image of mode F: floating-point samples"),
        ([RED, Image.new("I", (6, 4))], r"images\[1\] got a PIL image of mode I"),
        ("no/such.png", "images got 'no/such.png', which is neither a known id nor a path"),
    ],
)
def test_what_is_no_image_is_told_in_a_sentence(image: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        api.score(image, fakes.Brightness)


def test_the_caller_may_change_the_array_afterwards() -> None:
    array = np.zeros((4, 6, 3), dtype=np.uint8)
    held: list[Any] = []

    def keep(images: list[Any]) -> list[float]:
        held.extend(images)
        return [0.0] * len(images)

    api.score(array, keep, higher_is_better=True, batch=True)
    held[0][:] = 9
    assert not array.any()


def test_images_that_fail_have_a_reason_and_strict_raises(photos: Path) -> None:
    frame = api.score(photos, fakes.Picky)
    (failed,) = frame[frame["error"].notna()].to_dict("records")
    assert (failed["image"], failed["error"]) == ("images/3.png", "I do not like it")
    assert np.isnan(failed["score"])
    with pytest.raises(BenchError, match="strict: 1 of 8 scores are missing; the first: I do not like it"):
        api.score(photos, fakes.Picky, strict=True)


def test_what_measures_the_file_says_that_an_array_has_none() -> None:
    (error,) = api.score(RED, "bytes-per-pixel")["error"]
    assert error == "the image comes from memory and has no file whose size could be measured"


def test_the_callers_random_state_and_switches_stay(photo: Path) -> None:
    torch.use_deterministic_algorithms(False)
    torch.manual_seed(1)
    np.random.seed(1)
    expected = (torch.rand(1).item(), np.random.rand())
    threads = torch.get_num_threads()
    torch.manual_seed(1)
    np.random.seed(1)
    metric = api.load(fakes.Random)
    assert metric(photo) == metric(photo)
    api.score(photo, fakes.Random)
    assert (torch.rand(1).item(), np.random.rand()) == expected
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
