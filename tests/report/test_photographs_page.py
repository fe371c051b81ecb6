"""The page of ``bench score --html`` in a real browser: walls, threshold, export, disagreement, hostile names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fakes
import lacking
import numpy as np
import pytest
from browser import Open, chromium, opener
from conftest import make_photo
from reported import HOSTILE, HOSTILE_SET, METHODS
from stored import run

import bench as api
from bench.runs.store import Store

pytestmark = pytest.mark.skipif(lacking.CHROMIUM.path is None, reason=lacking.CHROMIUM.reason)
NAMES = [*(name.replace("/", "_") for name in HOSTILE), "=1+1.png", *(f"{i}.png" for i in range(25))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    for seed, name in enumerate(NAMES):
        make_photo(folder / "album" / name, seed, (80, 60))
    rated = folder / HOSTILE_SET
    for seed in range(8):
        make_photo(rated / f"{seed}.png", seed + 50)
    (rated / "scores.csv").write_text("image,score\n" + "".join(f"{i}.png,{i}\n" for i in range(8)))
    run(Store(folder / "results"), rated, fakes.Brightness)
    api.score(folder / "album", list(METHODS), html=folder / "page.html", results=folder / "results")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Any, folder: Path) -> Iterator[Open]:
    with opener(browser, folder / "page.html") as opened:
        yield opened


def brightness(folder: Path) -> Any:
    frame = api.score(folder / "album", fakes.Brightness)
    return frame.set_index("image")["score"].sort_values(kind="stable")


def test_the_walls_have_the_worst_and_the_best_of_the_method_that_is_chosen(page: Open, folder: Path) -> None:
    one, scores = page(), brightness(folder)
    names = one.locator("#worst .name").all_text_contents()
    assert names == list(scores.index[:24])
    assert one.locator("#best .name").first.text_content() == scores.index[-1]
    one.locator("#chosen select").select_option(label="darkness")
    assert one.locator("#worst .name").first.text_content() == scores.index[-1]


def test_a_picture_is_enlarged_arrow_keys_show_its_neighbours_and_escape_closes(page: Open) -> None:
    one = page()
    names = one.locator("#worst .name").all_text_contents()
    first = one.locator("#worst .picture").first
    first.focus()
    one.keyboard.press("Enter")
    shown = []
    for key in ("ArrowLeft", "ArrowRight", "ArrowRight", "ArrowLeft"):
        one.keyboard.press(key)
        shown.append(one.locator("#large-name").text_content())
    assert shown == [names[0], names[1], names[2], names[1]]
    assert "true size 80 x 60 pixels" in str(one.locator("#large-about").text_content())
    one.keyboard.press("Escape")
    assert not one.locator("#large").evaluate("dialog => dialog.open")


def test_the_threshold_says_how_many_go_and_exports_exactly_them(page: Open, folder: Path) -> None:
    one, scores = page(), brightness(folder)
    begun = int(float(scores.iloc[3]) * 10 + 0.5) / 10  # a tenth, at a threshold of four digits
    assert str(one.locator("#going").text_content()).startswith(f"{sum(scores < begun)} of 30 photographs (1")
    limit = round(float(scores.iloc[12]) - 1e-3, 3)
    one.get_by_label("As a score").fill(str(limit))
    assert str(one.locator("#going").text_content()).startswith("12 of 30 photographs (40 %)")
    found = {}
    for kind in ("going", "staying"):
        with one.expect_download() as download:
            one.locator(f"#export-{kind}").click()
        assert download.value.suggested_filename == f"{kind}.csv"
        found[kind] = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    both = [row["image"].removeprefix("'") if row["image"] == "'=1+1.png" else row["image"] for row in found["going"]]
    assert both == list(scores.index[:12])
    assert len(found["staying"]) == 18
    assert [float(row["score"]) for row in found["going"]] == pytest.approx(list(scores[:12]))
    one.locator("#threshold").focus()
    one.keyboard.press("Home")
    assert str(one.locator("#going").text_content()).startswith(("0 of 30", "1 of 30"))


def test_a_score_is_placed_among_those_of_rated_photographs(page: Open, folder: Path) -> None:
    one, scores = page(), brightness(folder)
    (entry,) = api.load_results(folder / "results").entries
    rated = np.sort(entry.scores()["score"].to_numpy())
    assert one.locator("#rated-rows th").text_content() == HOSTILE_SET
    said = one.locator("#worst .small").nth(20).text_content()
    expected = 100 * np.interp(scores.iloc[20], rated, np.linspace(0, 1, 8))
    assert f"better than {expected:.1f} %" in said or f"better than {expected:.0f} %" in said
    one.locator("#chosen select").select_option(label="darkness")
    assert not one.locator("#rated").is_visible()


def test_disagreement_and_failures_are_shown(page: Open) -> None:
    one = page()
    assert "SRCC -1.000 between the two" in str(one.locator("#pair-about").text_content())
    one.locator("#chosen-pair select").select_option(label="brightness and refuses")
    assert one.locator("#disagreement .name").count() > 2
    assert one.locator("#failed tr").count() == 1
    assert "<b>no</b>" in str(one.locator("#failed td").nth(1).text_content())


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_widths_and_schemes(page: Open, width: int, scheme: str) -> None:
    one = page(width, scheme)
    assert one.evaluate("document.documentElement.scrollWidth") <= width
    assert one.locator("#histogram rect").count() > 3


def test_a_name_that_is_no_page_is_refused(folder: Path) -> None:
    with pytest.raises(api.BenchError, match="its name must end in"):
        api.score(folder / "album", fakes.Brightness, html="page.txt")
