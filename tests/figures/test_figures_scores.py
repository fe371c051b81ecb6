"""Figures of stored scores: what is drawn is what the store says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Ran, make_photo
from PIL import Image
from scipy.stats import spearmanr
from stored import fixed, run

from bench.figures.correlation import agreement, heat_map
from bench.figures.scatter import residuals, scatter
from bench.figures.speed import races, speeds
from bench.runs import checksums
from bench.runs.entry import Entry
from bench.runs.speed import PartTimes, speed
from bench.runs.store import Store
from bench.stats import fit_logistic4, mapping_band
from bench.tables.evaluation import evaluate
from bench.tables.points import fitted, running_median
from bench.tables.table import Table, arrange

Bench = Callable[..., Ran]
RANDOM = np.random.default_rng(11)
MOS = RANDOM.uniform(1, 5, 60)
GOOD = np.tanh((MOS - 3) / 1.5) + RANDOM.normal(0, 0.2, 60)
POOR = MOS + RANDOM.normal(0, 3, 60)
COPY = -(GOOD + RANDOM.normal(0, 0.05, 60))  # as good as GOOD, lower is better


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty images scored here by a good method, its copy that counts down, and a poor one."""
    here = tmp_path_factory.mktemp("scored")
    folder, store = here / "set", Store(here / "results")
    for i in range(60):
        make_photo(folder / f"{i:02}.png", i, (8, 8))
    rows = [f"{i:02}.png,{mos}" for i, mos in enumerate(MOS)]
    (folder / "scores.csv").write_text("\n".join(["image,score", *rows]) + "\n")
    methods = [fixed("good", list(GOOD)), fixed("poor", list(POOR))]
    run(store, folder, *methods, fixed("turned", list(COPY), higher_is_better=False))
    return here


@pytest.fixture
def filled(scored: Path, tmp_path: Path) -> Store:
    """A copy of what is scored, where the command line looks for it."""
    shutil.copytree(scored, tmp_path, dirs_exist_ok=True)
    return Store(tmp_path / "results")


def arranged(store: Store, *values: str) -> Table:
    (table,) = arrange(evaluate(store.entries()[0], draws=100, values=values))
    return table


def mapped(store: Store) -> dict[str, object]:
    return {each.method: each for each in fitted(arranged(store, "srcc", "plcc_log4", "rmse_log4"))}


@pytest.mark.slow
def test_a_band_covers_the_curve_as_often_as_it_says() -> None:
    # 40 samples from one curve: a 90 % band over images holds the true value in 36 of them, give or take 2.
    def curve(x: np.ndarray) -> np.ndarray:
        return 4 / (1 + np.exp(-x / 0.7)) + 1

    covered = 0
    for _ in range(40):
        x = RANDOM.normal(size=100)
        band = mapping_band(x, curve(x) + RANDOM.normal(0, 0.4, 100), np.array([0.3]), draws=20, level=0.9)
        assert band is not None
        covered += band.low[0] <= curve(np.array(0.3)) <= band.high[0]
    assert 30 <= covered <= 39


def test_a_band_is_the_quantiles_of_fits_to_draws() -> None:
    x = np.linspace(-3, 3, 40)
    y, at = np.tanh(x) + RANDOM.normal(0, 0.05, 40), np.array([-1.0, 0.5])
    band = mapping_band(x, y, at, draws=30, seed=3)
    random = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(0,)))
    draws = random.integers(0, 40, (30, 40), dtype=np.int32)
    fits = [fit_logistic4(x[np.sort(taken)], y[np.sort(taken)]) for taken in draws]
    curves = [fit.predict(at) for fit in fits if fit.converged]
    assert band is not None
    assert (band.draws, band.dropped) == (len(curves), 30 - len(curves))
    np.testing.assert_allclose(band.low, np.quantile(curves, 0.025, axis=0), rtol=1e-6)
    np.testing.assert_allclose(band.high, np.quantile(curves, 0.975, axis=0), rtol=1e-6)


