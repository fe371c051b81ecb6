"""Regular expressions of cards end."""

from __future__ import annotations

import time

import pytest

from bench.errors import UsageError
from bench.io import patterns


@pytest.mark.parametrize("pattern", [r"(a|aa)+$", r"(a+)+$", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(x+x+)+y"])
def test_no_pattern_takes_years(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_MOST_SECONDS", 0.2)
    patterns._bounded.cache_clear()
    start = time.process_time()
    said = "the pattern is not found"
    try:
        assert patterns.search(pattern, "a" * 50 + "!" + "x" * 60) is None
    except UsageError as error:
        said = str(error)
    assert said == "the pattern is not found" or "of a card takes too long on names such as 'aaa" in said
    assert time.process_time() - start < 2
    patterns._bounded.cache_clear()


def test_many_slow_names_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns._bounded.cache_clear()
    bounded = patterns._bounded("a")
    bounded.left = 2.0

    class Slow:
        def search(self, text: str, timeout: float) -> None:
            if timeout < 0.1:
                raise TimeoutError
            time.sleep(0.06)

    monkeypatch.setattr(bounded, "compiled", Slow())
    for _ in range(5):
        patterns.search("a", "b")
    assert 0 < bounded.left < 1.75
    bounded.left = 0.09
    with pytest.raises(UsageError, match="takes too long"):
        patterns.search("a", "b")
    patterns._bounded.cache_clear()


def test_no_regular_expression_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="is no regular expression"):
        patterns.search("(", "a")
