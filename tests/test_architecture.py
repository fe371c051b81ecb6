"""What holds the shape of the code: who may import whom, and what start-up may cost."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Container
from pathlib import Path

import pytest

import bench
from bench.cli import COMMANDS

ROOT = Path(bench.__file__).parent
HEAVY = ("torch", "pyiqa", "seaborn", "pandas", "matplotlib", "sklearn", "skimage", "accelerate", "open_clip")

# A package may import what stands in a line above its own, and nothing else of its own line.
LINES = [
    "errors defaults",
    "extras",
    "api",
    "io stats",
    "plugins",
    "distortions",
    "methods datasets",
    "runs overlap new",
    "tables fit",
    "views check",
    "figures cite",
    "gmad robustness explain",
    "report picking",
    "results",
    "studies",
    "cli",
]
LINE = {name: number for number, line in enumerate(LINES) for name in line.split()}
MOST_ROOMS = 26


def imports(path: Path) -> set[str]:
    """Return the modules of ``bench`` that a file imports anywhere, functions included, as ``tables.cell``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "bench":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bench."):
            found.add(node.module.removeprefix("bench."))
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("bench.") for alias in node.names if alias.name.startswith("bench.")}
    return found - {"__version__"}


FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or not path.name.startswith("__"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    others = {name.split(".")[0] for name in imports(path)} - {own}
    wrong = {name for name in others if LINE[name] >= LINE[own]}
    assert not wrong, f"{own} imports {wrong}, which do not stand above it"


def modules() -> dict[str, Path]:
    """Return every module of ``bench`` and of ``methods/``, by the name it is imported by."""
    found = {}
    for folder, name in ((ROOT, "bench"), (ROOT.parent / "methods", "bench.methods")):
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join([name, *parts]).removesuffix(".__init__")] = path
    return found


def needs(name: str, path: Path, known: Container[str]) -> set[str]:
    """Return the modules that a module imports, at its top, inside functions or for types alone."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            # `from package import module` needs the module, `from package import name` the package.
            parts = [f"{source}.{alias.name}" for alias in node.names]
            found |= {part if part in known else source for part in parts}
    return {module for module in found if module in known}


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = {name: path for name, path in modules().items() if name != "bench"}  # it imports nothing until it is asked
    graphlib.TopologicalSorter({name: needs(name, path, known) for name, path in known.items()}).prepare()


def test_every_room_has_a_line_and_they_are_few() -> None:
    rooms = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.name not in ("__pycache__", "py.typed")}
    rooms = {name for name in rooms if not name.startswith("__")}
    assert rooms <= set(LINE)
    assert len(rooms) <= MOST_ROOMS


def test_the_picture_of_the_packages_is_current() -> None:
    docs = ROOT.parent / "docs"
    drawn = subprocess.run([sys.executable, str(docs / "architecture.py")], capture_output=True, check=True)
    redraw = "draw it again: python docs/architecture.py > docs/architecture.svg"
    assert drawn.stdout.decode() == (docs / "architecture.svg").read_text(encoding="utf-8"), redraw


def test_statistics_know_arrays_alone() -> None:
    for path in (ROOT / "stats").glob("*.py"):
        assert {name for name in imports(path) if not name.startswith("stats")} <= {"api", "defaults"}, path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_harness_imports_no_method_by_name(path: Path) -> None:
    text = path.read_text()
    assert "bench.methods" not in text.replace('"bench.methods"', "").replace("``bench.methods``", "")


def test_methods_use_the_contracts_and_nothing_above() -> None:
    # Training shows its progress as a run does, and compares configurations as the store does; NIQE is one
    # case of the distance that `ou:NAME` measures in any method's features.
    allowed = {"api", "errors", "io", "distortions", "plugins.options", "plugins.gaussian"}
    for path in (ROOT.parent / "methods").rglob("*.py"):
        found = {name if name.startswith("plugins.") else name.split(".")[0] for name in imports(path)}
        assert found <= allowed, path


# Whose docstring lists their modules, so that a reader finds the file from the folder.
LISTED = (
    *("io", "plugins", "distortions", "datasets", "datasets/readers", "runs", "tables", "check", "fit", "overlap"),
    *("gmad", "robustness", "explain", "figures", "report", "cite", "picking"),
)


@pytest.mark.parametrize("package", LISTED)
def test_a_package_says_what_each_of_its_modules_does(package: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""
    listed = {name for line in text.splitlines() if line.startswith("* ") for name in re.findall("``([^`]*)``", line)}
    modules = {path.name.removesuffix(".py") for path in (ROOT / package).iterdir() if path.suffix in (".py", "")}
    assert listed >= {name for name in modules if not name.startswith("_") and name != "templates"}


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
        ["cite", "niqe", "koniq"],
        ["doctor"],
        ["doctor", "--help"],
        ["fit", "--help"],
        ["pick", "--help"],
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
