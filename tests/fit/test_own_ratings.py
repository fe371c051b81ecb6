"""``bench fit --features --output`` and ``bench score --model``: a regression on somebody's own ratings."""

from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Ran
from planted import Colours, colours, dataset, linear

import bench as api
from bench.errors import UsageError
from bench.plugins import registry
from bench.plugins.own_ratings import derive, identity_of_features
from bench.plugins.rating_model import RatingModel, load_rating_model

Bench = Callable[..., Ran]
OF, NEW = colours(1, 30), colours(2, 6)
FIT = ("fit", "--features", "colours", "--train", "ratings", "--output", "model")


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command line knows Colours; ``ratings`` and ``new`` follow a linear truth."""
    monkeypatch.setattr(Colours, "measured", [])
    monkeypatch.setattr(Colours, "refuse", set())
    monkeypatch.setitem(registry.catalogue().methods, "colours", Colours)
    monkeypatch.setitem(registry.catalogue().methods, "fit:colours", derive(Colours))
    dataset(tmp_path / "ratings", OF, linear(OF))
    dataset(tmp_path / "new", NEW, linear(NEW))


def rated(bench: Bench, *args: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(bench("score", "new", *args, "--format", "json").out)
    return rows


def test_new_photographs_are_rated_in_the_units_of_the_ratings(bench: Bench) -> None:
    done = bench(*FIT)
    assert done.code == 0
    assert done.out == "model: fitted on 30 rated photographs; SRCC 1.000 on held-out ratings\n"
    rows = rated(bench, "--model", "model")
    np.testing.assert_allclose([row["score"] for row in rows], linear(NEW), atol=0.5)
    assert {(row["method"], row["better"]) for row in rows} == {("fit:colours[model=model]", "higher")}
    same = rated(bench, "--method", "fit:colours", "--option", "fit:colours.model=model")
    assert same == rows
    frame = api.score("new", "fit:colours", options={"fit:colours.model": "model"})
    assert frame["score"].tolist() == [row["score"] for row in rows]


def test_a_file_of_another_kind_is_not_replaced_by_a_model(bench: Bench) -> None:
    Path("model").write_text("def f(image): ...\n")
    done = bench(*FIT)
    assert (done.code, "--output got model, which is there and is a file of another kind" in done.err) == (2, True)
    assert (Path("model").read_text(), Colours.measured) == ("def f(image): ...\n", [])
    Path("model").unlink()
    assert bench(*FIT).code == bench(*FIT).code == 0


def test_a_support_vector_regression_predicts_as_scikit_learn_does(bench: Bench) -> None:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    bench(*FIT, "--regression", "svr")
    chosen = load_rating_model(Path("model"), "--model").about["C"]
    x, new = (np.hstack([of, np.zeros_like(of)]) for of in (OF, NEW))  # means, and deviations of one row
    peer = TransformedTargetRegressor(make_pipeline(StandardScaler(), SVR(C=chosen)), transformer=StandardScaler())
    expected = peer.fit(x, linear(OF)).predict(new)
    np.testing.assert_allclose([row["score"] for row in rated(bench, "--model", "model")], expected, rtol=1e-9)


def test_a_model_stands_beside_other_methods(bench: Bench) -> None:
    bench(*FIT)
    rows = rated(bench, "--method", "bytes-per-pixel", "--model", "model")
    assert [row["method"] for row in rows[:2]] == ["bytes-per-pixel", "fit:colours[model=model]"]


def test_a_copy_of_the_ratings_under_another_name_is_no_clean_number(bench: Bench) -> None:
    bench(*FIT)
    Path("ratings").rename("copy")
    results = api.run("fit:colours", ["copy", "new"], options={"fit:colours.model": "model"})
    why = {each["dataset"]: each["leakage_why"] for each in json.loads(results.table(draws=0).to_json())}
    assert why == {"copy": "trained on this dataset under another name", "new": ""}


def test_ratings_where_lower_is_better_stay_so(bench: Bench) -> None:
    bench(*FIT, "--lower-is-better")
    rows = rated(bench, "--model", "model", "--sort", "worst")
    assert {row["better"] for row in rows} == {"lower"}
    assert rows[0]["score"] == max(row["score"] for row in rows)


def test_the_resize_policy_of_the_fit_holds(bench: Bench) -> None:
    bench(*FIT, "--resize", "short:4")
    assert load_rating_model(Path("model"), "--model").about["resize"] == "short:4"
    assert "leave --resize out" in bench("score", "new", "--model", "model", "--resize", "none").err


def test_features_of_another_kind_are_refused_in_one_sentence(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench(*FIT)
    monkeypatch.setattr(Colours, "info", dataclasses.replace(Colours.info, version="2"))
    done = bench("score", "new", "--model", "model")
    assert done.code == 2
    assert "fitted on features of colours with version '1', and now it is '2'" in done.err


def changed(**arrays: Any) -> None:
    """Write a model with other arrays than it should have; None takes one out."""
    about = {"kind": "ridge", "ratings": "mine", "direction": "higher", "resize": "none"}
    k = dict.fromkeys(("feature_mean", "feature_scale", "coefficients"), np.ones(6))
    one = dict.fromkeys(("label_mean", "label_scale", "intercept"), np.ones(()))
    RatingModel(k | one, {**about, "features": identity_of_features(Colours())}).save(Path("model"))
    with np.load("model") as file:
        whole = {name: file[name] for name in file.files} | arrays
    with Path("hostile").open("wb") as out:
        np.savez(out, **{name: value for name, value in whole.items() if value is not None})


class Evil:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Path.touch, (Path("ran"),))  # type: ignore[return-value]


@pytest.mark.parametrize(
    "arrays",
    [
        {"coefficients": None},
        {"more": np.zeros(3)},
        {"coefficients": np.zeros(5)},
        {"coefficients": np.full(6, np.nan)},
        {"feature_scale": np.zeros(6)},
        {"coefficients": np.zeros(6, dtype=np.float32)},
        {"intercept": np.zeros(1)},
        {"about": np.array("{}")},
        {"about": np.array("[1]")},
        {"about": np.array("[" * 100_000)},
        {"coefficients": np.array([Evil()], dtype=object)},
    ],
)
def test_hostile_models_are_refused_in_one_sentence(bench: Bench, arrays: dict[str, Any]) -> None:
    changed()
    assert bench("score", "new", "--model", "hostile").code == 0  # as it is before anything is changed
    changed(**arrays)
    done = bench("score", "new", "--model", "hostile")
    assert done.code == 2
    assert "--model got hostile, which is no model" in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not Path("ran").exists()


def test_files_that_are_no_npz_are_refused(bench: Bench) -> None:
    for content in (b"", b"PK\x03\x04", pickle.dumps(Evil())):
        Path("hostile").write_bytes(content)
        assert "which is no model" in bench("score", "new", "--model", "hostile").err
    assert "cannot be read" in bench("score", "new", "--model", "absent").err
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((*FIT, "--splits", "3"), "one regression on all ratings, and --splits may not be given"),
        ((*FIT, "--train", "new"), "--train is given more than once"),
        (("fit", "--features", "colours", "--output", "model"), "--train must be given"),
        (("score", "new"), "--method and --model are missing"),
    ],
)
def test_mistakes_are_one_sentence(bench: Bench, args: tuple[str, ...], said: str) -> None:
    done = bench(*args)
    assert done.code == 2
    assert said in done.err


def test_too_few_ratings_are_refused(bench: Bench, tmp_path: Path) -> None:
    dataset(tmp_path / "ratings", OF[:1], linear(OF[:1]))
    assert "at least two are needed" in bench(*FIT).err
    dataset(tmp_path / "ratings", OF[:5], np.ones(5))
    assert "ratings are all 1: nothing can be fitted" in bench(*FIT).err


def test_without_a_file_the_method_says_how_to_get_one() -> None:
    with pytest.raises(UsageError, match=r"bench fit --features colours --train RATINGS --output FILE"):
        api.load("fit:colours")
