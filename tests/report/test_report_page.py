"""The report in a real browser: sorting, filters, keyboard, hostile names, widths and schemes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lacking
import numpy as np
import pytest
from browser import Open, chromium, opener
from reported import HOSTILE, HOSTILE_SET, RATED, fill, report

from bench.report.data import Report
from bench.report.page import render
from bench.runs.store import Store

pytestmark = pytest.mark.skipif(lacking.CHROMIUM.path is None, reason=lacking.CHROMIUM.reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report(fill(tmp_path_factory.mktemp("page")), HOSTILE[0])


@pytest.fixture(scope="module")
def file(made: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "report.html"
    path.write_text(render(made), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Any, file: Path) -> Iterator[Open]:
    with opener(browser, file) as opened:
        yield opened


def column(page: Any, index: int) -> list[str]:
    rows = page.locator(".leaderboard tbody tr:not([hidden])")
    return [row.locator("th,td").nth(index).get_attribute("data-value") for row in rows.all()]


def test_sorting_by_mouse_and_by_keyboard(page: Open, made: Report) -> None:
    one = page()
    button = one.get_by_role("button", name="SRCC of koniq", exact=True)
    place = 2 + 2 * [head.title for head in made.boards[0].heads].index("koniq")
    button.click()
    values = [float(value) for value in column(one, place)]
    assert values == sorted(values, reverse=True)
    assert len(values) == 3
    head = one.locator("th", has=button)
    assert head.get_attribute("aria-sort") == "descending"
    button.focus()
    one.keyboard.press("Enter")
    assert [float(value) for value in column(one, place)] == sorted(values)
    assert head.get_attribute("aria-sort") == "ascending"
    one.get_by_role("button", name="method", exact=True).click()
    assert column(one, 0) == ["brightness", "darkness", "refuses"]
    assert one.locator(".leaderboard [aria-sort]").count() == 1


def test_what_has_no_number_comes_last_either_way(page: Open, made: Report) -> None:
    one = page()
    place = 2 + 2 * [head.title for head in made.boards[0].heads].index("steps")
    one.evaluate(f"document.querySelector('.leaderboard tbody tr').cells[{place}].dataset.value = ''")
    button = one.get_by_role("button", name="SRCC of steps", exact=True)
    for _ in range(2):
        button.click()
        assert column(one, place)[-1] == ""


def test_filters_by_text_and_kind_of_dataset(page: Open) -> None:
    one = page()
    one.get_by_label("Method", exact=True).first.fill("DARK")
    assert column(one, 0) == ["darkness"]
    assert one.locator("#filtered").text_content() == "1 of 3 methods"
    one.get_by_label("Method", exact=True).first.fill("")
    assert one.locator("#filters select[name=family]").is_hidden(), "one family needs no filter"
    one.locator("#filters select[name=kind]").select_option("synthetic-order")
    shown = one.locator(".leaderboard thead th[scope=colgroup]:not([hidden])").all_text_contents()
    assert [text for text in shown if "average" not in text and "rank" not in text] == [
        "stepsn = 20; a synthetic order, no human opinion"
    ]


def test_a_picture_opens_by_enter_closes_by_escape_and_focus_returns(page: Open) -> None:
    one = page()
    one.locator("#images").scroll_into_view_if_needed()
    picture = one.locator("#worst .picture").first
    picture.wait_for()
    picture.focus()
    one.keyboard.press("Enter")
    dialog = one.locator("#large")
    assert dialog.evaluate("dialog => dialog.open && dialog.contains(document.activeElement)")
    assert one.locator("#large-picture").evaluate("image => image.complete && image.naturalWidth") > 0
    assert one.locator("#large-name").text_content() == picture.get_attribute("data-name")
    one.keyboard.press("Escape")
    assert not dialog.evaluate("dialog => dialog.open")
    assert picture.evaluate("button => button === document.activeElement")


def test_the_scatter_plot_tells_names_and_numbers_by_keyboard_and_pointer(page: Open, made: Report) -> None:
    one = page()
    one.locator("#images").scroll_into_view_if_needed()
    titles = one.locator("#chosen [name=dataset] option").all_text_contents()
    assert titles == [points.title for points, _ in made.points]
    index = next(i for i, title in enumerate(titles) if title.startswith("koniq"))
    one.locator("#chosen [name=dataset]").select_option(str(index))
    one.locator("#chosen [name=method]").select_option(label="darkness")
    points = made.points[index][0]
    scores = next(method for method in points.methods if method.label == "darkness").scores
    one.locator("#scatter").focus()
    readout = one.locator("#scatter-readout")
    for key, image in (("End", int(np.argmax(scores))), ("Home", int(np.argmin(scores)))):
        one.keyboard.press(key)
        said = readout.text_content()
        assert said.startswith(f"{points.names[image]}: score ")
        assert float(said.split("score ")[1].split(",")[0]) == pytest.approx(scores[image], rel=1e-6)
        assert float(said.split("label ")[1]) == pytest.approx(points.labels[image], rel=1e-6)
    plot = one.locator("#scatter")
    size = plot.bounding_box()
    found = set()
    for step in range(1, 20):
        # `hover` waits until the page stands still; the browser hands pointer moves over once a frame.
        plot.hover(position={"x": size["width"] * step / 20, "y": size["height"] * step / 20})
        one.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found.add(readout.text_content())
    assert len(found) > 3
    assert one.locator("#scatter").get_attribute("aria-label").startswith("MOS (higher is better) against")


def test_hostile_names_are_shown_and_do_nothing(page: Open, made: Report) -> None:
    one = page()
    assert one.title() == HOSTILE[0]
    assert HOSTILE_SET in one.locator(".leaderboard thead").inner_text()
    one.locator("#images").scroll_into_view_if_needed()
    index = next(i for i, (points, _) in enumerate(made.points) if HOSTILE_SET in points.title)
    one.locator("#chosen [name=dataset]").select_option(str(index))
    seen = set()
    for method in range(len(made.points[index][0].methods)):
        one.locator("#chosen [name=method]").select_option(str(method))
        one.locator("#scatter").focus()
        one.keyboard.press("Home")
        for _ in range(RATED):
            seen.add(one.locator("#scatter-readout").text_content().partition(": score")[0])
            one.keyboard.press("ArrowRight")
    assert set(HOSTILE) <= seen
    one.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert HOSTILE[0] in one.locator("#provenance").inner_text()
    assert one.locator("img:not(#large-picture):not(.picture img)").count() == 0
    assert one.locator("script:not([type])").count() == 1


def test_a_number_leads_to_what_stands_behind_it(page: Open, made: Report) -> None:
    one = page()
    link = one.locator(".leaderboard td a").first
    key = link.get_attribute("href").removeprefix("#cell-")
    link.focus()
    one.keyboard.press("Enter")
    one.locator(f"#cell-{key}").wait_for(state="visible")
    assert one.evaluate("document.activeElement.id") == f"cell-{key}"
    facts = next(each for each in made.provenance if each.key == key)
    text = one.locator(f"#cell-{key}").inner_text()
    assert all(value in text for _, value in facts.identity)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_does_not_scroll_sideways(page: Open, width: int) -> None:
    one = page(width)
    one.locator("#images").scroll_into_view_if_needed()
    one.locator("#worst .picture").first.wait_for()
    one.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert one.evaluate("document.documentElement.scrollWidth") <= width
    if width == 360:
        assert one.locator(".box").evaluate_all("boxes => boxes.some(box => box.scrollWidth > box.clientWidth)")


CONTRAST = """() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  let least = Infinity;
  for (const element of document.querySelectorAll("body *")) {
    const texts = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!texts || !element.checkVisibility() || element.closest("script, option")) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
}"""


def test_light_and_dark_differ_and_both_can_be_read(page: Open) -> None:
    backgrounds = []
    for scheme in ("light", "dark"):
        one = page(scheme=scheme)
        one.locator("#images").scroll_into_view_if_needed()
        one.locator("#worst .picture").first.wait_for()
        backgrounds.append(one.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert one.evaluate(CONTRAST) >= 4.5, "WCAG 2.2, 1.4.3: contrast of text at AA"
    assert backgrounds[0] != backgrounds[1]


def test_robustness_curves_are_drawn_for_each_type(page: Open, made: Report) -> None:
    one = page()
    drawn = one.locator("#robustness .panel")
    assert drawn.locator("figcaption").all_text_contents() == ["t0", "t1"]
    assert drawn.first.locator("polyline").count() == len(made.robustness[0].methods)
    box = drawn.first.locator("svg").bounding_box()
    for spot in drawn.first.locator(".marker").all():
        at = spot.bounding_box()
        assert box["x"] <= at["x"]
        assert at["x"] + at["width"] <= box["x"] + box["width"]
        assert box["y"] <= at["y"]
        assert at["y"] + at["height"] <= box["y"] + box["height"]


def test_forty_thousand_images_and_fifteen_methods_open_soon(browser: Any, tmp_path: Path, made: Report) -> None:
    import dataclasses

    n, methods = 7000, 15
    random = np.random.default_rng(0)
    points, _ = made.points[0]
    method = points.methods[0]
    large = dataclasses.replace(
        points,
        names=tuple(f"a_folder/of_photographs_{i:06}.jpg" for i in range(n)),
        labels=random.normal(size=n),
        methods=tuple(
            dataclasses.replace(method, label=f"m{i}", scores=random.normal(size=n), worst=()) for i in range(methods)
        ),
    )
    path = tmp_path / "large.html"
    several = dataclasses.replace(
        large,
        names=large.names * 3,
        labels=np.tile(large.labels, 3),
        methods=tuple(dataclasses.replace(each, scores=np.tile(each.scores, 3)) for each in large.methods[:2]),
    )
    shown = made.points[0][1]
    path.write_text(
        render(dataclasses.replace(made, points=(*((large, shown),) * 6, (several, shown)))), encoding="utf-8"
    )
    assert path.stat().st_size < 15e6
    one = browser.new_page()
    one.goto(path.as_uri())
    spent = one.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert 0 < spent < 10_000
    one.locator("#images").scroll_into_view_if_needed()
    one.locator("#chosen [name=method]").select_option("14")
    assert "n = " in one.locator("#scatter-about").text_content()
    # More than 15,000 images are counted in bins.
    one.locator("#chosen [name=dataset]").select_option("6")
    one.locator("#scatter").press("Home")
    assert re.match(r"\d+ images? \(mean\): score ", one.locator("#scatter-readout").text_content())
    one.close()


def test_a_store_without_labels_gives_a_page_too(browser: Any, tmp_path: Path) -> None:
    from conftest import make_photo
    from fakes import Brightness
    from stored import run

    make_photo(tmp_path / "bare" / "a.png", 0)
    store = Store(tmp_path / "results")
    run(store, tmp_path / "bare", Brightness)
    (tmp_path / "r.html").write_text(render(report(store)), encoding="utf-8")
    one = browser.new_page()
    errors: list[str] = []
    one.on("pageerror", lambda error: errors.append(str(error)))
    one.goto((tmp_path / "r.html").as_uri())
    assert "the dataset has no labels" in one.locator(".leaderboard").inner_text()
    assert one.locator("#images").count() == 0
    assert not errors
    one.close()


def test_the_first_screen_ranks_by_any_place(page: Open, made: Report) -> None:
    one = page()
    place = [each.title for each in made.ranking.places].index("koniq")
    one.get_by_role("button", name="Rank by SRCC of koniq").click()
    rows = one.locator(".ranking tbody:not(.theirs) tr").all()
    cells = [row.locator(f"[data-place='{place}']") for row in rows]
    values = [float(cell.get_attribute("data-value")) for cell in cells]
    assert values == sorted(values, reverse=True)
    ranks = [cell.get_attribute("data-rank") or "–" for cell in cells]
    assert [row.locator(".rank b").text_content() for row in rows] == ranks
    assert "–" in ranks, "who was trained on it has no rank"


def test_a_telephone_shows_one_place_at_a_time_and_the_names_stay(page: Open, made: Report) -> None:
    one = page(390)
    heads = one.locator(".ranking thead th[data-place]:visible")
    assert heads.count() == 1
    last = len(made.ranking.places) - 1
    one.get_by_label("Show").select_option(str(last))
    assert heads.count() == 1
    assert made.ranking.places[last].title in heads.inner_text()
    assert one.locator(".ranking .name").first.evaluate("name => getComputedStyle(name).position") == "sticky"
