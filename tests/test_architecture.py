"""What holds the shape of the code: who may import whom, and what start-up may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bench
from bench.cli import COMMANDS

ROOT = Path(bench.__file__).parent
HEAVY = ("torch", "pyiqa", "seaborn", "pandas", "matplotlib", "sklearn", "skimage", "accelerate", "open_clip")

# Lower layers may not import higher ones; inside a layer modules may.
LAYERS = [
    {"errors", "api", "progress"},
    {"images", "files", "options", "samples", "card", "typed", "stats", "distortions", "mvg", "overlap", "names"}
    | {
        "_across",
        "_bootstrap",
        "_comparison",
        "_correlation",
        "_draws",
        "_influence",
        "_interval",
        "_mapping",
    }
    | {"_krasula", "_opinions", "_splits", "_weighted_srcc", "checking", "mos_regression", "gradcam", "gmad", "_band"},
    {
        "registry",
        "ou",
        "shipped",
        "cards",
        "adapters",
        "sample_set",
        "store",
        "scoring",
        "fetching",
        "hashing",
        "unpacking",
        "extraction",
        "derived",
        "degraded",
        "variants",
    },
    {"places", "datasets", "fetch_plan", "dataset_fetching", "runner", "mos_parts", "mos_fits"},
    {"doctor", "importing", "evaluation", "leakage", "monitoring", "comparing", "reference", "regression", "cells"}
    | {"published", "protocols", "explaining", "pictures", "robustness", "invariance", "auditing"},
    {"tables", "averages", "significance", "versus", "render", "markup", "render_paper", "figures", "dataset_page"}
    | {"breakdown", "render_breakdown", "render_check", "render_significance", "render_versus"}
    | {"agreement", "render_published", "ratings", "opinions", "render_opinions", "cross_fitting"}
    | {"cross", "cross_average", "cross_records", "render_cross", "report"}
    | {"contest", "fitted", "throughput", "render_gmad", "render_robustness", "render_invariance"},
    {"cli", "__main__"},
]


def layer(module: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if module in names)


def imports(path: Path) -> set[str]:
    """First-level names under ``bench`` that a file imports anywhere, functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("bench.")}
    return found - {"__version__"}


FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    upward = {name for name in imports(path) if layer(name) > layer(own)}
    assert not upward, f"{own} imports {upward}, which lie above it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_harness_imports_no_method_by_name(path: Path) -> None:
    text = path.read_text()
    assert "bench.methods" not in text.replace('"bench.methods"', "").replace("``bench.methods``", "")


def test_methods_use_the_contracts_and_nothing_above() -> None:
    # Training shows its progress as a run does, and compares configurations as the store does; NIQE is one
    # case of the distance that `ou:NAME` measures in any method's features.
    allowed = {"api", "errors", "images", "distortions", "progress", "options", "mvg"}
    for path in (ROOT.parent / "methods").rglob("*.py"):
        assert imports(path) <= allowed, path


def test_files_stay_small() -> None:
    for path in [*ROOT.rglob("*.py"), *(ROOT.parent / "methods").rglob("*.py")]:
        assert len(path.read_text().splitlines()) <= 400, path


def loaded_by(*args: str) -> set[str]:
    code = (
        "import sys\nfrom bench.cli import main\ntry:\n    main(%r)\nexcept SystemExit as stop:\n"
        "    assert not stop.code, stop.code\nprint('|'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code % (list(args),)], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split("|"))


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["distort", "--help"],
        ["list", "datasets"],
        ["list", "methods"],
        ["list", "methods", "niqe"],
        ["list", "methods", "qualiclip"],
        ["list", "methods", "ou:qualiclip"],
        ["doctor"],
        ["doctor", "--help"],
        ["fit", "--help"],
        ["fetch", "weights", "--help"],
        ["fetch", "dataset", "--help"],
        ["train", "--help"],
        ["train", "qualiclip", "--help"],
        ["plot", "training", "--help"],
        ["report", "--help"],
        ["overlap", "--help"],
        ["check", "--help"],
        ["explain", "--help"],
        ["robustness", "--help"],
        ["invariance", "--help"],
    ],
    ids=" ".join,
)
def test_light_commands_import_nothing_heavy(args: list[str]) -> None:
    assert not loaded_by(*args) & set(HEAVY)


def test_datasets_is_no_package() -> None:
    # An importable top-level `datasets` would shadow Hugging Face's.
    assert not (ROOT.parent / "datasets" / "__init__.py").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_agrees_with_the_overview(name: str) -> None:
    import importlib

    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert command.name == name
    assert command.get_short_help_str(200) == COMMANDS[name][1]
    assert command.help
    for parameter in command.params:
        if parameter.param_type_name == "option" and parameter.name not in ("help",):
            assert getattr(parameter, "help", None) or parameter.name in ("form", "output"), parameter.name