def test_a_band_over_references_is_wider_where_their_images_are_alike() -> None:
    reference = np.repeat(np.arange(12), 10)
    x = RANDOM.normal(size=120)
    y = np.repeat(RANDOM.normal(0, 1, 12), 10) + 4 * np.tanh(x)
    wide = mapping_band(x, y, np.array([0.0]), clusters=reference, draws=40)
    narrow = mapping_band(x, y, np.array([0.0]), draws=40)
    assert wide is not None
    assert narrow is not None
    assert wide.high[0] - wide.low[0] > 1.5 * (narrow.high[0] - narrow.low[0])


def test_a_scatter_shows_each_image_and_the_mapping(filled: Store) -> None:
    shown = mapped(filled)
    figure = scatter(list(shown.values()), draws=20)
    panels = {axes.get_title().split(" on ")[0]: axes for axes in figure.axes}
    for name, scores in (("good", GOOD), ("turned", COPY)):
        points, _, line, low, high = panels[name].lines
        np.testing.assert_allclose(points.get_xdata(), scores)
        np.testing.assert_allclose(points.get_ydata(), MOS)
        mapping = fit_logistic4(scores, MOS, 1 if name == "good" else -1)
        np.testing.assert_allclose(line.get_ydata(), mapping.predict(line.get_xdata()))
        (band,) = panels[name].collections
        assert band.get_zorder() < points.get_zorder(), "the band hides no point"
        assert np.all(low.get_ydata() <= high.get_ydata())
    assert panels["turned"].get_xlabel() == "score (lower is better)"
    assert f"SRCC {spearmanr(GOOD, MOS)[0]:.3f}; PLCC" in panels["good"].get_title()
    assert np.all(np.diff(panels["turned"].lines[2].get_ydata()) <= 0), "falls with the raw score"


