"""The examples of CONTRIBUTING.md, tried as a newcomer would."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import Ran

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def example(language: str, start: str) -> str:
    found = re.search(rf"```{language}\n({re.escape(start)}.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


METHOD = example("python", "# methods/").split("\n", 1)[1]
FEATURES = example("python", "    def features")
IMPORTS = ("from bench.api import Family", "import numpy as np\n\nfrom bench.api import Family, FloatArray")
WITH_FEATURES = f"{METHOD.replace(*IMPORTS)}\n{FEATURES}"

DISTORTION = example("python", "# my_package/fog.py").split("\n", 1)[1]


def test_the_example_of_a_method_has_at_most_thirty_lines() -> None:
    code = [line for line in METHOD.splitlines() if line.strip()]
    assert len(code) <= 30


@pytest.mark.parametrize("code", [WITH_FEATURES, DISTORTION], ids=["method", "distortion"])
@pytest.mark.parametrize("tool", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]], ids=" ".join)
@pytest.mark.slow
def test_the_example_passes_the_projects_own_checks(tmp_path: Path, tool: list[str], code: str) -> None:
    path = tmp_path / "example.py"
    path.write_text(code)
    where = (
        # The cache of the whole check: without it, torch alone takes a minute or more.
        ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
        if tool == ["mypy"]
        else ["--config", str(ROOT / "pyproject.toml")]
    )
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *tool, *where, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def install(folder: Path, code: str, name: str = "contrast", group: str = "bench.methods") -> dict[str, str]:
    """Put the example where a package of somebody else would be, since a test writes nothing into the repository."""
    (folder / f"{name}_package.py").write_text(code)
    about = folder / f"{name}_package-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}_package\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}_package\n")
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{folder}", "BENCH_CACHE": str(folder / "cache")}


def command(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_of_a_method_runs(tmp_path: Path, photos: Path) -> None:
    environment = install(tmp_path, METHOD)
    out = command(environment, "run", "--method", "contrast", "--dataset", str(photos))
    assert "contrast on photos: scored 8, failed 0; SRCC" in out


def test_the_example_of_features_gives_a_row_of_its_own(tmp_path: Path, photos: Path) -> None:
    environment = install(tmp_path, WITH_FEATURES)
    fit, run = re.findall(r"^    bench ((?:fit|run).*ou:contrast.*)$", TEXT, re.MULTILINE)
    out = command(environment, *fit.replace("clean_photos", str(photos)).split())
    assert "fitted ou:contrast on 240 rows of 2 features of 8 photographs" in out
    out = command(environment, *run.replace("my_photos", str(photos)).split(), "--workers", "1")
    assert "ou:contrast[model=contrast.npz] on photos: scored 8, failed 0; SRCC" in out


def test_the_example_of_a_card_is_read(bench: Callable[..., Ran], photos: Path) -> None:
    (photos / "card.toml").write_text(example("toml", "id = "))
    (photos / "labels.csv").write_text("file_name,dmos,set,ref,distortion\nimages/0.png,3,test,r,blur\n")
    done = bench("run", "--method", "bytes-per-pixel", "--dataset", photos / "card.toml", "--allow-incomplete")
    assert done.code == 0, done.err
    assert "on mine: scored 1" in done.out


def add_lines(root: Path) -> None:
    """Add the lines that the table of "Add a statistic" names, each after the one line that it belongs after."""
    section = TEXT.split("## Add a statistic")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(.+?)` \| `(.+)` \| `(.+)` \|$", section.replace(r"\|", "¦"), re.MULTILINE)
    assert len(rows) == 7
    for name, after, new in rows:
        lines = (root / name).read_text(encoding="utf-8").split("\n")
        (place,) = [i for i, line in enumerate(lines) if line.strip() == after.replace("¦", "|")]
        indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
        lines.insert(place + 1, indent + new.replace("¦", "|"))
        (root / name).write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.slow
def test_the_example_of_a_statistic_is_in_tables(tmp_path: Path, photos: Path) -> None:
    for folder in ("bench", "datasets", "results"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module = example("python", "# bench/stats/goodman_kruskal.py").split("\n", 1)[1]
    (tmp_path / "bench/stats/goodman_kruskal.py").write_text(module)
    add_lines(tmp_path)
    program = (
        "import sys, doctest; sys.path.insert(0, sys.argv.pop(1)); import bench.stats.goodman_kruskal as module\n"
        "assert doctest.testmod(module) == (0, 1)\n"
        "from bench.cli import main; main(sys.argv[1:])"
    )

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    results = ["--results", str(tmp_path / "store")]
    command("run", "--method", "bytes-per-pixel", "--dataset", str(photos), *results)
    head = command("table", "--values", "srcc,gamma", "--draws", "0", *results).splitlines()[0]
    assert "SRCC" in head
    assert "gamma" in head
    (record,) = json.loads(command("table", "--format", "json", "--draws", "0", *results))
    assert -1 <= record["gamma"] <= 1
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", str(tmp_path / "bench")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.slow
def test_the_example_of_a_distortion_is_drawn_and_followed(tmp_path: Path, photos: Path) -> None:
    environment = install(tmp_path, DISTORTION, "fog", "bench.distortions")
    drawn, followed, _ = re.findall(r"^    bench ((?:distort|robustness|train) .*fog.*)$", TEXT, re.MULTILINE)
    out = command(environment, *drawn.replace("photo.jpg", str(photos / "images" / "0.png")).split())
    assert out == "0-distortions.png: 1 types at 5 levels\n"
    small = ["--count", "2", "--size", "64"]
    wanted = [*followed.replace("my_photos", str(photos)).replace("niqe", "bytes-per-pixel").split(), *small]
    out = command(environment, *wanted, "--format", "csv")
    assert {"fog", "jpeg", "weather"} <= set(re.split("[,\n]", out))


VIEW = example("python", "# bench/views/").split("\n", 1)[1]


@pytest.mark.parametrize("tool", [["ruff", "check"], ["ruff", "format", "--check"]], ids=" ".join)
def test_the_example_of_a_view_passes_the_projects_own_checks(tmp_path: Path, tool: list[str]) -> None:
    (tmp_path / "failures.py").write_text(VIEW)
    where = ["--config", str(ROOT / "pyproject.toml"), str(tmp_path / "failures.py")]
    done = subprocess.run([sys.executable, "-m", *tool, *where], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_a_view_is_an_option_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Callable[..., Ran], photos: Path
) -> None:
    from bench import views

    (tmp_path / "failures_view.py").write_text(VIEW)
    monkeypatch.syspath_prepend(tmp_path)
    line = example("python", '    "failures":').replace("bench.views.failures", "failures_view")
    named = {"ViewOption": views.ViewOption}
    monkeypatch.setattr(views, "VIEWS", {**views.VIEWS, **eval(f"{{{line.strip()}}}", named)})
    next(photos.rglob("3.png")).write_bytes(b"no picture")
    assert bench("run", "--method", "bytes-per-pixel", "--dataset", photos).code == 0
    module = importlib.import_module("bench.cli.table")
    try:
        command = importlib.reload(module).table
        written = CliRunner().invoke(command, ["--failures"]).output
        records = json.loads(CliRunner().invoke(command, ["--failures", "--format", "json"]).output)
    finally:
        monkeypatch.undo()
        importlib.reload(module)
    assert "| bytes-per-pixel | 1      |" in written
    assert records == [{"method": "bytes-per-pixel", "dataset": "photos", "failed": 1}]
