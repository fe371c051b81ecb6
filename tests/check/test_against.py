"""``bench check --against``: two commits of a method in a repository of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import make_photo
from PIL import Image

METHOD = """
from collections.abc import Sequence
from bench.api import Family, Method, MethodInfo, Photo, register
from own_package.level import level

@register
class Own(Method):
    info = MethodInfo(
        name="own", version="1", family=Family.HAND_CRAFTED, opinion_aware=False, trained_on=(), licence="MIT",
        score_range=(-1e9, 1e9), higher_is_better=True, citation="none", summary="for tests",
    )

    def score(self, photos: Sequence[Photo]) -> list[float]:
        return [level(photo.pixels) for photo in photos]
"""
GOOD = "def level(pixels):\n    return float(pixels.mean())\n"
POOR = "def level(pixels):\n    return float(pixels.mean()) + 40.0 * (int(pixels.sum()) % 7)\n"

Check = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """A repository with a good and then a poor method, rated photographs, and ``bench check`` on them."""
    code = tmp_path / "code"
    package = code / "own_package"
    package.mkdir(parents=True)
    about = tmp_path / "installed" / "own-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[bench.methods]\nown = own_package.metric\n")
    (package / "__init__.py").touch()
    (package / "metric.py").write_text(METHOD)
    git = ["git", "-C", str(code), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    for text in (GOOD, POOR):
        (package / "level.py").write_text(text)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", "change"], check=True)
    rows = ["image,score"]
    for i in range(60):
        path = make_photo(tmp_path / "rated" / f"{i:02}.png", i, (24, 16))
        rows.append(f"{path.name},{sum(Image.open(path).convert('L').tobytes()) / 384}")
    (tmp_path / "rated" / "scores.csv").write_text("\n".join(rows))
    paths = os.pathsep.join([str(tmp_path / "installed"), str(code), *filter(None, [os.environ.get("PYTHONPATH")])])

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "ignore", "-m", "bench", "check", "rated", "--method", "own", *words]
        environment = {**os.environ, "PYTHONPATH": paths}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return call


@pytest.mark.slow
def test_a_commit_that_made_a_method_worse_is_found(check: Check, tmp_path: Path) -> None:
    done = check("--against", "HEAD~1")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("worse  own on rated: SRCC 0.8")
    assert "bench: error: 1 of 1 results is worse than at HEAD~1" in done.stderr
    listed = subprocess.run(
        ["git", "-C", tmp_path / "code", "worktree", "list"], capture_output=True, text=True, check=True
    )
    assert len(listed.stdout.splitlines()) == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_the_same_code_gives_the_same_scores(check: Check) -> None:
    done = check("--against", "HEAD", "--format", "json")
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(done.stdout)
    assert (record["verdict"], record["changed"], record["n"]) == ("same scores", 0, 60)
    assert record["then"] == record["now"]


def test_what_cannot_be_compared_is_one_sentence(check: Check) -> None:
    unknown = check("--against", "nowhere")
    assert unknown.returncode == 2
    assert "--against got 'nowhere', which is no revision of" in unknown.stderr
    assert check("--against", "HEAD", "--fresh").returncode == 2
