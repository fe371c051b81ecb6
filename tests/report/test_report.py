"""`bench report`: what stands in the page is what the store and the tables say."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import tomllib
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran
from reported import HOSTILE, HOSTILE_SET, RATED, embedded, fill, report, tables, write_set
from scipy.stats import spearmanr
from stored import fixed, run

import bench as bench_package
from bench.datasets.readers.local import read_local
from bench.report import points, robustness
from bench.report.data import Report
from bench.report.disagreements import EACH_WAY, disagree
from bench.report.links import dataset_links, method_links
from bench.report.page import render
from bench.robustness.degraded import UNDISTORTED
from bench.runs.store import Store
from bench.tables.marks import find_marks
from bench.views.paper_records import records
from bench.views.published.numbers import read_published
from bench.views.words import number

Bench = Callable[..., Ran]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fill(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def made(store: Store) -> Report:
    return report(store)


@pytest.fixture(scope="module")
def page(made: Report) -> str:
    return render(made)


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_the_leaderboard_has_the_numbers_of_bench_table(store: Store, made: Report) -> None:
    expected = {record["key"]: record for table in tables(store) for record in records(table, find_marks(table, []))}
    numbers = [number for line in made.boards[0].lines for number in line.numbers if number.key]
    assert {number.key for number in numbers} == set(expected)
    for srcc, plcc in zip(numbers[::2], numbers[1::2], strict=True):
        record = expected[srcc.key]
        assert (srcc.value, plcc.value) == (record["srcc"], record["plcc_log4"])
        low, high = record["srcc_low"], record["srcc_high"]
        rank = "" if record["rank_low"] is None else f" rank {record['rank_low']}-{record['rank_high']}"
        assert srcc.shown.interval == ("" if low is None else f" [{number(low)}, {number(high)}]") + rank
        assert srcc.shown.standing == record["mark"]
        assert (plcc.shown.interval, plcc.shown.standing) == ("", ""), "no test is made of PLCC"
        if plcc.value is None:
            assert plcc.shown.notes == (record["reasons"]["plcc_log4"],)


def test_leaks_and_failures_are_marked_in_letters_and_the_page_says_why(made: Report, page: str) -> None:
    line = next(line for line in made.boards[0].lines if line.label == "refuses")
    place = [head.title for head in made.boards[0].heads].index("koniq")
    assert ("T", "trained on this dataset") in line.numbers[2 * place].marks
    hostile = [head.title for head in made.boards[0].heads].index(HOSTILE_SET)
    assert ("F", f"scored {RATED - 1}, failed 1") in line.numbers[2 * hostile].marks
    for mark in "TSMUFn":
        assert f"<dt>{mark}</dt>" in page


def test_every_score_of_every_image_is_in_the_page(store: Store, page: str) -> None:
    frames = {entry.key: entry.scores().set_index("image") for entry in store.entries()[0]}
    labels = {entry.key: entry.method.label for entry in store.entries()[0]}
    assert sum(len(one["names"]) for one in embedded(page)) == 2 * RATED + 20
    for key, method in labels.items():
        one = next(one for one in embedded(page) if set(one["names"]) == set(frames[key].index))
        found = next(each for each in one["methods"] if each["label"] == method)
        frame = frames[key].reindex(one["names"])
        np.testing.assert_array_equal(unpacked(found["scores"]), frame["score"].to_numpy(np.float32))
        np.testing.assert_array_equal(unpacked(one["labels"]), frame["mos"].to_numpy(np.float32))


def test_a_curve_is_the_mapping_behind_plcc(store: Store) -> None:
    (table, *_) = tables(store, draws=0)
    column = next(column for column in table.columns if column.dataset == "koniq")
    found = points.collect_points(table, column)
    assert found is not None
    for row, method in zip(table.rows, found.methods, strict=True):
        mapping = table.cells[row, column].correlations.mapping
        if mapping is None:
            assert method.no_curve
            continue
        x, y = np.array(method.curve).T
        np.testing.assert_allclose(y, mapping.predict(x))
        assert (x[0], x[-1]) == (method.scores.min(), method.scores.max())


def test_disagreements_are_the_largest_differences_of_rank_each_way() -> None:
    random = np.random.default_rng(5)
    scores, labels = random.normal(size=50), random.normal(size=50)
    scores[7] = np.nan
    found = disagree(scores, labels, higher_score=False, higher_label=True)
    kept = [i for i in range(50) if i != 7]

    def below(values: np.ndarray, i: int) -> float:
        return 100 * (sum(values[j] < values[i] for j in kept) + 0.5) / len(kept)

    gaps = {i: below(-scores, i) - below(labels, i) for i in kept}
    expected = sorted(kept, key=lambda i: -gaps[i])
    assert [each.index for each in found] == expected[:EACH_WAY] + expected[::-1][:EACH_WAY]
    for each in found:
        assert each.method == pytest.approx(below(-scores, each.index))
        assert each.people == pytest.approx(below(labels, each.index))


def test_who_agrees_wholly_disagrees_nowhere() -> None:
    rising = np.arange(10.0)
    assert disagree(rising, rising, True, True) == ()


def test_robustness_is_the_mean_oriented_score_of_each_type_and_level(store: Store) -> None:
    (table, *_) = tables(store, draws=0)
    column = next(column for column in table.columns if column.dataset == "steps")
    found = robustness.collect(table, column)
    assert found is not None
    assert [panel.title for panel in found.panels] == ["t0", "t1"]
    for row in table.rows:
        cell = table.cells[row, column]
        frame = cell.entry.scores()
        sign = 1 if cell.method.higher_is_better else -1
        scores = [sign * float(score) for score in frame["score"]]
        lowest = [score for score, at in zip(scores, frame["level"], strict=True) if float(at) == 1]
        zero, mean = sum(lowest) / len(lowest), sum(scores) / len(scores)
        deviation = (sum((score - mean) ** 2 for score in scores) / len(scores)) ** 0.5
        for panel in found.panels:
            curve = next(curve for curve in panel.curves if curve.label == table.labels[row])
            for level, value in curve.means.items():
                rows = zip(scores, frame["type"], frame["level"], strict=True)
                of = [score for score, kind, at in rows if kind == panel.title and float(at) == level]
                assert value == pytest.approx((sum(of) / len(of) - zero) / deviation)
    assert robustness.collect(table, next(c for c in table.columns if c.dataset == "koniq")) is None


def test_curves_of_degraded_photographs_begin_at_the_photographs_themselves(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    places = [(0, UNDISTORTED, 0), *((0, "haze", level) for level in range(1, 4)), (0, "jpeg", 1)]
    photos = write_set(
        tmp_path / "made",
        [f"{i}.png" for i in range(len(places))],
        reference=[reference for reference, _, _ in places],
        type=[kind for _, kind, _ in places],
        level=[level for _, _, level in places],
        score=[level for _, _, level in places],
    )
    order = dataclasses.replace(read_local(photos), kind="synthetic-order", direction="lower")
    run(store, order, fixed("falls", [10.0, 8, 6, 4, 9]))
    (table,) = tables(store, draws=0)
    found = robustness.collect(table, table.columns[0])
    assert found is not None
    deviation = float(np.std([10.0, 8, 6, 4, 9]))
    expected = {"haze": {0: 0, 1: -2, 2: -4, 3: -6}, "jpeg": {0: 0, 1: -1}}
    assert {panel.title: panel.curves[0].means for panel in found.panels} == {
        kind: pytest.approx({level: fall / deviation for level, fall in of.items()}) for kind, of in expected.items()
    }


def test_a_synthetic_order_is_never_called_opinion(page: str) -> None:
    (order,) = [one for one in embedded(page) if len(one["names"]) == 20]
    assert "no human opinion" in order["labelName"]
    assert "n = 20; a synthetic order, no human opinion" in page
    assert "MOS" not in order["labelName"]
    assert all(not method["worst"] and "synthetic order" in method["noWorst"] for method in order["methods"])


def test_provenance_has_identity_sessions_and_failures(store: Store, made: Report, page: str) -> None:
    for entry in store.entries()[0]:
        (one,) = [each for each in made.provenance if each.key == entry.key]
        facts = dict(one.identity)
        identity = entry.meta["identity"]
        assert facts["method version"] == identity["method"]["version"]
        assert facts["dataset labels"] == identity["dataset"]["labels"]
        assert facts["dataset images"] == identity["dataset"]["images"]
        assert facts["protocol split"] == "all"
        session = dict(one.sessions[0])
        assert session["device"] == "cpu"
        assert "numpy" in session["versions"]
        frame = entry.scores()
        usable = frame[frame["score"].notna()]
        if entry.dataset.id == "koniq":
            sign = 1 if entry.method.higher_is_better else -1
            expected = sign * spearmanr(usable["score"], usable["mos"])[0]
            assert dict(one.numbers)["SRCC"].startswith(f"{expected:.6f}")
        assert one.failures == tuple(
            (row.image, row.error) for row in frame[frame["error"].notna()].itertuples(index=False)
        )
        assert f'id="cell-{entry.key}"' in page
    assert str(store.root.parent) not in page, "paths of this machine identify no score"


def test_names_of_others_stay_text(page: str) -> None:
    ours = re.sub(r"<script.*?</script>|<style>.*?</style>", "", page, flags=re.S)
    assert "<script>alert" not in ours
    assert "<img src=x" not in page
    assert "onload=alert(3)>" not in page
    assert "<b>no</b>" not in page
    assert HOSTILE[0] in unescape(ours)
    names = [name for one in embedded(page) for name in one["names"]]
    assert set(HOSTILE) <= set(names)
    assert page.count("</script>") == len(embedded(page)) + 1


def test_what_would_end_a_script_is_escaped_in_it(made: Report) -> None:
    points, shown = made.points[0]
    names = ("\u2028</script><script>alert(1)//", *points.names[1:])
    page = render(dataclasses.replace(made, points=((dataclasses.replace(points, names=names), shown),)))
    assert "\u2028" not in page
    assert embedded(page)[0]["names"][0] == names[0]
    assert page.count("</script>") == 2


def test_the_policy_lets_in_nothing_but_the_pages_own_script_and_style(page: str) -> None:
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)[1]  # type: ignore[index]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    # Links lead elsewhere only where somebody follows them; nothing is loaded from there.
    assert not re.search(r'src="(?!data:)', page)
    assert not re.search(r'<(?!a\b)[^>]*href="(?!data:)', page)
    assert not re.search(r'href="(?!data:|#|https?://)', page)
    assert not re.search(r"\sstyle=|\son[a-z]+=\"", page)


def test_regressions_that_are_not_shown_are_counted_as_in_bench_table(store: Store) -> None:
    shown = render(report(store, fitted=3))
    assert (
        " 3 result(s) of regressions fitted on splits are shown elsewhere: <code>bench table --style cross</code>."
        in shown
    )


def test_equal_results_give_equal_pages(store: Store, page: str) -> None:
    assert render(report(store)) == page


def test_the_command_writes_the_page(store: Store, bench: Bench, tmp_path: Path) -> None:
    done = bench("report", "--output", "r.html", "--title", "A & B", "--draws", 100, "--results", store.root)
    assert done.code == 0, done.err
    assert "9 results" in done.out
    assert "<title>A &amp; B</title>" in Path("r.html").read_text(encoding="utf-8")
    assert bench("report", "--output", "r.html", "--method", "darkness", "--results", store.root).code == 0
    assert 'data-name="brightness"' not in Path("r.html").read_text(encoding="utf-8")


def test_open_hands_the_page_to_the_browser(store: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[str] = []
    monkeypatch.setattr("click.launch", launched.append)
    assert (
        bench("report", "--output", "a b.html", "--dataset", "steps", "--draws", 0, "--results", store.root).code == 0
    )
    assert not launched
    bench("report", "--output", "a b.html", "--dataset", "steps", "--draws", 0, "--open", "--results", store.root)
    assert launched == [Path("a b.html").resolve().as_uri()]


def test_a_wheel_carries_what_the_page_is_made_of() -> None:
    root = Path(bench_package.__file__).parents[1]
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert "bench.report" in settings["packages"]
    package = root / "bench" / "report"
    carried = {path for pattern in settings["package-data"]["bench.report"] for path in package.glob(pattern)}
    assert {path for path in package.rglob("*.*") if path.suffix in (".j2", ".css", ".js")} == carried


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--output", "r.pdf"], "--output got r.pdf: its name must end in .html"),
        (["--output", "no/r.html"], "the folder no does not exist"),
        (["--output", "r.html", "--method", "nobody"], "--method got 'nobody'"),
    ],
)
def test_mistakes_get_a_sentence(store: Store, bench: Bench, given: list[str], said: str) -> None:
    done = bench("report", *given, "--results", store.root)
    assert done.code == 2
    assert said in done.err


def test_the_report_shows_where_two_methods_differ_most(tmp_path: Path, bench: Bench) -> None:
    # `flat` gives images 0 to 9 nearly one score, which `mos` orders as people do: image 0 is the worst of them.
    rows = [(f"<i>{n}.png", n, n, (10 if n < 10 else n) + 0.001 * (n * 7 % 10), 40 - n) for n in range(40)]
    lines = [",".join(map(str, row)) for row in rows]
    (tmp_path / "s.csv").write_text("\n".join(["image,mos,like,flat,wrong", *lines]))
    assert bench("import", f"{tmp_path / 's.csv'}", "--wide", "--dataset", "d").code == 0
    assert bench("report", "--output", "r.html").code == 0
    page = Path("r.html").read_text()
    pairs = page[page.index('id="pairs"') : page.index('id="provenance"')]
    assert "d: flat calls them equal (level 1 of 4), like tells them apart; people side with the latter" in pairs
    assert "&lt;i&gt;0.png" in pairs
    assert "<i>" not in pairs
    chosen = bench("report", "--output", "r.html", "--gmad", "wrong", "flat")
    assert chosen.code == 0, chosen.err
    assert "d: flat calls them equal (level 1 of 4), wrong tells them apart; people say the opposite" in (
        Path("r.html").read_text()
    )


def test_many_images_are_counted_in_bins_and_only_the_worst_are_named(made: Report) -> None:
    random = np.random.default_rng(1)
    labels = random.normal(size=20_000)
    first, shown = made.points[0]
    scores = np.where(np.arange(20_000) < 50, np.nan, labels + random.normal(size=20_000))
    method = dataclasses.replace(first.methods[0], scores=scores, worst=disagree(scores, labels, True, True))
    names = tuple(f"a_folder/of_photographs_{i:06}.jpg" for i in range(20_000))
    large = dataclasses.replace(first, names=names, labels=labels, methods=(method,) * 15)
    page = render(dataclasses.replace(made, points=((large, shown),)))
    one = embedded(page)[0]
    assert len(page) < len(render(dataclasses.replace(made, points=()))) + 2e6
    assert (one["labels"], len(one["names"])) == (None, len(method.worst))
    found = one["methods"][14]
    told = [one["names"][each["index"]] for each in found["worst"]]
    assert told == [names[each.index] for each in method.worst]
    counts = unpacked(found["counts"])
    assert counts.sum() == 20_000 - 50
    assert len(counts) == len(unpacked(found["scores"])) == len(unpacked(found["labels"])) <= points.GRID**2
    assert unpacked(found["scores"]) @ counts == pytest.approx(np.nansum(scores), rel=1e-3)


def test_methods_stand_in_order_of_their_average_with_intervals_of_value_and_rank(store: Store, made: Report) -> None:
    (table, *_) = tables(store)
    ranking = made.ranking
    values = [entrant.standings[0].value for entrant in ranking.entrants]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=True)
    for at, place in enumerate(ranking.places):
        column = next((column for column in table.columns if column.dataset == place.title), None)
        for entrant in ranking.entrants if column else ():
            standing = entrant.standings[at]
            cell = next(table.cells[row, column] for row in table.rows if table.labels[row] == entrant.label)
            assert standing.value == cell.correlations.srcc
            assert standing.rank or cell.excluded, "who is eligible has a rank"
            assert standing.bar is not None
            if cell.interval.low is not None:
                assert standing.bar.low <= standing.bar.at <= standing.bar.high
    refuses = next(each for each in ranking.entrants if each.label == "refuses")
    on_koniq = refuses.standings[[place.title for place in ranking.places].index("koniq")]
    assert (on_koniq.rank, on_koniq.best) == (0, False)
    assert ("T", "trained on this dataset; not eligible for best") in ranking.legend
    beside = {letter for each in ranking.entrants for one in each.standings for letter, _ in one.marks}
    assert beside == {letter for letter, _ in ranking.legend}
    assert "F" in beside


def test_published_rows_are_theirs_and_never_ranked(store: Store) -> None:
    rows = [row for row in read_published() if row.method in ("niqe", "brisque")]
    ranking = report(store, published=rows).ranking
    at = [place.title for place in ranking.places].index("koniq")
    told = {(row.method, row.standings[at].text) for row in ranking.published if row.standings[at].bar}
    assert told == {(row.method, str(row.srcc)) for row in rows if row.dataset == "koniq" and row.srcc}
    assert all(not each.rank and not each.best for row in ranking.published for each in row.standings)
    assert {each.label for each in ranking.entrants} == {"brightness", "darkness", "refuses"}
    shown = render(report(store, published=rows))
    assert '<abbr title="theirs: published by others, not ranked">theirs</abbr>' in shown


def test_only_declared_addresses_of_the_web_become_links(store: Store) -> None:
    cell = next(iter(tables(store, draws=0)[0].cells.values()))
    told = {"citation": "A paper, javascript:alert(1), https://github.com/a/b and http://x.org/p.", "licence": "MIT"}
    cell.entry.meta["method"].update(told)
    assert [(link.text, link.address) for link in method_links(cell)] == [
        ("code", "https://github.com/a/b"),
        ("link", "http://x.org/p"),
    ]
    cell.entry.meta["method"]["code"] = "https://github.com/a/b"
    assert [link.text for link in method_links(cell)] == ["code", "link"]
    cell.entry.meta["method"]["code"] = "javascript:alert(1)"
    assert "javascript:alert(1)" not in {link.address for link in method_links(cell)}
    paper = dataset_links("koniq")[0]
    assert (paper.text, paper.address) == ("paper", "https://doi.org/10.1109/TIP.2020.2967829")
    assert dataset_links("a folder") == ()
