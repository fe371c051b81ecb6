"""Large tables are read column by column, and say what the row by row reader says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.datasets.card import TableSpec
from bench.datasets.readers import text
from bench.datasets.readers.large_text import Rows
from bench.errors import UsageError

# Pieces of which tables are made: separators, ends of lines, what is trimmed, quoted, missing or no number.
PIECES = ["a", "b.png", "1", "-2.5", "1e-7", "+3", ".5", "7.", "1e999", "inf", "nan", "NA", "0x1", "1_0", "é", ""]
MARKS = [",", ",", ",", ";", "\t", "\n", "\n", "\r\n", "\r", " ", '"', "#", "\x1c", "\u3000", "\ufeff"]


def read(data: bytes, large: int, patch: pytest.MonkeyPatch) -> object:
    """Return what is read when files of that size are large: header, rows and numbers, or the error."""
    patch.setattr(text, "LARGE", large)
    try:
        found = text.parse_text(data, "t.csv", TableSpec(files=()))
    except UsageError as error:
        return str(error)
    numbers = []
    for name in found.header:
        try:
            values = found.numbers(name, found.texts(name), ("", "nan", "na"))
            numbers.append([None if math.isnan(value) else value for value in values.tolist()])
        except UsageError as error:
            numbers.append(str(error))  # type: ignore[arg-type]
    return found.header, list(found.rows), [found.texts(name) for name in found.header], numbers


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*PIECES, *MARKS]), max_size=30))
def test_both_readers_agree_on_whatever_they_get(monkeypatch: pytest.MonkeyPatch, pieces: list[str]) -> None:
    data = "".join(["x,y\n", *pieces]).encode()
    assert read(data, 0, monkeypatch) == read(data, 2**40, monkeypatch)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfimage, score ,\r\na.png , 1 ,x\r\n,,\r\n\r\nb b.png,,y",
        "image;score\ncafé.png;1.5\n".encode(),
        b"image\tscore\na\t1\n",
    ],
)
def test_plain_tables_are_read_by_columns(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "LARGE", 0)
    assert isinstance(text.parse_text(data, "t.csv", TableSpec(files=())).rows, Rows)
    assert read(data, 0, monkeypatch) == read(data, 2**40, monkeypatch)


def test_rows_are_made_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "LARGE", 0)
    rows = text.parse_text(b"image,score\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(9)), "t.csv", SPEC).rows
    assert (rows[2], rows[-1]) == ({"image": "2", "score": "4"}, {"image": "8", "score": "64"})
    assert rows[:2] == [{"image": "0", "score": "0"}, {"image": "1", "score": "1"}]
    assert len(rows) == len(list(rows)) == 9


SPEC = TableSpec(files=())


@pytest.mark.parametrize("names", [["a/b.png", "c d.png"], ["./a", "b"], ["a//b"], ["a\\b"], ["x/../a"], ["a/"], []])
def test_names_at_once_are_names_one_by_one(names: list[str]) -> None:
    assert text.image_names("t.csv", names) == [text.image_name("t.csv", name) for name in names]


@pytest.mark.parametrize("names", [["a", ""], ["a", "b\x07"], ["."], ["a\nb"]])
def test_what_is_no_name_is_refused(names: list[str]) -> None:
    with pytest.raises(UsageError, match="is not an image name"):
        text.image_names("t.csv", names)


def test_missing_numbers_are_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "LARGE", 0)
    found = text.parse_text(b"image,score\na,NaN\nb,\nc,2\n", "t.csv", SPEC)
    np.testing.assert_array_equal(found.numbers("score", list("abc"), ("", "nan")), [np.nan, np.nan, 2])
    with pytest.raises(UsageError, match="column 'score' of image 'a' is 'NaN', not a number"):
        found.numbers("score", list("abc"))
