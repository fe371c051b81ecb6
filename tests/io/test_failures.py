"""The first images that failed, in the words of every command."""

from __future__ import annotations

import pytest

from bench.io.progress import say_failures


def test_five_are_named_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    say_failures([(f"{i}.png", "no\nfile") for i in range(7)], where="scores.parquet")
    lines = capsys.readouterr().err.splitlines()
    assert (lines[0], len(lines)) == ("  failed: 0.png: no file", 6)
    assert lines[-1] == "  and 2 more, all listed in scores.parquet"
    say_failures([("a.png", "too small")], "no features")
    say_failures([])
    assert capsys.readouterr().err == "  no features: a.png: too small\n"