def test_the_band_of_a_cell_has_its_direction_and_its_references(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "set"
    for i in range(8):
        make_photo(folder / f"{i}.png", i, (8, 8))
    rows = "".join(f"{i}.png,{i},r{i // 2}\n" for i in range(8))
    (folder / "scores.csv").write_text("image,score,reference\n" + rows)
    run(store, folder, fixed("down", list(range(8, 0, -1)), higher_is_better=False))
    asked: list[tuple[object, object]] = []
    monkeypatch.setattr(
        "bench.tables.points.mapping_band", lambda s, y, at, sign, clusters, **_: asked.append((sign, clusters))
    )
    (each,) = fitted(arranged(store, "srcc"))
    each.band(20)
    assert asked == [(-1, [f"r{i // 2}" for i in range(8)])]


def test_residuals_are_labels_less_mapped_scores(filled: Store) -> None:
    good = mapped(filled)["good"]
    predicted = fit_logistic4(GOOD, MOS).predict(GOOD)
    for against, x in (("predicted", predicted), ("label", MOS)):
        (axes,) = residuals([good], against).axes  # type: ignore[arg-type, list-item]
        np.testing.assert_allclose(axes.lines[0].get_xdata(), x)
        np.testing.assert_allclose(axes.lines[0].get_ydata(), MOS - predicted)
        rmse = np.sqrt(np.mean((MOS - predicted) ** 2))
        assert f"RMSE {rmse:.3g}" in axes.get_title()


def test_a_running_median_is_that_of_each_window() -> None:
    x = RANDOM.permutation(40).astype(float)
    middle, median = running_median(x, x**2, share=0.25)
    assert (middle[0], median[0]) == (7, 49), "of 0..14, the least window"
    assert (middle[-1], median[-1]) == (32, 32**2), "of 25..39"
    assert np.all(np.diff(middle) > 0)
    assert [len(each) for each in running_median(x[:3], x[:3])] == [1, 1]


def test_agreement_is_scipys_with_directions_and_alike_methods_side_by_side(filled: Store) -> None:
    table = arranged(filled)
    found = agreement(table, table.columns[0])
    of = {"good": GOOD, "poor": POOR, "turned": -COPY}
    for i, a in enumerate(found.methods):
        for j, b in enumerate(found.methods):
            assert found.srcc[i, j] == pytest.approx(spearmanr(of[a], of[b])[0], abs=1e-12)
    assert abs(found.methods.index("good") - found.methods.index("turned")) == 1
    axes = heat_map(found).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == found.methods
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells[(0, 2)] == f"{found.srcc[2, 0]:.2f}"


def test_agreement_rests_on_common_images_and_names_who_is_left_out(store: Store, tmp_path: Path, bench: Bench) -> None:
    folder = tmp_path / "set"
    for i in range(8):
        make_photo(folder / f"{i}.png", i, (8, 8))
    gap = [float("nan"), *range(1, 8)]
    run(store, folder, fixed("all", list(range(8))), fixed("gap", gap), fixed("even", [2.0] * 8))
    done = bench("plot", "correlation", "--output", "c.svg")
    assert done.code == 0, done.err
    assert "c.svg: 2 methods on 7 images" in done.out
    assert "left out: even (gives all images one score)" in done.out
    assert ">even<" not in Path("c.svg").read_text()
    alone = bench("plot", "correlation", "--output", "c.svg", "--method", "all")
    assert (alone.code, "two methods and four images are needed" in alone.err) == (2, True)


def entry(*sessions: dict[str, object], source: str = "run") -> Entry:
    usual = {"device": "cpu", "threads": 1, "processes": 2, "batch_size": 8}
    return Entry(Path(), {"source": source, "sessions": [usual | session for session in sessions]})


def test_a_speed_is_of_the_sessions_under_one_set_of_conditions() -> None:
    found = speed(
        entry(
            {"images": 30, "method_seconds": 10.0},
            {"images": 50, "method_seconds": 10.0},
            {"images": 60, "method_seconds": 1.0, "device": "cuda"},
        )
    )
    assert (found.value, found.images) == (4.0, 80)
    assert str(found.conditions) == "cpu, 2 processes of 1 thread, batches of 8"
    assert speed(entry({}, source="import")).reason == "imported"
    assert speed(entry({"images": 9, "method_seconds": 1.0})).reason == "timed on fewer than 10 images"
    assert speed(entry({"images": 0, "method_seconds": 0.0})).value is None
    assert (found.slowest, found.fastest) == (3.0, 5.0), "each session is a part"
    parts = [[10, 1.0], [10, 4.0], [5, 5.0]]
    timed = speed(entry({"images": 25, "method_seconds": 10.0, "parts": parts}))
    assert (timed.value, timed.slowest, timed.fastest) == (2.5, 2.5, 10.0), "five images are too few for a part"
    assert speed(entry({"images": 30, "method_seconds": 10.0})).slowest is None


def test_parts_of_a_session_are_few_and_lose_nothing() -> None:
    times = PartTimes()
    for _ in range(1000):
        times.add(8, 0.5)
    assert len(times.parts) <= 16
    assert (sum(n for n, _ in times.parts), sum(s for _, s in times.parts)) == (8000, 500.0)
    assert len(times.parts) >= 8
    assert max(n for n, _ in times.parts[:-1]) <= 2 * min(n for n, _ in times.parts[:-1])


def test_speeds_are_drawn_apart_by_their_conditions_and_imports_are_named(filled: Store, bench: Bench) -> None:
    for path in filled.runs.glob("*/poor@*/provenance.json"):
        meta = checksums.read_record(path.read_bytes())
        parts = [[30, 1.0], [30, 2.0]]
        meta["sessions"][0] |= {"images": 60, "method_seconds": 3.0, "threads": 4, "parts": parts}
        path.write_bytes(checksums.seal_record(meta))
    rows = "".join(f"{i:02}.png,{GOOD[i]}\n" for i in range(60))
    Path("theirs.csv").write_text("image,score\n" + rows)
    assert bench("import", "theirs.csv", "--method", "theirs", "--dataset", "set").code == 0
    (race,) = races(arranged(filled, "srcc"))
    assert race.left_out == {"theirs": "imported"}
    (axes,) = speeds([race]).axes
    dots = {line.get_label(): line for line in axes.lines if line.get_marker() not in ("None", "")}
    at = [label for label in dots if "4 threads" in label]
    assert dots[at[0]].get_xdata()[0] == 20.0
    assert dots[at[0]].get_ydata()[0] == pytest.approx(spearmanr(POOR, MOS)[0])
    assert len({line.get_marker() for line in dots.values()}) == 2
    assert [15.0, 30.0] in [list(line.get_xdata()) for line in axes.lines], "from the slowest to the fastest part"
    done = bench("plot", "speed", "--output", "s.svg")
    assert "left out of set: theirs (imported)" in done.out
    only = bench("plot", "speed", "--output", "s.svg", "--method", "theirs")
    assert (only.code, "no result has both an SRCC and a speed" in only.err) == (2, True)


@pytest.mark.parametrize(
    "kind", ["scatter", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("residuals", "correlation", "speed"))]
)
def test_the_commands_write_a_picture_in_every_form(filled: Store, bench: Bench, kind: str) -> None:
    few = ["--draws", "100"] if kind in ("scatter", "speed") else []
    few += [] if kind == "correlation" else ["--method", "good"]
    for suffix in ("svg", "png", "pdf"):
        done = bench("plot", kind, "--output", f"a.{suffix}", *few)
        assert done.code == 0, done.err
    with Image.open("a.png") as image:
        assert min(image.size) > 300
        assert len(np.unique(np.asarray(image.convert("L")))) > 20
    assert Path("a.pdf").read_bytes().startswith(b"%PDF")
    assert "good" in Path("a.svg").read_text(), "text stays text"


