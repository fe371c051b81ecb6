"""A bare function as a method: what it is handed, what it declares, and what identifies its scores."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import bench as api
from bench.api import UNKNOWN, Family
from bench.errors import UsageError
from bench.plugins.source_hash import hash_function

OFFSET = 1.0


def middle(image: Image.Image) -> float:
    return float(np.asarray(image).mean()) + helper()


def helper() -> float:
    return OFFSET


@dataclass
class Settings:
    gain: float


class Scorer:
    def __init__(self, gain: float) -> None:
        self.gain = gain

    def __call__(self, image: Image.Image) -> float:
        return self.gain


def digest(function: Callable[..., Any]) -> str:
    return hash_function(function).digest


def made(value: object) -> Callable[[Any], Any]:
    def function(image: Any) -> Any:
        return value

    return function


def test_nothing_is_declared_that_nobody_said() -> None:
    info = api.method(middle, higher_is_better=False).info
    assert (info.name, info.higher_is_better, info.opinion_aware) == ("middle", False, None)
    assert (info.family, info.trained_on) == (Family.UNDECLARED, (UNKNOWN,))


def test_more_can_be_declared() -> None:
    @api.method(name="own", higher_is_better=True, opinion_aware=False, trained_on=(), family=Family.HAND_CRAFTED)
    def function(image: Image.Image) -> float:
        return 0.0

    assert (function.info.opinion_aware, function.info.trained_on) == (False, ())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "x"}, "higher_is_better must be True or False"),
        ({"higher_is_better": True}, "name must be given"),
        ({"name": "two words", "higher_is_better": True}, "name got 'two words': give letters, digits"),
        ({"name": "x", "higher_is_better": True, "colour": "red"}, "colour is no parameter of bench.method"),
    ],
)
def test_mistakes_are_told_in_a_sentence(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        api.method(lambda image: 0.0, **given)


def test_a_function_that_needs_more_than_an_image_is_refused_by_name() -> None:
    def level(image, gain, *, channel):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    with pytest.raises(UsageError, match=r"^level needs gain, channel beside the image"):
        api.method(level, higher_is_better=True)


def test_it_is_handed_an_image_or_a_list_of_arrays(photos: Path) -> None:
    def one(image: Image.Image) -> int:
        assert (type(image), image.mode) == (Image.Image, "RGB")
        return image.width

    def many(images: list[Any]) -> Any:
        assert all(image.dtype == np.uint8 and image.shape == (40, 48, 3) for image in images)
        return torch.tensor([image.shape[1] for image in images])

    both = [api.method(one, higher_is_better=True), api.method(many, higher_is_better=True, batch=True)]
    assert api.run(both, photos).scores()["score"].tolist() == [48.0] * 16


def test_the_source_and_what_it_uses_identify_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(middle)
    assert digest(middle) == before
    monkeypatch.setitem(globals(), "OFFSET", 2.0)  # used by a function that it calls
    assert digest(middle) != before


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 2),
        ("a", "b"),
        ([1, 2], [1, 3]),
        ({"a": 1}, {"a": 2}),
        ({1}, {2}),
        (np.zeros(3), np.ones(3)),
        (Settings(1), Settings(2)),
        (Path("a"), Path("b")),
        (torch.zeros(3), torch.zeros(3).bfloat16()),
        (Scorer(1), Scorer(2)),
        (functools.partial(helper), functools.partial(made)),
    ],
)
def test_values_around_it_go_in_by_content(a: object, b: object) -> None:
    import copy

    assert digest(made(a)) == digest(made(copy.deepcopy(a))) != digest(made(b))
    assert not hash_function(made(a)).unknown


def test_weights_of_a_network_go_in() -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.BatchNorm2d(2)).eval()
    before = digest(made(net))
    assert digest(made(net)) == before
    torch.nn.init.zeros_(net[0].weight)
    after = digest(made(net))
    assert after != before
    assert digest(made(net.train())) != after


def test_defaults_partials_lambdas_and_callable_objects() -> None:
    def with_default(image: Any, gain: float = 1.0) -> float:
        return gain

    base = digest(with_default)
    with_default.__defaults__ = (2.0,)
    assert digest(with_default) != base
    assert digest(functools.partial(middle, a=1)) != digest(functools.partial(middle, a=2))
    a = [lambda image: 1.0, "a"]
    b = [lambda image: 1.0, "b"]
    assert digest(a[0]) == digest(b[0])  # type: ignore[arg-type] # the lambda alone, not its statement
    assert digest(Scorer(1)) != digest(Scorer(2))


def test_what_cannot_be_identified_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = (tmp_path / "log").open("w")
    with file:
        method = api.method(made(file), name="log", higher_is_better=True)
        method()
    assert "log uses value (TextIOWrapper), whose content does not identify its scores" in capsys.readouterr().err


@pytest.mark.parametrize("function", [len, eval("lambda image: 1")])
def test_without_a_source_it_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(
        UsageError, match=r"the source of '.*' cannot be read.*define a function in a file or in a cell"
    ):
        api.method(function, name="x", higher_is_better=True)()


def test_a_changed_function_is_scored_again(photos: Path) -> None:
    results = [api.run(made(value), photos, name="mine", higher_is_better=True) for value in (1.0, 2.0, 1.0)]
    assert [each.scores()["score"].unique().tolist() for each in results] == [[1.0], [2.0], [1.0]]
    keys = [each.entries[0].key for each in results]
    assert keys[0] == keys[2] != keys[1]
    assert results[0].entries[0].identity.method["fingerprint"] == digest(made(1.0))


def test_it_stays_in_this_process_whatever_the_workers(photos: Path) -> None:
    calls: list[int] = []

    def count(image: Any) -> float:
        calls.append(1)
        return 0.0

    frame = api.score(photos, count, higher_is_better=True, workers=4)
    assert len(frame) == len(calls) == 8


def test_a_function_that_returns_no_number_says_so(photos: Path) -> None:
    with pytest.raises(api.BenchError, match="nothing scored no image of photos; the first failed so: TypeError"):
        api.run(made(None), photos, name="nothing", higher_is_better=True)


@pytest.mark.parametrize(
    "script",
    [
        "from beside import level\n\ndef score(image):\n    return level(image)\n",
        "import beside\nlevel = beside.level\n\ndef score(image):\n    return level(image)\n",
        "import beside\n\ndef score(image):\n    return beside.level(image)\n",
        "def score(image):\n    from beside import level\n    return level(image)\n",
        "def score(image):\n    import beside\n    return beside.level(image)\n",
        "import packed.inner\n\ndef score(image):\n    return packed.inner.level(image)\n",
    ],
)
def test_modules_beside_the_script_are_a_part_of_the_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    (tmp_path / "own_script.py").write_text(script)
    helper = "from deeper import factor\n\ndef level(image):\n    return factor\n"
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "__init__.py").touch()
    for place in ("beside.py", "packed/inner.py"):
        (tmp_path / place).write_text(helper)
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for text in ("factor = 1\n", "factor = 2\n", "factor = 2  # the same\n"):
        (tmp_path / "deeper.py").write_text(text)
        for name in ("own_script", "beside", "deeper", "packed", "packed.inner"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        found.append(hash_function(importlib.import_module("own_script").score).digest)
    assert found[0] != found[1] == found[2]


def test_an_infinite_default_is_no_option_and_stays(photos: Path, tmp_path: Path) -> None:
    def capped(image: Any, most: float = float("inf"), gain: float = 2.0) -> float:
        return min(most, gain * float(np.asarray(image).mean()))

    results = api.run(capped, photos, results=tmp_path / "store", higher_is_better=True)
    (entry,) = results.entries
    assert entry.identity.method["options"] == {"gain": 2.0}
    assert entry.failed == 0
