"""Colours of messages: on a terminal that has them, and nothing else that steers it."""

from __future__ import annotations

import io

import pytest

from bench.io.colours import coloured, tell
from bench.io.visible import Screen


def said(monkeypatch: pytest.MonkeyPatch, text: str, *, terminal: bool = True) -> str:
    raw = io.BytesIO()
    screen = Screen(raw, encoding="utf-8", write_through=True)
    monkeypatch.setattr(screen, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr", screen)
    tell(text)
    screen.flush()
    return raw.getvalue().decode()


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_the_word_and_the_command_stand_out_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(monkeypatch, "bench: error: no \x1b[2Jfile: see `bench list`")
    assert text == "bench: \x1b[1;31merror:\x1b[0m no \\u001b[2Jfile: see \x1b[1m`bench list`\x1b[0m\n"
    assert coloured("bench: warning: x").startswith("bench: \x1b[1;33mwarning:\x1b[0m")
    assert coloured("an error: x") == "an error: x"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")])
def test_messages_are_plain_where_no_colours_are_wanted(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert said(monkeypatch, "bench: error: x") == "bench: error: x\n"


def test_messages_are_plain_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, "bench: error: x", terminal=False) == "bench: error: x\n"
    monkeypatch.setattr("sys.stderr", None)
    tell("nobody hears it")
