"""Streams that are closed, full, or that nobody reads any more."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import make_photo

from bench.cli import streams
from bench.io.visible import Screen
from bench.runs.store import Store

BENCH = f"{sys.executable} -W ignore -m bench"
RUN = "run --method bytes-per-pixel --dataset photos --results results"


def shell(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of bash."""
    return subprocess.run(["bash", "-c", script], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


_SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "streams",
    ["2>&1 | true", pytest.param("2>&-", marks=_SLOW), "<&- >&- 2>&-", pytest.param("2>/dev/full", marks=_SLOW)],
)
def test_a_run_is_finished_whoever_listens(photos: Path, tmp_path: Path, streams: str) -> None:
    shell(f"({BENCH} {RUN}; echo $? > code) {streams}", tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "code").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)  # the pipeline may end before its first command
    assert (tmp_path / "code").read_text() == "0\n"
    (entry,) = Store(tmp_path / "results").entries()[0]
    assert (entry.complete, entry.scored) == (True, 8)
    assert [each.state for each in Store(tmp_path / "results").verify()] == ["ok"]


def test_worker_processes_run_where_nobody_listens(photos: Path, tmp_path: Path) -> None:
    done = shell(f"{BENCH} {RUN} --workers 2 2>&-", tmp_path)
    assert (done.returncode, "Traceback" in done.stdout) == (0, False)
    (entry,) = Store(tmp_path / "results").entries()[0]
    assert entry.scored == 8


def test_a_mistake_keeps_its_exit_code_where_nobody_reads_why(tmp_path: Path) -> None:
    assert shell(f"{BENCH} run --method nique --dataset sample 2>&-", tmp_path).returncode == 2
    assert shell(f"{BENCH} run --method nique --dataset sample 2>/dev/full", tmp_path).returncode == 2


@pytest.mark.slow
def test_a_check_that_failed_is_no_success_where_nobody_reads(photos: Path, tmp_path: Path) -> None:
    shell(f"{BENCH} {RUN}; {BENCH} check photos --update --reason first; rm -r results/runs", tmp_path)
    script = f"set -o pipefail; {BENCH} check photos | true"
    assert shell(script, tmp_path).returncode == 1


@pytest.mark.slow
def test_a_full_disk_under_stdout_is_an_error(tmp_path: Path) -> None:
    done = shell(f"{BENCH} list methods > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr == "bench: error: No space left on device\n"


@pytest.mark.slow
def test_scores_end_quietly_where_nobody_reads_on(tmp_path: Path) -> None:
    for i in range(40):
        make_photo(tmp_path / "many" / f"{i:02}.png", i)
    script = f"set -o pipefail; {BENCH} score many --method bytes-per-pixel --batch-size 1 --workers 1 | head -n 2"
    done = shell(script, tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
    assert "error" not in done.stderr


SLOW = """
import sys
sys.path.insert(0, {helpers!r})
import signal
import fakes
from bench.api import register
# Whoever runs the tests in the background may have it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
register(fakes.Slow)
from bench.cli import main
main()
"""


@pytest.mark.parametrize("form", ["text", *(pytest.param(form, marks=pytest.mark.slow) for form in ("csv", "json"))])
def test_an_interrupt_of_score_keeps_the_rows_that_were_printed(tmp_path: Path, form: str) -> None:
    for i in range(40):
        make_photo(tmp_path / "many" / f"{i:02}.png", i)
    command = [sys.executable, "-W", "ignore", "-c", SLOW.format(helpers=str(Path(__file__).parent / "helpers"))]
    command += ["score", "many", "--method", "slow", "--option", "slow.log=log", "--option", "slow.stop_at=20"]
    command += ["--batch-size", "4", "--workers", "1", "--format", form]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline, log = time.monotonic() + 60, tmp_path / "log"
    while not (log.is_file() and log.read_text().count("\n") >= 20) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "bench: interrupted"
    rows = json.loads(out) if form == "json" else out.splitlines()[1:]
    assert len(rows) == 16
    assert "15.png" in str(rows[-1])


class Console(io.RawIOBase):
    """What Python writes to on a console of Windows, which is no file."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self.written += bytes(data)
        return len(data)


def test_a_console_that_is_no_file_is_written_to_as_python_does() -> None:
    console = Console()
    stream = io.TextIOWrapper(io.BufferedWriter(console), "utf-8")
    screen = streams._protected(stream, stream, OSError)
    assert isinstance(screen, Screen)
    screen.write("niqe⁴\x1b[2J")
    screen.flush()
    assert console.written.decode() == "niqe⁴\\u001b[2J"


def test_files_and_pipes_of_windows_are_written_in_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_WINDOWS", True)
    with (tmp_path / "table.md").open("w", encoding="cp1252") as file:
        screen = streams._protected(file, file, OSError)
        screen.write("niqe⁴")
        screen.flush()
    assert (tmp_path / "table.md").read_bytes() == "niqe⁴".encode()