def test_mistakes_get_a_sentence(filled: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = bench("plot", "scatter", "--output", "a.gif")
    assert (wrong.code, "must end in" in wrong.err) == (2, True)
    monkeypatch.setattr("bench.figures.scatter.MOST_PANELS", 2)
    many = bench("plot", "residuals", "--output", "a.svg")
    assert (many.code, "3 panels are too many, 2 is the limit" in many.err) == (2, True)


def test_what_cannot_be_mapped_says_why(store: Store, tmp_path: Path, bench: Bench) -> None:
    folder = tmp_path / "set"
    for i in range(8):
        make_photo(folder / f"{i}.png", i, (8, 8))
    (folder / "scores.csv").write_text("image,score\n" + "".join(f"{i}.png,{i}\n" for i in range(8)))
    run(store, folder, fixed("even", [2.0] * 8))
    (each,) = fitted(arranged(store, "srcc", "plcc_log4"))
    (axes,) = scatter([each], draws=20).axes
    assert axes.get_title().replace("\n", " ").endswith("no SRCC: constant scores; no mapping: constant scores")
    (axes,) = residuals([each], "predicted").axes
    assert axes.get_title().endswith("no mapping: constant scores")
    assert not axes.lines


@pytest.mark.slow
def test_published_scores_are_drawn_at_their_size(bench: Bench, store: Store, shared: Path) -> None:
    path = shared / "published_scores" / "qbench_koniq.csv"
    frame = pd.read_csv(path)[["image", "mos", "qwen-vl", "visualglm"]]
    frame.to_csv("k.csv", index=False)
    assert bench("import", "k.csv", "--wide", "--dataset", "koniq").code == 0
    table = arranged(store, "srcc", "plcc_log4", "rmse_log4")
    shown = list(fitted(table))
    figure = scatter(shown, draws=20)
    for axes, each in zip([axes for axes in figure.axes if axes.get_title()], shown, strict=True):
        cells = axes.collections[0]
        assert cells.get_array().sum() == len(frame), "every image is in a cell"
        srcc = spearmanr(frame[each.method], frame["mos"])[0]
        assert f"(n = 10,073)\nSRCC {srcc:.3f}" in axes.get_title()
    assert sum(residuals(shown, "predicted").axes[0].collections[0].get_array()) == len(frame)
    found = agreement(table, table.columns[0])
    assert found.srcc[0, 1] == pytest.approx(spearmanr(frame["qwen-vl"], frame["visualglm"])[0], abs=1e-12)
    for kind in ("scatter", "residuals", "correlation"):
        few = ["--draws", "100"] if kind == "scatter" else []
        assert bench("plot", kind, "--output", f"{kind}.png", *few).code == 0
    assert "imported" in bench("plot", "speed", "--output", "s.png").err
