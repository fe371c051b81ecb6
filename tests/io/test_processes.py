"""Processes are ended on every system, by what it has for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from as_windows import LACKING

from bench.io import processes

POSIX = pytest.mark.skipif(os.name == "nt", reason="as another system does it")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as started:
        yield started
        started.terminate()


@pytest.fixture
def as_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    for holder, name in LACKING:
        monkeypatch.delattr(holder, name)


def test_a_process_is_ended_at_once(sleeper: subprocess.Popen[bytes]) -> None:
    processes.end_process(sleeper.pid)
    assert sleeper.wait(20) != 0
    processes.end_process(sleeper.pid)  # which has ended


@POSIX
@pytest.mark.usefixtures("as_windows")
def test_a_process_is_ended_without_groups_and_sigkill(sleeper: subprocess.Popen[bytes]) -> None:
    processes.lead_group()
    processes.end_group(sleeper.pid)
    assert sleeper.poll() is None
    processes.end_process(sleeper.pid)
    assert sleeper.wait(20) == -signal.SIGTERM


@POSIX
def test_a_process_that_ended_already_is_no_error_whatever_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(pid: int, number: int) -> None:
        raise PermissionError("access is denied")

    monkeypatch.setattr(os, "kill", refused)
    processes.end_process(1)


@POSIX
@pytest.mark.parametrize(("lost", "code"), [("", -9), ("del os.setpgid, os.killpg", 1)], ids=["group", "alone"])
def test_a_process_ends_itself_with_its_group_or_alone(lost: str, code: int) -> None:
    program = f"import os; {lost}\nfrom bench.io import processes\nprocesses.lead_group(); processes.end_own_group()"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == code
