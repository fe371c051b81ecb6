"""A table of what was tried and what was lost, at the end of the fault suite."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Tally = Callable[[str, int, int], None]
_ROWS = pytest.StashKey[list[tuple[str, int, int]]]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Note an attack, how often it was tried, and how many scores were lost or wrong."""
    rows = request.config.stash.setdefault(_ROWS, [])

    def note(attack: str, tries: int, lost: int) -> None:
        rows.append((attack, tries, lost))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash.get(_ROWS, []):
        terminalreporter.section("faults")
        terminalreporter.write_line("| attack | tries | lost or wrong |\n|---|---|---|")
        for attack, tries, lost in rows:
            terminalreporter.write_line(f"| {attack} | {tries} | {lost} |")
