"""Names, titles and messages of others: none of them acts on the terminal, the line or the spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, make_photo

from bench.views.model import Value, View
from bench.views.shown import Views

Bench = Callable[..., Ran]
NASTY = "=1+1\x1b[2J\x9b\u202egnp\nbench: error: all is lost"
METHOD = ("--method", "bytes-per-pixel")


def shell(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of bench in a process of its own."""
    line = [sys.executable, "-W", "ignore", "-m", "bench", *command]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Two images with such names, one of them empty."""
    make_photo(tmp_path / "hostile" / f"{NASTY}.png", 1)
    (tmp_path / "hostile" / f"{NASTY}-empty.png").touch()
    return tmp_path / "hostile"


def is_harmless(text: str) -> bool:
    return text.replace("\n", "").replace("\t", "").isprintable()


COMMANDS = f"""
import contextlib
from bench.cli import main
name = {NASTY!r}
score = ["--method", "bytes-per-pixel"]
for command in (
    ["score", "hostile", *score],
    ["run", "--dataset", "hostile", *score],
    ["doctor", "hostile"],
    ["table"],
    ["overlap", "hostile", "hostile", "--names"],
    ["results", "list"],
    ["list", "methods", name],
    ["score", name + ".png", *score],
    [name],
):
    with contextlib.suppress(SystemExit):
        main(command)
"""


def test_file_names_and_arguments_steer_nothing(hostile: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-W", "ignore", "-c", COMMANDS]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert is_harmless(out)
    assert is_harmless(err.replace("\r", ""))  # bars go back to the beginning of their line
    assert "Traceback" not in err
    assert "scored 1, failed 1" in out
    assert not [line for line in (out + err).splitlines() if line.startswith("bench: error: all is lost")]


def test_csv_is_for_people_or_raw(tmp_path: Path) -> None:
    make_photo(tmp_path / "set" / "=1+1.png", 1)
    for raw, name in (((), "'=1+1.png"), (("--raw",), "=1+1.png")):
        done = shell("score", "set", *METHOD, "--format", "csv", *raw, cwd=tmp_path)
        (row,) = csv.DictReader(io.StringIO(done.stdout))
        assert (row["image"], float(row["score"]) > 0) == (name, True)
    (row,) = json.loads(shell("score", "set", *METHOD, "--format", "json", cwd=tmp_path).stdout)
    assert row["image"] == "=1+1.png"


@pytest.mark.parametrize("command", [["table"], ["score", "x", *METHOD], ["overlap", "x", "x"]])
def test_raw_is_for_csv(command: list[str], bench: Bench) -> None:
    done = bench(*command, "--raw")
    assert (done.code, done.out) == (2, "")
    assert "--raw is given with --format" in done.err


@pytest.fixture
def shown() -> Views:
    """A table whose every text is nasty."""
    texts = [NASTY, "<script>alert(1)</script>", "| a | [x](javascript:1) `b`", r"\input{x} $x$ % & _", "a" * 5_000_000]
    lines = [[Value(text, notes=(text[:500],)), Value("0.9", "", "best")] for text in texts]
    view = View(
        [Value("method"), Value("SRCC")], [(NASTY, lines)], (NASTY,), [{"method": text, "srcc": -0.5} for text in texts]
    )
    return Views((view,))


def test_no_form_of_a_table_lets_a_text_act(shown: Views) -> None:
    for text in (shown.to_markdown(), shown.to_html(), shown.to_latex(), shown.to_csv()):
        assert is_harmless(text)
    for text in (shown.to_markdown(), shown.to_html(), shown.to_latex()):
        assert len(text) < 20_000, "a name of 5 MB pads nothing"
    assert "<script" not in shown.to_html()
    assert r"\input" not in shown.to_latex()
    markdown = shown.to_markdown()
    assert {line.replace(r"\|", "").count("|") for line in markdown.splitlines() if line.startswith("|")} == {3}
    assert "<script" not in markdown.replace(r"\<", "")


def test_numbers_of_a_csv_stay_numbers(shown: Views) -> None:
    rows = list(csv.DictReader(io.StringIO(shown.to_csv().replace("a" * 5_000_000, "a"))))
    assert {row["srcc"] for row in rows} == {"-0.5"}
    assert rows[0]["method"].startswith("'=1+1\\u001b")
    assert NASTY in shown.to_csv(raw=True)
    assert shown.written("csv", raw=True) == shown.to_csv(raw=True)


def test_a_title_of_a_card_steers_nothing(tmp_path: Path) -> None:
    import bench

    shipped = Path(bench.__file__).parent.parent / "datasets" / "koniq.toml"
    if not shipped.exists():
        pytest.skip("the cards are not beside the package")
    text = shipped.read_text()
    title = next(line for line in text.splitlines() if line.startswith("title"))
    (tmp_path / "own.toml").write_text(
        text.replace(title, f"title = {json.dumps(NASTY)}").replace('id = "koniq"', 'id = "own"')
    )
    for command in (["list", "datasets", "own.toml"], ["doctor", "own.toml"]):
        done = shell(*command, cwd=tmp_path)
        assert "all is lost" in done.stdout + done.stderr
        assert is_harmless(done.stdout + done.stderr)


def test_an_ascii_terminal_gets_no_unfiltered_stream(hostile: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-W", "ignore", "-m", "bench", "score", "hostile", *METHOD]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, timeout=120, check=False, env=ascii_only)
    assert is_harmless(done.stdout.decode())
    assert is_harmless(done.stderr.decode().replace("\r", ""))  # bars go back to the beginning of their line
    assert b"bench: error" not in done.stderr


def test_a_card_s_pattern_ends(tmp_path: Path) -> None:
    make_photo(tmp_path / "set" / f"{'a' * 60}!.png", 1)
    (tmp_path / "set" / "mos.csv").write_text(f"image,mos\n{'a' * 60}!.png,3\n")
    (tmp_path / "own.toml").write_text(
        'id = "own"\ntitle = "own"\nkind = "authentic"\nlayouts = [["."]]\npattern = "^(?P<x>(a|aa)+)$"\nn = 1\n'
        'source = "here"\nlicence = "none"\ncitation = "none"\n'
        '[labels]\nfiles = ["mos.csv"]\nimage = "image"\nscore = "mos"\nrange = [1, 5]\ndirection = "higher"\n'
    )
    done = shell("run", *METHOD, "--dataset", "own.toml", "--root", "own=set", cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "takes too long on names such as" in line
