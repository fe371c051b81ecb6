"""Arguments of the Python API: one of a wrong kind ends in one sentence that names the parameter, before any work."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakes
import numpy as np
import pandas as pd
import pytest
import torch

import bench
from bench.errors import BenchError, UsageError


def brightness_of(image: Any) -> float:
    return float(image.width)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: bench.run(5, p), "methods got 5: give a text, a subclass of Method, a function or a list of such"),
        (lambda p: bench.run({"niqe": 1}, p), "methods got {'niqe': 1}: give a text"),
        (lambda p: bench.run(["niqe", 5], p), r"methods got \['niqe', 5\]"),
        (lambda p: bench.run(bench.Method, p), "methods got <class 'bench.*'>: give a subclass of bench.Method"),
        (lambda p: bench.run(bench.load("niqe"), p), "methods got niqe as an object: give its name or its class"),
        (lambda p: bench.run("niqe", None), "datasets got None: give a text, a path, a Dataset or a list of such"),
        (lambda p: bench.run("niqe", p, options="niqe.model=a"), "options got 'niqe.model=a': give a dict"),
        (lambda p: bench.run("niqe", p, roots={5: 5}), "roots got {5: 5}: give a dict whose keys are texts"),
        (lambda p: bench.run("niqe", p, split=5), "split got 5: give a text"),
        (lambda p: bench.run("niqe", p, resize=5), "resize got 5: give a text, a Resize or None"),
        (lambda p: bench.run("niqe", p, results=5), "results got 5: give a text, a path or None"),
        (lambda p: bench.run("niqe", p, strict="no"), "strict got 'no': give True or False"),
        (lambda p: bench.run("niqe", p, device="gpu"), "device got 'gpu': give auto, cpu, cuda, mps, one"),
        (lambda p: bench.run("niqe", p, batch_size="8"), "batch_size got '8': give a whole number"),
        (
            lambda p: bench.run(brightness_of, p, name="niqe", higher_is_better=True),
            "methods got a class or function with the name 'niqe', which another method has",
        ),
        (lambda p: bench.run(brightness_of, p, name="", higher_is_better=True), "name got ''"),
        (lambda p: bench.run("niqe", p, batch_size=True), "batch_size got True: give a whole number"),
        (lambda p: bench.score(p, "niqe", workers="a"), "workers got 'a': give a whole number or None"),
        (lambda p: bench.load("niqq"), "method got 'niqq', which is not a known method"),
        (lambda p: bench.load_results(5), "results got 5"),
        (lambda p: bench.load_results(methods=5), "methods got 5: give a text or a list of such"),
        (lambda p: bench.load_dataset(5), "dataset got 5: give a text, a path or a Dataset"),
        (lambda p: bench.load_dataset("sample", split=5), "split got 5"),
        (lambda p: bench.list_datasets(5), "roots got 5"),  # type: ignore[arg-type]
        (lambda p: bench.register(5), "register got 5: give a subclass of bench.Method"),  # type: ignore[type-var]
        (lambda p: bench.method(foo=1), "foo is no parameter of bench.method"),
        (lambda p: bench.method(brightness_of, higher_is_better="no"), "higher_is_better got 'no'"),  # type: ignore
        (lambda p: bench.method(brightness_of, name=5, higher_is_better=True), "name got 5"),  # type: ignore
        (lambda p: bench.method(brightness_of, higher_is_better=True, trained_on="koniq"), "trained_on got 'koniq'"),
        (lambda p: bench.method(brightness_of, higher_is_better=True, family="x"), "family got 'x': give one of hand-"),
        (lambda p: bench.method(brightness_of, higher_is_better=True, score_range=5), "score_range got 5"),
    ],
)
def test_an_argument_of_a_wrong_kind_is_named(call: Callable[[Path], Any], message: str, photos: Path) -> None:
    with pytest.raises(UsageError, match=message):
        call(photos)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.only(datasets=None), "datasets got None"),
        (lambda r: r.compare(5, "brightness"), "a got 5: give a text"),
        (lambda r: r.compare("brightness", brightness_of), "b got <function .*: give a text"),
        (lambda r: r.compare("zz", "brightness"), "A got 'zz', which has no stored result"),
        (lambda r: r.compare("brightness", "brightness"), "A and B got brightness and brightness, which are one row"),
        (lambda r: r.plot(5), "kind got 5: give 'ranking'"),
        (lambda r: r.table(5), "values got 5"),
        (lambda r: r.table(["srcc", 5]), r"values got \['srcc', 5\]"),
        (lambda r: r.table(interval="x"), "interval got 'x': give 'percentile', 'bca' or 't'"),
        (lambda r: r.table(intervals="no"), "intervals got 'no': give True or False"),
        (lambda r: r.table(by="type", draws=500), "by and draws do not go together"),
        (lambda r: r.published(5), "file got 5"),
        (lambda r: r.published("nofile.csv"), "file got nofile.csv, and there is no such file"),
        (lambda r: r.cross(), "^no regression is among the results"),
        (lambda r: r.report("r.html", gmad="niqe"), "gmad got 'niqe': give 2 values in brackets or None"),
        (lambda r: r.report("r.html", gmad=("brightness", "zz")), "B got 'zz', which has no stored result"),
    ],
)
def test_an_argument_of_results_of_a_wrong_kind_is_named(
    call: Callable[[bench.Results], Any], message: str, photos: Path
) -> None:
    results = bench.run(fakes.Brightness, photos)
    with pytest.raises(UsageError, match=message):
        call(results)


def test_series_may_be_of_any_kind(photos: Path) -> None:
    names = pd.Series(["bytes-per-pixel"])
    results = bench.run(names, (path for path in [photos]))  # type: ignore[arg-type]
    assert len(results) == 1
    assert len(results.only(methods={"bytes-per-pixel"})) == 1  # type: ignore[arg-type]
    assert len(results.table(names.to_numpy()[:0], draws=0).to_frame()) == 1


def test_a_list_in_a_declaration_is_taken_as_a_tuple() -> None:
    made = bench.method(brightness_of, higher_is_better=True, trained_on=["koniq"], family="MOS-trained")
    assert (made.info.trained_on, made.info.family) == (("koniq",), bench.Family.MOS_TRAINED)


def test_numbers_of_numpy_are_numbers(photos: Path) -> None:
    bench.run([brightness_of, fakes.Brightness], photos, higher_is_better=True, batch_size=np.int64(2))
    assert bench.load_results().compare("brightness_of", "brightness", margin=np.float32(0.1), draws=np.int32(100))
    with pytest.raises(UsageError, match="margin got True: give a number or None"):
        bench.load_results().compare("brightness_of", "brightness", margin=True)


@pytest.mark.parametrize("score", ["3", True, np.True_, b"1", np.array("3", dtype=object), torch.tensor(True)])
def test_what_is_no_number_is_no_score(photos: Path, score: object) -> None:
    def odd(image: object) -> float:
        return score  # type: ignore[return-value]

    with pytest.raises(BenchError, match=re.escape(f"the first failed so: TypeError: the score is {score!r}, not a")):
        bench.run(odd, photos, higher_is_better=True)
