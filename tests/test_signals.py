"""Signals that stop a command, from its first import to its last line."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import make_photo

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="these are signals of POSIX")
SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"]
each_signal = pytest.mark.parametrize("name", SIGNALS)

# Whoever runs the tests in the background may have them ignored.
START = """
import signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
import bench.__main__

class AtImport:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.{name})

sys.meta_path.insert(0, AtImport())
sys.argv = ["bench", *{command!r}]
bench.__main__.main()
"""
BODY = """
import sys
sys.path.insert(0, {helpers!r})
import signal
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
import bench.__main__
import fakes
from bench.api import register
register(fakes.Slow)
bench.__main__.main()
"""


def python(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a script."""
    line = [sys.executable, "-W", "ignore", "-c", script]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@each_signal
@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("click", ["--help"]),
        ("bench.cli.streams", ["table"]),
        pytest.param("bench.cli.listing", ["list", "datasets"], marks=pytest.mark.slow),
        ("bench.cli.table", ["table"]),
        ("bench.datasets.catalogue", ["list", "datasets"]),
        pytest.param("torch", ["run", "--method", "qualiclip-lite", "--dataset", "sample"], marks=pytest.mark.slow),
    ],
)
def test_a_signal_during_an_import_ends_it_quietly(module: str, command: list[str], name: str, tmp_path: Path) -> None:
    done = python(START.format(module=module, name=name, command=command), tmp_path)
    assert (done.returncode, done.stdout) == (130, "")
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("bench: interrupted")


@each_signal
def test_a_run_that_is_stopped_keeps_what_it_has(name: str, tmp_path: Path) -> None:
    for i in range(20):
        make_photo(tmp_path / "many" / f"{i:02}.png", i)
    line = [sys.executable, "-W", "ignore", "-c", BODY.format(helpers=str(Path(__file__).parent / "helpers"))]
    line += ["run", "--dataset", "many", "--method", "slow", "--option", "slow.log=log", "--option", "slow.stop_at=10"]
    line += ["--batch-size", "2", "--workers", "1"]
    process = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline, log = time.monotonic() + 60, tmp_path / "log"
    while not (log.is_file() and log.read_text().count("\n") >= 10) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    kept = "bench: interrupted; finished work is kept, run the same command again to continue"
    assert err.splitlines()[-1] == kept
    assert "Traceback" not in err


def test_what_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    script = START.replace("bench.__main__.main()", "").replace("SIG_DFL)", "SIG_IGN)")
    script = script.format(module="-", name="SIGHUP", command=["--version"])
    done = python(f"{script}\nsignal.raise_signal(signal.SIGHUP)\nbench.__main__.main()", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_caller_of_main_has_its_handlers_again(bench: object) -> None:
    before = [signal.getsignal(getattr(signal, name)) for name in SIGNALS]
    assert bench("list", "methods").code == 0  # type: ignore[operator]
    assert [signal.getsignal(getattr(signal, name)) for name in SIGNALS] == before


@pytest.mark.parametrize("command", ["--help", pytest.param("list datasets", marks=pytest.mark.slow), "table"])
def test_streams_that_nobody_reads_are_no_crash(command: str, tmp_path: Path) -> None:
    bench = f"{sys.executable} -W ignore -m bench {command}"
    wanted = 2 if command == "table" else 0  # there are no results
    for streams in (">&-", "2>&-", "<&- >&- 2>&-", "| head -n 1 >&4", "| true", "2>&1 | true"):
        errors = "" if "2>" in streams else "2>&3"
        script = f"exec 3>errors 4>/dev/null; set -o pipefail; ({bench}) {errors} {streams}"
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, timeout=120, check=False)
        assert done.returncode == wanted, streams
        assert "Traceback" not in (tmp_path / "errors").read_text()
        assert "Exception ignored" not in (tmp_path / "errors").read_text()
