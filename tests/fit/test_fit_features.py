"""`bench fit --features`: regressions from frozen features to people's scores."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import planted
import pytest
from conftest import Ran
from planted import Colours, colours, dataset, linear

from bench.api import FloatArray, Photo, Resize
from bench.errors import BenchError, ImageError, UsageError
from bench.fit import features as extraction
from bench.fit import regression
from bench.fit.data import check_datasets, extract_features
from bench.plugins import registry
from bench.plugins.pristine_distance import summed_up
from bench.runs import runner, scoring
from bench.runs.entry import Entry
from bench.runs.jobs import Settings
from bench.runs.store import Store
from bench.stats import content_folds

Bench = Callable[..., Ran]
OF = colours(1, 40)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours remembers nothing of another test and of no other process, and the command line knows it."""
    monkeypatch.setattr(scoring, "FEW", 1000)
    monkeypatch.setattr(Colours, "measured", [])
    monkeypatch.setattr(Colours, "refuse", set())
    monkeypatch.setitem(registry.catalogue().methods, "colours", Colours)


def fitted(store: Store, target: str, seed: int = 0) -> Entry:
    (found,) = (
        e
        for e in store.entries()[0]
        if e.fitted and e.meta["dataset"]["id"] == target and e.protocol.split == f"random:{seed}"
    )
    return found


def predictions(store: Store, target: str, seed: int = 0) -> dict[str, float]:
    frame = fitted(store, target, seed).scores()
    return dict(zip(frame["image"], frame["score"], strict=True))


# --- the regression ---


def test_ridge_recovers_a_linear_truth_on_another_dataset(store: Store, tmp_path: Path) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    other = colours(2, 40)
    test = dataset(tmp_path / "b", other, linear(other))
    planted.fit(store, train, test, splits=1)
    frame = fitted(store, "b").scores()
    # An alpha of 0.01 among 32 standardised images shrinks by some 0.01 / 32.
    np.testing.assert_allclose(frame["score"], frame["mos"], atol=1e-3 * np.ptp(linear(OF)))
    assert fitted(store, "b").meta["sessions"][0]["alpha"] == 0.01


def ridge_errors(x: np.ndarray, y: np.ndarray, folds: np.ndarray) -> dict[float, float]:
    """Squared error of each alpha on the folds, by the normal equations; independent of scikit-learn."""
    errors = {}
    for alpha in regression.GRID["ridge"]:
        total = 0.0
        for fold in np.unique(folds):
            kept, held = folds != fold, folds == fold
            mean, spread = x[kept].mean(0), x[kept].std(0)
            z, level, scale = (x - mean) / spread, y[kept].mean(), y[kept].std()
            gram = z[kept].T @ z[kept] + alpha * np.eye(x.shape[1])
            weights = np.linalg.solve(gram, z[kept].T @ ((y[kept] - level) / scale))
            total += float(((z[held] @ weights * scale + level - y[held]) ** 2).sum())
        errors[alpha] = total
    return errors


def test_alpha_is_the_one_with_the_least_error_on_content_disjoint_folds() -> None:
    rng = np.random.default_rng(5)
    contents = [f"r{i // 4}" for i in range(80)]
    x = rng.normal(size=(80, 30)) + np.repeat(rng.normal(size=(20, 30)), 4, axis=0)
    y = x[:, :5].sum(axis=1) + rng.normal(0, 1, 80)
    errors = ridge_errors(x, y, content_folds(contents, regression.FOLDS))
    best = min(errors, key=lambda alpha: errors[alpha])
    assert best not in (regression.GRID["ridge"][0], regression.GRID["ridge"][-1])
    assert regression.choose("ridge", x, y, contents) == best
    # Folds of images alone would choose another: contents matter here.
    assert regression.choose("ridge", x, y, [str(i) for i in range(80)]) != best


