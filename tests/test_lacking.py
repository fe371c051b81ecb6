"""What a run says of tests that were skipped because this machine lacks something."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import lacking
import pytest

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent
TESTS = """
import lacking
import pytest
from simulated import published_folder

@pytest.mark.parametrize("i", range(3))
@pytest.mark.skipif(lacking.PDFLATEX.path is None, reason=lacking.PDFLATEX.reason)
def test_latex(i): pass

def test_data(shared): pass

def test_published(): published_folder()

@pytest.mark.skipif(lacking.CHROMIUM.path is None, reason=lacking.CHROMIUM.reason)
def test_page(): pass

@pytest.mark.skip(reason="another")
def test_other(): pass
"""


@pytest.mark.parametrize(
    ("path", "outcomes", "said"),
    [
        (
            None,
            {"skipped": 7},
            ["skipped: 1 for no chromium, 3 for no pdflatex, 2 for no ../shared; `make setup` says"],
        ),
        ("here", {"skipped": 1, "passed": 6}, []),
    ],
)
def test_what_was_skipped_for_want_of_something_is_one_line(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    path: str | None,
    outcomes: dict[str, int],
    said: list[str],
) -> None:
    for name in ("CHROMIUM", "PDFLATEX", "REAL_DATA"):
        monkeypatch.setattr(lacking, name, replace(getattr(lacking, name), path=path))
    pytester.makeconftest((HERE / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(TESTS)
    ran = pytester.runpytest_inprocess("-q", "-p", "no:timeout", "-p", "no:hypothesispytest")
    ran.assert_outcomes(**outcomes)
    lines = [line for line in ran.outlines if "no " in line or "make setup" in line]
    assert [line.partition(" how to get")[0] for line in lines] == said


def how_to_get(folder: Path, *present: str) -> list[str]:
    """Ask on a machine that has nothing but the given files below a folder."""
    script = folder / "checkout" / "tests" / "helpers" / "lacking.py"
    script.parent.mkdir(parents=True)
    script.write_text((HERE / "helpers" / "lacking.py").read_text(encoding="utf-8"))
    for name in present:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch(0o755)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, env={"PATH": str(folder / "bin")}
    )
    return done.stdout.splitlines()


def test_each_thing_that_is_lacking_is_one_sentence_with_the_way_to_get_it(tmp_path: Path) -> None:
    chromium, pdflatex, real_data = how_to_get(tmp_path)
    assert chromium.endswith("are skipped: on Debian and Ubuntu, apt-get install chromium.")
    assert pdflatex.endswith("are skipped: on Debian and Ubuntu, apt-get install texlive-latex-recommended.")
    assert str(tmp_path / "shared" / "data") in real_data


def test_of_what_is_there_nothing_is_said(tmp_path: Path) -> None:
    (said,) = how_to_get(tmp_path, "bin/chromium", "shared/data/labels")
    assert said.startswith("pdflatex is not here")
