"""What a table's value of another type is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bench.errors import UsageError
from bench.io.toml import fill


@dataclass(frozen=True)
class Kinds:
    text: str = ""
    count: int = 0
    share: float | None = None
    flag: bool = False
    names: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    layers: tuple[tuple[str, ...], ...] = ()
    roots: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    more: tuple[Inner, ...] = ()


@dataclass(frozen=True)
class Inner:
    text: str = ""


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("text", 1, "a string"),
        ("count", "1", "a whole number"),
        ("count", True, "a whole number"),
        ("share", "x", "a number"),
        ("flag", 1, "true or false"),
        ("names", "niqe", "a list of strings"),
        ("seeds", 1, "a list of whole numbers"),
        ("layers", "x", "a list of lists"),
        ("roots", "x", "a table of strings"),
        ("values", 3, "a table of tables"),
        ("more", 3, "a list of tables"),
    ],
)
def test_a_value_of_another_type_is_told_in_words(key: str, value: object, wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        fill(Kinds, {key: value}, "the file")
    assert str(caught.value) == f"the file: {key} is {value!r}: give {wanted}"