def test_equally_good_values_take_the_most_regularised() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    assert regression.choose("ridge", x, np.ones(20), [str(i) for i in range(20)]) == 1e5


def test_support_vectors_follow_a_truth_that_no_line_does() -> None:
    x = np.random.default_rng(4).uniform(-2, 2, (120, 1))
    y = 30 + 10 * x[:, 0] ** 2
    fit = regression.fit("svr", x, y, [str(i) for i in range(120)])
    assert fit.chosen in regression.GRID["svr"]
    np.testing.assert_allclose(fit.predict(np.array([[-1.0], [0.0], [1.5]])), [40, 30, 52.5], atol=2)


# --- what is fitted on what ---


def test_labels_of_the_test_part_change_no_prediction(store: Store, tmp_path: Path) -> None:
    mos = linear(OF) + np.random.default_rng(0).normal(0, 100, 40)
    train = dataset(tmp_path / "a", OF, mos)
    planted.fit(store, train, splits=2)
    test = {sample.name for sample in train.split("random:0").samples}
    changed = np.array([-1e6 if f"{i}.png" in test else label for i, label in enumerate(mos)])
    other = Store(tmp_path / "other")
    planted.fit(other, dataset(tmp_path / "a", OF, changed), splits=2)
    assert predictions(store, "a") == predictions(other, "a")
    # In the other split some of the changed labels are trained on: the test can see a leak.
    assert predictions(store, "a", 1) != predictions(other, "a", 1)


