"""The contract, held over every registered method that is ready here without a download."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.api import Method
from bench.check.contract import made_photographs
from bench.io.images import prepare
from bench.plugins.registry import catalogue
from bench.runs.batches import score_photos
from bench.runs.jobs import Settings
from bench.runs.journal import Outcome

METHODS = catalogue().methods
READY = sorted(name for name, method in METHODS.items() if not method.missing())


@pytest.fixture(scope="module", params=READY)
def method(request: pytest.FixtureRequest) -> Method:
    return METHODS[request.param]()


@pytest.fixture(scope="module")
def alone(method: Method) -> list[Outcome]:
    return list(score_photos(method, made_photographs(), Settings(batch_size=1)))


def test_methods_of_every_kind_are_ready_here() -> None:
    assert {"bytes-per-pixel", "niqe", "pyiqa:piqe"} <= set(READY)


def test_scores_are_finite_and_in_the_declared_range(method: Method, alone: list[Outcome]) -> None:
    low, high = method.info.score_range
    for outcome in alone:
        assert outcome.error is None
        assert outcome.score is not None
        assert math.isfinite(outcome.score)
        assert low <= outcome.score <= high


def test_a_photograph_scores_the_same_alone_and_in_a_batch(method: Method, alone: list[Outcome]) -> None:
    batch = {o.image: o.score for o in score_photos(method, made_photographs(), Settings(batch_size=4))}
    assert batch == pytest.approx({o.image: o.score for o in alone}, rel=1e-5)


def test_scoring_leaves_the_pixels_alone(method: Method) -> None:
    (photo,) = made_photographs([(224, 224)])
    given = prepare(photo, method.info.input)
    before = given.pixels.copy()
    method.score([given])
    assert np.array_equal(given.pixels, before)


def test_a_second_instance_has_the_same_fingerprint(method: Method) -> None:
    assert type(method)().fingerprint == method.fingerprint


@pytest.mark.parametrize("name", sorted(METHODS))
def test_what_is_declared_is_complete(name: str) -> None:
    info = METHODS[name].info
    assert info.undeclared == ()
    assert info.batching in ("any", "same-size", "one")
    if info.family == "MOS-trained":
        assert info.opinion_aware
        assert info.trained_on
