"""``bench pick``: which method to use on some photographs, and what that rests on."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fakes
import numpy as np
import pytest
from conftest import Ran, make_photo
from PIL import Image, ImageFilter
from scipy import stats as scipy_stats
from stored import run

import bench as api
from bench.picking.choose import Picks
from bench.picking.measure import Measured, measure, resemblance, shipped
from bench.picking.output import as_csv, as_json, as_text, rating_csv
from bench.picking.rate import worth_rating
from bench.plugins import registry
from bench.runs.store import Store
from bench.stats.ranks import relative_ranks

Bench = Callable[..., Ran]
N = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photographs, a rated one like it, and a store with results of two methods on that."""
    folder = tmp_path_factory.mktemp("pick")
    for seed in range(N):
        make_photo(folder / "album" / f"{seed}.png", seed, (64, 48))
        path = make_photo(folder / "rated" / f"{seed}.png", seed + 50, (64, 48))
        with (folder / "rated" / "scores.csv").open("a") as file:
            file.write(
                ("image,score\n" if not seed else "")
                + f"{seed}.png,{np.asarray(Image.open(path)).mean() + 9 * (-1) ** seed}\n"
            )
    run(Store(folder / "results"), folder / "rated", fakes.Brightness, fakes.Darkness)
    return folder


@pytest.fixture(scope="module")
def picks(folder: Path) -> Picks:
    methods = [fakes.Darkness, fakes.Brightness, fakes.Picky]
    return api.pick(folder / "album", methods, results=folder / "results", many=5)


def test_the_method_that_agrees_with_people_on_a_set_like_these_is_chosen(picks: Picks) -> None:
    assert picks.chosen == "brightness"
    best, worst = picks.candidates[:2]
    assert best.srcc is not None
    assert worst.srcc == pytest.approx(-best.srcc)
    assert best.low is not None
    assert best.low < best.srcc
    assert picks.candidates[2].srcc is None
    assert "no stored or published result on rated" in picks.candidates[2].reason
    (dataset,) = picks.datasets
    assert dataset.counts
    assert dataset.resemblance is not None
    assert dataset.resemblance > 0.5
    assert dataset.origin == f"rated, {N} of its images here"


def test_agreement_between_methods_is_that_of_their_scores_here(picks: Picks, folder: Path) -> None:
    scores = api.score(folder / "album", [fakes.Brightness, fakes.Darkness]).pivot(
        index="image", columns="method", values="score"
    )
    expected = scipy_stats.spearmanr(scores["brightness"], scores["darkness"]).statistic
    assert picks.between["darkness", "brightness"] == pytest.approx(-expected)  # lower is better for one of them


def test_a_method_over_the_budget_is_not_chosen(folder: Path) -> None:
    found = api.pick(folder / "album", [fakes.Brightness], results=folder / "results", budget=1e-9)
    assert found.chosen is None
    assert found.candidates[0].srcc is not None
    assert "over budget" in as_text(found)


def test_it_says_what_it_rests_on(picks: Picks) -> None:
    said = " ".join(picks.basis)
    assert f"{N} photographs" in said
    assert "1 dataset that people rated" in said
    assert "So few datasets say little" in said


def test_a_rated_set_under_two_names_counts_once(folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    for place in (folder / "rated", Path(shutil.copytree(folder / "rated", tmp_path / "copied"))):
        run(store, place, fakes.Brightness)
    found = api.pick(folder / "album", [fakes.Brightness], results=tmp_path / "results", sample=5)
    assert [(each.dataset, each.counts) for each in found.datasets] == [("copied", True), ("rated", False)]
    said = " ".join(found.basis)
    assert "mean over 1 dataset that" in said
    assert "rated does not count: it has the same labels or images as copied." in said


def test_without_results_nothing_tells(folder: Path, tmp_path: Path) -> None:
    found = api.pick(folder / "album", [fakes.Brightness], results=tmp_path / "none", sample=5)
    assert found.chosen is None
    assert "nothing tells which to use" in " ".join(found.basis)
    assert "5 of 12 photographs" in found.basis[0]


def test_every_form_has_the_same_numbers(picks: Picks) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(picks))))
    told = json.loads(as_json(picks))
    assert [row["method"] for row in rows] == [one["method"] for one in told["candidates"]]
    assert [row["srcc"] for row in rows] == [str(one.srcc or "") for one in picks.candidates]
    assert told["chosen"] == "brightness"
    assert told["to_rate"] == list(picks.to_rate)
    assert as_text(picks).startswith("Use brightness, whose higher scores are better.")