def test_no_content_is_on_both_sides_of_a_split_or_of_a_fold(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[list[str]] = []
    whole = regression.fit

    def spy(kind, x, y, contents):  # type: ignore[no-untyped-def]
        given.append(list(contents))
        return whole(kind, x, y, contents)

    monkeypatch.setattr(regression, "fit", spy)
    train = dataset(tmp_path / "a", OF, linear(OF), references=4)
    planted.fit(store, train, splits=2)
    for seed, contents in enumerate(given):
        tested = set(fitted(store, "a", seed).scores()["reference"])
        assert len(tested) == 2
        assert set(contents) == {f"r{i}" for i in range(10)} - tested


def test_an_image_without_features_is_recorded_and_left_out_of_the_fit(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    test = train.split("random:0").samples[0].name
    training = train.split("random:0:training").samples[0].name
    monkeypatch.setattr(Colours, "refuse", {test, training})
    planted.fit(store, train, splits=1)
    entry = fitted(store, "a")
    assert entry.meta["failures"] == [{"image": test, "error": "I do not like it"}]
    assert (entry.meta["scored"], entry.sessions[0]["fitted_on"]) == (7, 31)
    assert entry.sessions[0]["left_out"] == 1


def test_the_entry_is_like_any_other_on_the_same_images(store: Store, tmp_path: Path) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    planted.fit(store, train, splits=1)
    (other,) = runner.run([planted.ready()], train, store, Settings(), split="random:0")
    entry = fitted(store, "a")
    assert entry.meta["identity"]["dataset"] == other.entry.meta["identity"]["dataset"]
    assert entry.protocol == other.entry.protocol
    assert list(entry.scores()["image"]) == list(other.entry.scores()["image"])
    method = entry.meta["method"]
    assert (method["name"], method["label"]) == ("fit:colours", "fit:colours[train=a,ridge]")
    assert (method["opinion_aware"], method["family"]) == (True, "MOS-trained")
    assert (method["trained_on"], method["selected_on"]) == (["a", "ava"], ["spaq"])


def test_what_was_fitted_on_dmos_is_declared_lower_is_better(store: Store, tmp_path: Path) -> None:
    train = dataset(tmp_path / "a", OF, -linear(OF), direction="lower")
    planted.fit(store, train, splits=1)
    entry = fitted(store, "a")
    assert entry.method.higher_is_better is False
    np.testing.assert_allclose(entry.scores()["score"], entry.scores()["mos"], atol=1)


@pytest.mark.parametrize("change", ["labels", "regression", "contents"])
def test_what_determines_the_coefficients_is_in_the_fingerprint(store: Store, tmp_path: Path, change: str) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    planted.fit(store, train, splits=1)
    if change == "regression":
        planted.fit(store, train, splits=1, regression="svr")
    elif change == "labels":
        planted.fit(store, dataset(tmp_path / "a", OF, linear(OF) + 1), splits=1)
    else:
        planted.fit(store, dataset(tmp_path / "a", OF, linear(OF), references=2), splits=1)
    assert len({entry.meta["identity"]["method"]["fingerprint"] for entry in store.entries()[0]}) == 2


# --- features ---


def test_rows_are_summed_up_by_mean_and_deviation_of_the_finite_ones() -> None:
    rows = np.array([[1.0, 2], [3, 8], [np.nan, 5], [np.inf, 1]])
    np.testing.assert_allclose(summed_up(rows), [2, 5, 1, 3])
    np.testing.assert_allclose(summed_up(rows[:1]), [1, 2, 0, 0])
    with pytest.raises(ImageError, match="all 2 rows of its features contain NaN or infinity"):
        summed_up(rows[2:])


def test_extraction_goes_on_after_a_stop_and_then_has_nothing_to_do(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    features = Colours.features

    def stops(self, photo):  # type: ignore[no-untyped-def]
        if len(self.measured) == extraction.PART + 3:
            raise KeyboardInterrupt
        return features(self, photo)

    monkeypatch.setattr(Colours, "features", stops)
    with pytest.raises(KeyboardInterrupt):
        planted.fit(store, train)
    monkeypatch.setattr(Colours, "features", features)
    (stored,) = store.root.glob("features/a/*/*.npz")
    assert [done.new for done in planted.fit(store, train, splits=1)] == [1]
    (added,) = {*store.root.glob("features/a/*/*.npz")} - {stored}
    assert sorted(np.load(added)["images"]) == sorted(sample.name for sample in train.samples[extraction.PART :])
    Colours.measured.clear()
    assert [done.new for done in planted.fit(store, train, splits=1)] == [0]
    assert [done.new for done in planted.fit(store, train, splits=2)] == [1]
    assert Colours.measured == []


class Poisoned(Colours):
    """Ends its process at one photograph."""

    def features(self, photo: Photo) -> FloatArray:
        if photo.name == "3.png":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().features(photo)


def test_an_image_that_kills_its_process_is_recorded_and_the_rest_has_its_features(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    here = extract_features(planted.ready(), train, Settings(Resize()), tmp_path / "here").features
    monkeypatch.setattr(scoring, "FEW", 32)
    there = extract_features(planted.ready(Poisoned), train, Settings(Resize()), store.root).features
    assert list(there.errors) == ["3.png"]
    assert "killed" in there.errors["3.png"]
    assert len(there) == len(here) == 40
    for name, vector in there.vectors.items():
        np.testing.assert_array_equal(vector, here.vectors[name])


def test_another_image_or_another_resize_is_measured_anew(store: Store, tmp_path: Path) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    extract_features(planted.ready(), train, Settings(Resize()), store.root)
    extract_features(planted.ready(), train, Settings(Resize(short=3)), store.root)
    assert len(Colours.measured) == 80
    extract_features(
        planted.ready(), dataset(tmp_path / "a", colours(9, 40), linear(OF)), Settings(Resize()), store.root
    )
    assert len(Colours.measured) == 120


def test_a_damaged_part_is_told_by_name(store: Store, tmp_path: Path) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    extract_features(planted.ready(), train, Settings(Resize()), store.root)
    part = next(store.root.glob("features/a/*/*.npz"))
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(UsageError, match=rf"{part.name} cannot be read as features .*remove it"):
        extract_features(planted.ready(), train, Settings(Resize()), store.root)


def test_a_pickle_in_a_part_is_not_run(store: Store, tmp_path: Path) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    extract_features(planted.ready(), train, Settings(Resize()), store.root)
    part = next(store.root.glob("features/a/*/*.npz"))
    np.savez(part, images=np.array([print], dtype=object), vectors=np.ones((1, 6)), failed=[], errors=[])
    with pytest.raises(UsageError, match="cannot be read as features"):
        extract_features(planted.ready(), train, Settings(Resize()), store.root)


def test_features_of_changing_width_are_their_authors_mistake(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Colours, "features", lambda self, photo: np.ones((1, 2 + (photo.name == "3.png"))))
    with pytest.raises(BenchError, match="features of colours have different lengths"):
        extract_features(planted.ready(), dataset(tmp_path / "a", OF, linear(OF)), Settings(Resize()), store.root)


def test_no_features_at_all_is_a_mistake_with_a_reason(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    monkeypatch.setattr(Colours, "refuse", {sample.name for sample in train.samples})
    with pytest.raises(UsageError, match=r"no features of any image of 'a'.*I do not like it"):
        extract_features(planted.ready(), train, Settings(Resize()), store.root)


# --- the command ---


def test_the_command_fits_and_then_has_nothing_to_do(bench: Bench, tmp_path: Path, store: Store) -> None:
    dataset(tmp_path / "a", OF, linear(OF))
    dataset(tmp_path / "b", OF[:20], linear(OF)[:20])
    call = ("fit", "--features", "colours", "--train", tmp_path / "a", "--test", tmp_path / "b", "--splits", "2")
    done = bench(*call)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "fit:colours[train=a,ridge] on a: 2 splits fitted",
        "fit:colours[train=a,ridge] on b: 2 splits fitted",
    ]
    assert len(Colours.measured) == 60
    assert "on b: 0 splits fitted, 2 already stored" in bench(*call).out
    assert len(Colours.measured) == 60


def test_the_command_tells_of_images_without_features(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset(tmp_path / "a", OF, linear(OF))
    monkeypatch.setattr(Colours, "refuse", {"3.png"})
    done = bench("fit", "--features", "colours", "--train", tmp_path / "a", "--splits", "1")
    assert done.code == 0
    assert "no features: 3.png: I do not like it" in done.err
    assert "a: 1 of 40 images have no features" in done.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["niqe"], "--pristine and --output must be given"),
        (["--features", "colours"], "--train must be given"),
        (["--train", "a"], "--features must be given"),
        (
            ["niqe", "--features", "colours", "--train", "a"],
            "got METHOD and --features and --train, which",
        ),
        (["niqe", "--pristine", "a", "--output", "m", "--splits", "2"], "--splits, which cannot be combined"),
        (["--features", "bytes-per-pixel", "--train", "a"], "'bytes-per-pixel', which does not offer features"),
        (["--features", "colours", "--train", "a", "--test", "more/a"], "two datasets with the id 'a'"),
        (["--features", "colours", "--train", "few"], "has 1 different content(s) with label"),
        (["--features", "colours", "--train", "no"], "--train got 'no', which is neither a known id nor a path"),
        (
            ["--features", "colours", "--train", "sample"],
            "labels that compare only inside groups (reference, type)",
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(bench: Bench, tmp_path: Path, args: list[str], message: str) -> None:
    for name in ("a", "more/a"):
        dataset(tmp_path / name, OF[:8], linear(OF)[:8])
    dataset(tmp_path / "few", OF[:6], linear(OF)[:6], references=3)
    done = bench("fit", *args)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_dataset_without_labels_cannot_be_fitted_on(tmp_path: Path) -> None:
    train = dataset(tmp_path / "a", OF, linear(OF))
    bare = replace(train, samples=tuple(replace(sample, mos=None) for sample in train.samples))
    with pytest.raises(UsageError, match="has 0 different content"):
        check_datasets([bare], [bare], 1)
