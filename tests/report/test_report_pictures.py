"""The photographs in a report."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran
from PIL import Image
from reported import HOSTILE_SET, RATED, embedded, fill, report

from bench.api import Photo
from bench.report import pictures, points
from bench.report.data import PairedImage, PicturePair
from bench.report.page import render
from bench.runs.store import Store

Bench = Callable[..., Ran]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fill(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(store: Store) -> str:
    return render(report(store))


def test_pictures_are_small_and_in_the_page_where_the_images_are_here(page: str) -> None:
    rated = [one for one in embedded(page) if len(one["names"]) == RATED]
    for one in rated:
        worst = {one["names"][each["index"]] for method in one["methods"] for each in method["worst"]}
        assert set(one["pictures"]) == worst
        assert all(picture["uri"].startswith("data:image/jpeg;base64,") for picture in one["pictures"].values())


def test_pictures_stop_at_the_budget_and_say_so_the_worst_of_each_method_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.report.data.BUDGET", 30_000)
    for found, shown in report(store).points:
        names = points.worst_names(found)
        assert set(names) == set(shown.of) | set(shown.reasons)
        assert list(shown.of) == names[: len(shown.of)]
        assert sum(len(picture.uri) for picture in list(shown.of.values())[:-1]) < 10_000
        assert all("used up" in why for why in shown.reasons.values())
        gaps = [[abs(each.method - each.people) for each in method.worst] for method in found.methods]
        if names:
            assert shown.reasons
            first = found.methods[0].worst[int(np.argmax(gaps[0]))]
            assert names[0] == found.names[first.index]


def test_a_picture_keeps_its_proportions_and_names_the_true_size() -> None:
    wide = pictures.shrink(Photo("a", np.full((100, 1000, 3), 128, np.uint8), 1, 1))
    assert (wide.width, wide.height) == (1000, 100)
    image = Image.open(io.BytesIO(base64.b64decode(wide.uri.partition(",")[2])))
    assert image.size == (pictures.LONG_SIDE, pictures.LONG_SIDE // 10)
    small = pictures.shrink(Photo("a", np.full((10, 20, 3), 128, np.uint8), 1, 1))
    assert Image.open(io.BytesIO(base64.b64decode(small.uri.partition(",")[2]))).size == (20, 10)


def test_a_store_does_not_choose_which_files_a_report_shows(tmp_path: Path) -> None:
    store = fill(tmp_path)
    scores = tmp_path / "koniq" / "scores.csv"
    scores.write_text(scores.read_text().replace("00.png,", "00.png,1"))
    by_set = {found.title.partition(",")[0]: shown for found, shown in report(store).points}
    assert not by_set["koniq"].of
    assert all("other names or labels" in why for why in by_set["koniq"].reasons.values())
    assert by_set[HOSTILE_SET].of


def test_pairs_are_shown_where_somebody_gives_them(store: Store, page: str) -> None:
    assert 'id="pairs"' not in page
    worse = PairedImage("<i>a</i>.png", "niqe 3.1", None)
    better = PairedImage("b.png", "niqe 3.0", pictures.EmbeddedPicture("data:image/jpeg;base64,AAAA", 3, 2))
    given = render(report(store, pairs=[PicturePair("niqe defends", worse, better)]))
    assert "niqe defends" in given
    assert "&lt;i&gt;a&lt;/i&gt;.png" in given
    assert 'src="data:image/jpeg;base64,AAAA"' in given


def test_moved_photographs_are_found_and_what_is_missing_is_said(tmp_path: Path, bench: Bench) -> None:
    store = fill(tmp_path)
    moved = tmp_path / "elsewhere"
    (tmp_path / "koniq").rename(moved)
    chosen = ("--results", store.root, "--dataset", "koniq", "--draws", 0)
    without = bench("report", "--output", "r.html", *chosen)
    assert re.search(r"koniq: (\d+) of \1 pictures are missing \(the folder that was scored is gone", without.err)
    assert "--images DIR" in without.err
    found = bench("report", "--output", "r.html", "--images", moved, *chosen)
    assert "missing" not in found.err
    (one,) = embedded(Path("r.html").read_text(encoding="utf-8"))
    assert one["pictures"]
    for path in list(moved.glob("1*.png")):
        path.unlink()
    few = bench("report", "--output", "r.html", "--images", moved, *chosen)
    assert "has 30 of them" in few.err, "a folder of other photographs is not taken for the dataset's"
