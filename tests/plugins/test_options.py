from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import fakes
import pytest

from bench.api import option
from bench.errors import UsageError
from bench.plugins import options


def test_texts_become_typed_values() -> None:
    built = options.build(
        fakes.Picky, {"gain": "2.5", "repeat": "3", "invert": "yes", "mode": "max", "model": "a/b.npz", "fail": "x"}
    )
    assert built == fakes.PickyOptions("x", 2.5, 3, True, "max", Path("a/b.npz"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("gain", "nan", "use a finite number"),
        ("gain", "much", "picky.gain got 'much': use a value of type float"),
        ("repeat", "1.5", "picky.repeat got '1.5': use a value of type int"),
        ("invert", "maybe", "picky.invert got 'maybe': use true or false"),
        ("mode", "median", "picky.mode got 'median': use one of mean, max"),
        ("gian", "1", "method 'picky' has no option 'gian'. Did you mean 'gain'"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_got(name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        options.build(fakes.Picky, {name: text})


def test_a_method_may_have_colons_and_dots_in_its_name() -> None:
    assert options.split_assignment("pyiqa:v1.5.size=3=4") == ("pyiqa:v1.5", "size", "3=4")


@pytest.mark.parametrize("text", ["niqe", "niqe.model", "model=3", ".x=1", "niqe.=1"])
def test_a_malformed_assignment_shows_the_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"write METHOD\.NAME=VALUE"):
        options.split_assignment(text)


def test_an_option_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"niqe\.model is given twice"):
        options.group(["niqe.model=a", "niqe.model=b"])


def test_identity_leaves_paths_to_the_fingerprint_and_the_label_shows_them() -> None:
    built = options.build(fakes.Picky, {"model": "far/away.npz", "gain": "2"})
    assert options.identity(built) == {"fail": "3", "gain": 2.0, "repeat": 1, "invert": False, "mode": "mean"}
    assert options.label("picky", built) == "picky[gain=2.0,model=away.npz]"
    assert options.label("picky", fakes.PickyOptions()) == "picky"


def test_a_type_that_no_text_can_give_is_refused_where_it_is_written() -> None:
    @dataclass(frozen=True)
    class Odd:
        sizes: tuple[int, ...] = option((1, 2), help="no way to write it")

    with pytest.raises(TypeError, match="cannot have the type"):
        options.describe_options(Odd)


def test_optional_types_take_what_they_are_when_given() -> None:
    @dataclass(frozen=True)
    class Maybe:
        size: int | None = option(None, help="or not")
        mode: Literal["a", "b"] | None = option(None, help="or not")

    method = type("Maybe", (fakes.Brightness,), {"Options": Maybe})
    assert options.build(method, {"size": "3", "mode": "b"}) == Maybe(3, "b")


def test_every_option_is_described() -> None:
    described = {o.name: (o.type, o.default) for o in options.describe_options(fakes.PickyOptions)}
    assert described["mode"] == ("mean|max", "mean")
    assert described["gain"] == ("float", 1.0)
