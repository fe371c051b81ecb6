"""What is installed: one import name, which folders of the user's own do not hide."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
# What lists, helps and published tables need; whatever else is installed is loaded where it is used.
LIGHT = {"bench", "click", "iqa-bench", "numpy", "pillow", "platformdirs", "scipy"}
OURS = {"bytes-per-pixel", "niqe", "qualiclip", "qualiclip-lite", "clipiqa"}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what the wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True, timeout=240)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """Return a working directory with packages of the user's own, each of which ends the program when imported."""
    for name in ("methods", "datasets", "results", "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise SystemExit('the user's own {name} was imported')\n")
    (tmp_path / "bench").mkdir()  # results of somebody's benchmark, say; a package of that name would be theirs to run
    return tmp_path


def listed(folder: Path, path: Path | None) -> set[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | (
        {"PYTHONPATH": str(path)} if path else {}
    )
    command = [sys.executable, "-m", "bench", "list", "methods"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return {line.split()[0] for line in done.stdout.splitlines() if line.strip()}


def test_the_wheel_installs_one_import_name(wheel: Path) -> None:
    assert {path.name for path in wheel.iterdir() if not path.name.endswith(".dist-info")} == {"bench"}
    assert (wheel / "bench" / "cite" / "papers.bib").is_file()
    assert (wheel / "bench" / "new" / "template" / "method.py.txt").is_file()


def test_folders_of_the_users_own_hide_nothing_of_the_wheel(wheel: Path, crowded: Path) -> None:
    assert listed(crowded, wheel) >= OURS


def test_folders_of_the_users_own_hide_nothing_of_the_editable_install(crowded: Path) -> None:
    assert listed(crowded, None) >= OURS


@pytest.mark.parametrize(
    "command", [["--help"], ["list", "datasets"], ["list", "methods"], ["list", "methods", "niqe"], ["table", "--help"]]
)
@pytest.mark.slow
def test_lists_and_helps_need_few_packages(command: list[str], tmp_path: Path) -> None:
    """As in an environment that lacks the others: whoever loads one of them there ends with its name."""
    program = f"""
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from bench.cli import main

light = {LIGHT!r}
others = {{name for name, owners in packages_distributions().items() if not light & set(map(str.lower, owners))}}

class Missing:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name in others else None

    def create_module(self, spec):
        raise ModuleNotFoundError(f"No module named {{spec.name!r}}")

sys.meta_path.insert(0, Missing())
sys.exit(main({command!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_an_index_shows_the_readme_without_links_that_lead_nowhere(wheel: Path) -> None:
    (about,) = (metadata.PathDistribution(path).metadata for path in wheel.glob("*.dist-info"))
    shown = str(about.get_payload())
    assert shown.startswith("# bench\n")
    assert about["Description-Content-Type"] == "text/markdown"
    assert "docs/guides/shell.md" in shown
    assert not re.search(r"\]\((?!https?://)", shown)


def test_the_workflow_tries_a_base_install_on_every_system() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    base = workflow["jobs"]["base"]
    assert {name.partition("-")[0] for name in base["strategy"]["matrix"]["os"]} == {"ubuntu", "macos", "windows"}
    assert base["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    (tests,) = [step["run"] for step in base["steps"] if step.get("run", "").startswith("pytest")]
    named = [word for word in shlex.split(tests) if word.endswith(".py")]
    assert named
    assert all((ROOT / name).is_file() for name in named)