def test_the_command_writes_a_csv_to_rate(bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for method in (fakes.Brightness, fakes.Darkness):
        monkeypatch.setitem(registry.catalogue().methods, method.info.name, method)
    two = ("--method", "brightness", "--method", "darkness", "--results", folder / "results")
    done = bench("pick", folder / "album", *two, "--output", "rate.csv", "--format", "csv")
    assert done.code == 0
    assert done.out.startswith("method,chosen,srcc,low,high,milliseconds,affordable")
    rows = list(csv.DictReader(io.StringIO(Path("rate.csv").read_text())))
    assert {row["score"] for row in rows} == {""}
    assert len(rows) == N
    assert "`bench run --method brightness --method darkness --dataset rate.csv` says which" in done.err
    assert bench("pick", folder / "album", *two, "--output", "rate.csv").code == 0, "nobody has filled it in"
    # Filled in, it is a dataset where it lies, and the folder keeps all its photographs.
    Path("rate.csv").write_text("image,score\n" + "".join(f"{row['image']},{n}\n" for n, row in enumerate(rows[:3])))
    assert "scored 3, failed 0" in bench("run", "--method", "brightness", "--dataset", "rate.csv").out
    # Ratings are lost by no command, and nobody waits for scores to be told so.
    monkeypatch.setattr("bench.results.pick.pick", lambda *_, **__: pytest.fail("scored"))
    again = bench("pick", folder / "album", *two, "--output", "rate.csv")
    assert (again.code, "--output got rate.csv, which holds labels of images" in again.err) == (2, True)


def test_photographs_below_the_csv_are_named_from_there(folder: Path, picks: Picks) -> None:
    assert {row.partition(",")[0] for row in rating_csv(picks, folder).splitlines()[1:]} == {
        f"album/{name}" for name in picks.to_rate
    }


def test_one_method_disagrees_with_none_and_writes_no_csv(bench: Bench, folder: Path) -> None:
    done = bench("pick", folder / "album", "--method", "bytes-per-pixel", "--output", "none.csv")
    assert "none.csv: not written: only two methods or more" in done.err
    assert not Path("none.csv").exists()


def test_methods_whose_packages_are_not_here_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent(fakes.Brightness):
        info = fakes.info("absent")
        packages = ("no_such_package",)

    methods = {each.info.name: each for each in (fakes.Brightness, fakes.Darkness, Absent)}
    monkeypatch.setattr("bench.results.pick.catalogue", lambda: replace(registry.catalogue(), methods=methods))
    monkeypatch.setattr(registry, "find_method", lambda name, _parameter="": methods[name])
    said = api.pick(folder / "album", results=folder / "results", sample=4).basis[-1]
    assert said == "Not tried, for lack of packages: absent; `bench list methods` says how to install them."


def test_photographs_to_rate_are_where_methods_disagree_spread_over_the_range() -> None:
    rng = np.random.default_rng(0)
    quality = rng.normal(size=(3, 100)) + np.linspace(0, 3, 100)
    chosen = worth_rating(quality)
    ranks = relative_ranks(quality)
    spread, middle = ranks.std(axis=0), ranks.mean(axis=0)
    assert len(set(chosen.tolist())) == 30
    assert spread[chosen].mean() > 1.2 * spread.mean()
    bands = np.argsort(np.argsort(middle))[chosen] // 10
    assert np.bincount(bands).tolist() == [3] * 10


def test_statistics_follow_what_they_are_named_for(tmp_path: Path) -> None:
    photo = Image.open(make_photo(tmp_path / "a.png", 1, (256, 256)))
    noisy = np.asarray(photo).astype(float) + np.random.default_rng(0).normal(0, 20, (256, 256, 3))
    photo.save(tmp_path / "a.jpg", quality=5)
    size, brightness, contrast, sharpness, noise, colour, compression = range(7)

    def of(image: Image.Image) -> np.ndarray:
        return measure(np.asarray(image.convert("RGB")))

    plain = of(photo)
    assert of(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))[noise] > plain[noise] + 1
    assert of(photo.filter(ImageFilter.GaussianBlur(4)))[sharpness] < plain[sharpness]
    assert of(photo.convert("L"))[colour] == pytest.approx(0, abs=1e-9)
    assert of(Image.open(tmp_path / "a.jpg"))[compression] > plain[compression] + 0.5
    assert of(photo.resize((512, 512)))[size] == pytest.approx(plain[size] + 2)
    assert of(photo.point(lambda value: value / 2))[brightness] == pytest.approx(plain[brightness] / 2, rel=0.02)
    assert of(photo.point(lambda value: value / 2))[contrast] == pytest.approx(plain[contrast] / 2, rel=0.02)


def test_shipped_statistics_are_of_rated_datasets() -> None:
    found = shipped()
    assert set(found) == {"biq2021", "clive"}
    for one in found.values():
        assert (len(one.mean), len(one.deviation), one.n) == (7, 7, 300)
    far = Measured(1, (5.0, 250.0, 0.0, -1.0, -1.0, 0.0, 0.0), (0.0,) * 7)
    assert resemblance(found["clive"], found["biq2021"]) > 0.5 > resemblance(found["clive"], far)
