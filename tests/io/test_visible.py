"""Texts of others on their way to a terminal, a line or a spreadsheet."""

from __future__ import annotations

import io
import json

import pytest

from bench.errors import did_you_mean, listed
from bench.io.visible import Screen, brief, for_bars, one_line, quoted, spreadsheet_cell, visible

NASTY = "\x1b[2J\x07\x9b31m\x08\x00\u202egnp.\u2066\u200b\u200e\ufeff\x7f\r"


def test_nothing_hidden_is_left() -> None:
    shown = visible(f"a{NASTY}b")
    assert shown.isprintable()
    assert shown.startswith("a\\u001b[2J\\u0007\\u009b31m")
    assert visible("naïve 测试 \U0001f600 שלום\tx\n") == "naïve 测试 \U0001f600 שלום\tx\n"
    assert visible("name-\udcff").encode() == b"name-\\udcff"


def test_json_reads_back_what_was_spelled_out() -> None:
    assert json.loads(visible(json.dumps({"a": NASTY}, ensure_ascii=False))) == {"a": NASTY}


def test_one_line_is_one() -> None:
    for end in ("\n", "\r\n", "\u2028", "\x85", "\x0b", "\x0c"):
        assert len(one_line(f"a{end}bench: error: b").splitlines()) == 1


def test_a_name_of_5_mb_is_short() -> None:
    assert len(brief("a" * 5_000_000)) < 210
    assert brief("short") == "short"
    assert brief("\x1b" * 5_000_000).isprintable()


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"])
def test_a_spreadsheet_computes_no_text(text: str) -> None:
    assert spreadsheet_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["-1.5", "+3", "-1e-5", "-inf", "-", "niqe", "a=b", ""])
def test_numbers_and_plain_texts_stay(text: str) -> None:
    assert spreadsheet_cell(text) == text


def test_bars_move_the_cursor_where_nobody_else_does() -> None:
    data = io.BytesIO()
    screen = Screen(data, "utf-8")
    print("a\x1b[A\rb", file=screen)
    bars = for_bars(screen)
    assert bars is not None
    bars.write("\r50%\x1b[A")
    screen.raw = True
    screen.write("\x1b")
    screen.flush()
    assert data.getvalue() == b"a\\u001b[A\\u000db\n\r50%\x1b[A\x1b"
    assert bars == screen
    assert bars.encoding == "utf-8"


def test_names_are_quoted_with_hidden_characters_spelled_out() -> None:
    assert quoted("a\x1b\nb\u202e") == "'a\\u001b b\\u202e'"
    assert (quoted("it's"), quoted(None), quoted({"\x1b": 1})) == ('"it\'s"', "None", "{'\\u001b': 1}")
    assert listed(["a\x1bb", "c"]) == "a\\u001bb, c"
    assert "'a\\u001bb'" in did_you_mean("ab", ["a\x1bb"])
