"""Degraded photographs as a dataset, and whether scores follow the levels."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import fakes
import numpy as np
import pytest
from compiled import assert_compiles, needs_pdflatex
from conftest import Ran, make_photo
from scipy.stats import spearmanr
from stored import run, spec

from bench.api import Photo
from bench.datasets.dataset import Dataset
from bench.datasets.readers.local import read_local
from bench.distortions import DISTORTIONS, PRESETS
from bench.errors import UsageError
from bench.io.images import decode
from bench.robustness.degraded import degraded
from bench.robustness.derived import choose
from bench.robustness.levels import LevelAgreement, Levels, follow, read_levels, summarise
from bench.robustness.levels_view import LevelsReport, show
from bench.runs import runner
from bench.runs.jobs import Settings, load_methods
from bench.runs.store import Store
from bench.stats import bootstrap_groups, bootstrap_within
from bench.views.shown import Views

Bench = Callable[..., Ran]
TYPES = ("jpeg", "white-noise", "gaussian-blur", "mean-shift")
NONE = np.zeros(6, dtype=bool)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def photographs(tmp_path: Path) -> Dataset:
    for i in range(5):
        make_photo(tmp_path / "mine" / f"{i}.png", i)
    return read_local(tmp_path / "mine")


def level_of(photo: Photo) -> int:
    return int(Path(photo.name).stem[-1])


class Falls(fakes.Brightness):
    """Minus the level."""

    info = fakes.info("falls", score_range=(-5.0, 0.0))
    portable = False  # another process would take longer to start than all else

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [-float(level_of(photo)) for photo in photos]


class Rises(Falls):
    """The level, declared as lower is better."""

    info = fakes.info("rises", higher_is_better=False)

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(level_of(photo)) for photo in photos]


class Ignores(Falls):
    """A score of the photograph alone."""

    info = fakes.info("ignores")

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [float(photo.name[0]) for photo in photos]


def judged(store: Store, types: tuple[str, ...] = TYPES) -> dict[str, dict[tuple[str, str], LevelAgreement]]:
    kinds = [DISTORTIONS[name] for name in types]
    levels = [read_levels(entry, types) for entry in store.entries()[0]]
    return {each.label: {(f.scope, f.name): f for f in summarise(each, kinds, draws=200)} for each in levels}


def test_a_series_is_judged_by_its_ranks_and_neighbours() -> None:
    assert follow(np.array([9.0, 7, 6, 5, 2, 1]), NONE) == (1.0, 0.0)
    assert follow(np.arange(6.0), NONE) == (-1.0, 1.0)
    assert follow(np.ones(6), NONE) == (0.0, 1.0), "ties are violations"
    mixed = np.array([5.0, 6, 4, 4, 1, 2])
    srcc, violated = follow(mixed, NONE)
    assert srcc == pytest.approx(spearmanr(mixed, -np.arange(6))[0], abs=1e-12)
    assert violated == pytest.approx(3 / 5)


def test_a_level_that_changes_nothing_is_no_step() -> None:
    repeated = np.array([False, True, False, False, False, False])
    assert follow(np.array([9.0, 9, 6, 5, 2, 1]), repeated) == (1.0, 0.0)
    assert np.isnan(follow(np.arange(6.0), np.array([False, True, True, True, True, False]))).all()
    assert np.isnan(follow(np.array([9.0, 7, np.nan, 5, 2, 1]), NONE)).all(), "an image failed"


def test_degraded_photographs_are_a_synthetic_order(photographs: Dataset) -> None:
    found = degraded(photographs, 3, 32, TYPES)
    assert (found.id, found.kind, found.direction, found.cluster) == (
        "degraded:mine",
        "synthetic-order",
        "lower",
        "reference",
    )
    assert len(found.samples) == 3 * (1 + 5 * len(TYPES))
    assert any("no human opinion" in note for note in found.notes)
    for sample in found.samples:
        assert sample.mos == float(sample.attributes["level"])
        assert sample.file is not None
        assert min(decode(sample.file.read(), sample.name).pixels.shape[:2]) == 32
    contents = {
        (s.attributes["type"], s.attributes["level"]): s.attributes["content"]
        for s in found.samples
        if s.attributes["reference"] == found.samples[0].attributes["reference"]
    }
    assert contents["gaussian-blur", "1"] == contents["undistorted", "0"], "sigma 0.1 leaves it as it is"
    assert len({contents["jpeg", str(level)] for level in range(1, 6)}) == 5


def test_images_are_made_once_and_the_same_anywhere(
    photographs: Dataset, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = degraded(photographs, 2, 32, TYPES)
    times = {path: path.stat().st_mtime_ns for path in cache.rglob("*.png")}
    gone = next(path for path in times if path.name == "jpeg-3.png")
    gone.unlink()
    more = degraded(photographs, 3, 32, (*TYPES, "pixelate"))
    changed = {path.name for path, time in times.items() if path.stat().st_mtime_ns != time}
    assert changed == {f"jpeg-{level}.png" for level in range(1, 6)}
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "other"))
    again = degraded(photographs, 2, 32, TYPES)
    contents = {s.name: s.attributes["content"] for s in more.samples}
    assert [s.attributes for s in again.samples] == [s.attributes for s in first.samples]
    assert all(contents[s.name] == s.attributes["content"] for s in first.samples), "the larger choice holds it"


def test_a_larger_choice_holds_every_smaller_one(photographs: Dataset) -> None:
    names = [{sample.name for sample in choose(photographs, count)} for count in (1, 2, 4, 99)]
    assert [len(each) for each in names] == [1, 2, 4, 5]
    assert names[0] < names[1] < names[2] < names[3]


def test_scores_that_fall_with_the_level_are_perfect_in_either_direction(store: Store, photographs: Dataset) -> None:
    dataset = degraded(photographs, 5, 32, TYPES)
    run(store, dataset, Falls, Rises, Ignores, workers=1)
    found = judged(store)
    for label in ("falls", "rises"):
        for each in found[label].values():
            assert (each.srcc, each.violated, each.failed, each.unchanged) == (1.0, 0.0, 0, 0)
            # Five photographs in perfect order do not tell that another one is.
            assert (each.srcc_interval.low, each.violated_interval.high) == (None, None)
            assert each.srcc_interval.reason.startswith("all draws of 5 images or groups are equal")
    for each in found["ignores"].values():
        assert (each.srcc, each.violated) == (0.0, 1.0), "ties"


def test_means_are_over_types_whose_level_orders_severity(store: Store, photographs: Dataset) -> None:
    dataset = degraded(photographs, 5, 32, TYPES)
    run(store, dataset, fakes.Brightness, workers=1)
    found = judged(store)["brightness"]
    assert [name for scope, name in found if scope == "group"] == ["compression", "noise", "blur"]
    ordered = [each for (scope, _), each in found.items() if scope == "type" and each.monotone]
    assert len(ordered) == 3
    assert not found["type", "mean-shift"].monotone
    total = found["all", "all"]
    assert total.series == sum(each.series for each in ordered) == 15
    assert total.srcc == pytest.approx(np.mean([each.srcc for each in ordered]))
    assert total.srcc_interval.low is not None
    assert total.srcc_interval.low < total.srcc


def test_a_failed_image_takes_its_series_out_and_is_counted(store: Store, photographs: Dataset) -> None:
    class Fails(Falls):
        info = fakes.info("fails", score_range=(-5.0, 0.0))

        def score(self, photos: Sequence[Photo]) -> list[float]:
            if any(photo.name == "2.png/jpeg-4.png" for photo in photos):
                raise ValueError("no")
            return super().score(photos)

    dataset = degraded(photographs, 5, 32, TYPES)
    run(store, dataset, Fails, workers=1)
    found = judged(store)["fails"]
    assert (found["type", "jpeg"].series, found["type", "jpeg"].failed, found["type", "jpeg"].srcc) == (4, 1, 1.0)
    assert found["type", "white-noise"].failed == 0
    assert (found["all", "all"].series, found["all", "all"].failed) == (14, 1)


def test_three_photographs_have_no_interval_and_a_reason(store: Store, photographs: Dataset) -> None:
    dataset = degraded(photographs, 3, 32, ("jpeg",))
    run(store, dataset, Falls, workers=1)
    one = judged(store, ("jpeg",))["falls"]["type", "jpeg"]
    assert (one.srcc, one.srcc_interval.low, one.srcc_interval.reason) == (1.0, None, "fewer than 4 photographs")


def test_intervals_of_groups_are_those_of_correlations_inside_them() -> None:
    random = np.random.default_rng(2)
    scores, labels, groups = random.normal(size=60), np.tile(np.arange(6.0), 10), np.repeat(np.arange(10), 6)
    inside = bootstrap_within(scores, labels, groups, clusters=groups // 2, draws=100)
    values = np.array([[spearmanr(scores[groups == g], labels[groups == g])[0] for g in range(10)]])
    found = bootstrap_groups(values, np.arange(10) // 2, draws=100)
    np.testing.assert_allclose(found.samples, inside.samples, atol=1e-12)
    assert found.estimates[0] == pytest.approx(values.mean())


def test_a_stopped_run_goes_on_where_it_was(store: Store, photographs: Dataset) -> None:
    scored: list[str] = []

    class Stops(Falls):
        info = fakes.info("stops", score_range=(-5.0, 0.0))

        def score(self, photos: Sequence[Photo]) -> list[float]:
            if len(scored) == 16:
                scored.append("stopped")
                raise KeyboardInterrupt
            scored.extend(photo.name for photo in photos)
            return super().score(photos)

    dataset = degraded(photographs, 3, 32, ("jpeg", "white-noise"))
    ready = load_methods([spec(Stops)])
    with pytest.raises(KeyboardInterrupt):
        runner.run(ready, dataset, store, Settings(workers=1))
    (done,) = runner.run(ready, dataset, store, Settings(workers=1))
    assert done.new == len(dataset.samples) - 16
    assert len(set(scored) - {"stopped"}) == len(scored) - 1 == len(dataset.samples), "nothing was scored twice"


def test_the_command_says_what_the_order_is_and_scores_once(store: Store, bench: Bench, photographs: Dataset) -> None:
    call = ("robustness", "--method", "bytes-per-pixel", "--dataset", "mine", "--size", "32", "--workers", "1")
    call += ("--types", ",".join(TYPES))
    shown = bench(*call)
    assert shown.code == 0, shown.err
    assert "degraded:mine (synthetic order, no human opinion): 5 photographs" in shown.out
    assert "level is no order of severity: in no mean" in shown.out
    journal = next(store.runs.rglob("provenance.json")).read_text()
    records = json.loads(bench(*call, "--format", "json").out)
    assert next(store.runs.rglob("provenance.json")).read_text() == journal, "the store served the second call"
    rows = list(csv.DictReader(io.StringIO(bench(*call, "--format", "csv").out)))
    assert [row["name"] for row in rows] == [record["name"] for record in records]
    assert {record["labels"] for record in records} == {"synthetic order, no human opinion"}
    for form, opening in (("latex", r"\begin{table}"), ("html", "<table>")):
        assert opening in bench(*call, "--format", form).out
    assert "synthetic order, no human opinion" in bench("table").out


def views(hostile: str = "a|b`*_50%&<i>") -> Views:
    random = np.random.default_rng(3)
    levels = Levels(hostile, True, random.normal(size=(6, len(TYPES), 6)), np.zeros((6, len(TYPES), 6), dtype=bool))
    found = {hostile: summarise(levels, [DISTORTIONS[name] for name in TYPES], draws=200)}
    return show(LevelsReport("degraded:mine", 6, found, [f"{hostile}: unknown."]))


def test_every_form_has_the_same_numbers_and_no_markup_of_others() -> None:
    shown = views()
    (mean,) = [record for record in shown.records if record["scope"] == "all"]
    violated = f"{mean['violated']:.0%}"
    between = f"[{mean['violated_low']:.0%}, {mean['violated_high']:.0%}]"
    assert f"{violated} {between}" in shown.to_markdown()
    assert f"<td>{violated} {between}</td>" in shown.to_html()
    assert f"{violated} {between}".replace("%", r"\%") in shown.to_latex()
    assert "<i>" not in shown.to_html()
    assert "_level is no order of severity: in no mean_" in shown.to_markdown()


@needs_pdflatex
def test_the_table_compiles(tmp_path: Path) -> None:
    assert_compiles(views().to_latex(), tmp_path)


def test_a_hostile_name_stays_text(bench: Bench, tmp_path: Path) -> None:
    make_photo(tmp_path / "a|b`*$x$" / "0.png", 0)
    output = ("--output", "a.png")
    done = bench(
        "robustness", "--method", "bytes-per-pixel", "--dataset", "a|b`*$x$", "--size", "32", "--types", "jpeg", *output
    )
    assert done.code == 0, done.err
    assert r"degraded:a\|b\`\*$x$ (synthetic" in done.out
    assert "No interval: fewer than 4 photographs: all." in done.out
    assert "a.png: 1 method, 1 type\n" in done.err
    assert re.search(
        r"^bytes-per-pixel: SRCC -?\d\.\d{3} with the level, \d+% violated; least with jpeg", done.out, re.M
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--types", "jpg"], "--types got 'jpg': 'jpg' is no type of degradation. Did you mean 'jpeg'"),
        (["--raw"], "--raw is given without --output, but it changes only the figure: give --output FIGURE too"),
        (["--output", "a.gif"], "its name must end in .svg, .png, .pdf"),
        (["--output", "nowhere/a.svg"], "the folder nowhere does not exist"),
        (["--dataset", "nothing"], "--dataset got 'nothing', which is neither a known id nor a path that exists"),
        (["--count", "0"], "--count"),
    ],
)
def test_mistakes_get_a_sentence(bench: Bench, photographs: Dataset, given: list[str], told: str) -> None:
    done = bench("robustness", "--method", "bytes-per-pixel", "--dataset", "mine", *given)
    assert (done.code, told in done.err, done.err.count("\n")) == (2, True, 1), done.err


def test_a_method_that_scores_nothing_is_told(bench: Bench, tmp_path: Path) -> None:
    make_photo(tmp_path / "mine" / "0.png", 0, (40, 40))
    done = bench("robustness", "--method", "niqe", "--dataset", "mine", "--size", "32", "--types", "jpeg")
    assert (done.code, "niqe scored no image of degraded:mine; the first failed so: " in done.err) == (1, True), (
        done.err
    )


def test_a_damaged_photograph_is_named(photographs: Dataset, tmp_path: Path) -> None:
    (tmp_path / "mine" / "3.png").write_bytes(b"no image")
    with pytest.raises(UsageError, match=r"--dataset: 3.png cannot be used: not an image.*Repair or remove it"):
        degraded(photographs, 5, 32, ("jpeg",))


def test_a_cache_that_cannot_be_written_is_named(
    photographs: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="Set BENCH_CACHE to another folder"):
        degraded(photographs, 1, 32, ("jpeg",))


def test_every_type_of_the_preset_can_be_made(photographs: Dataset) -> None:
    names = PRESETS["kadid"]
    assert len(degraded(photographs, 1, 32, names).samples) == 1 + 5 * len(names) == 121
