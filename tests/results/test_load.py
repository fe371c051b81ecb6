"""A loaded method: what it says of itself, one image and many, and several threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fakes
import numpy as np
import pytest
import torch
from conftest import make_photo

import bench as api
from bench.errors import ImageError, UsageError


class Alone(fakes.Brightness):
    """Fails where two threads are in it at once."""

    info = fakes.info("alone")
    inside = threading.Lock()

    def score(self, photos):  # type: ignore[no-untyped-def]
        assert self.inside.acquire(blocking=False), "two threads at once"
        try:
            return super().score(photos)
        finally:
            self.inside.release()


def grey(value: int) -> np.ndarray:
    return np.full((4, 6, 3), value, dtype=np.uint8)


def test_it_says_direction_range_and_name() -> None:
    metric = api.load("niqe")
    assert (metric.name, metric.higher_is_better, metric.score_range[0]) == ("niqe", False, 0.0)
    assert metric.info.name == "niqe"
    assert repr(metric) == "<bench metric niqe: lower is better, range (0.0, inf)>"


def test_one_image_is_a_float_and_many_are_a_list(photos: Path) -> None:
    metric = api.load(fakes.Brightness)
    assert metric(grey(7)) == 7.0
    assert metric([grey(7)]) == [7.0]
    assert metric([grey(9), grey(7), grey(9)]) == [9.0, 7.0, 9.0]
    assert metric(torch.zeros(1, 3, 4, 6)) == [0.0]
    first = photos / "images" / "0.png"
    assert metric(photos)[0] == metric(first) == metric(str(first)) == metric([first])[0]


def test_images_of_different_sizes_come_back_in_order(tmp_path: Path) -> None:
    paths = [make_photo(tmp_path / f"{i}.png", i, (40 + 8 * (i % 2), 40)) for i in range(5)]
    metric = api.load(fakes.SameSize, batch_size=2)
    assert metric(paths) == [metric(path) for path in paths]


def test_options_are_given_by_name() -> None:
    metric = api.load(fakes.Picky, gain=2.0, invert=True)
    assert metric.name == "picky[gain=2.0,invert=True]"
    assert metric(grey(7)) == 14.0
    with pytest.raises(UsageError, match=r"options picky\.gain got 'much': use a value of type float"):
        api.load(fakes.Picky, gain="much")


def test_an_image_that_cannot_be_scored_is_an_error_with_its_name(tmp_path: Path) -> None:
    metric = api.load(fakes.Picky, fail="1")
    with pytest.raises(ImageError, match=r"^\[1\]: I do not like it"):
        metric([grey(1), grey(2)])
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(ImageError, match=r"empty.png: the file is empty"):
        metric(tmp_path / "empty.png")
    with pytest.raises(UsageError, match="image got an array of float64"):
        metric(grey(1) / 2)


def test_several_threads_may_call_it() -> None:
    metric = api.load(Alone)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda value: metric(grey(value)), range(64))) == [float(value) for value in range(64)]


def test_one_method_is_loaded_at_a_time() -> None:
    with pytest.raises(UsageError, match=r"method got .*: give a text"):
        api.load(["niqe", "piqe"])  # type: ignore[arg-type]
