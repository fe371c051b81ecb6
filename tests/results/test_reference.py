"""docs/reference/api.md names every command and every public name, and whatever it names exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import bench as api
from bench.cli import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")


def test_every_command_has_its_function() -> None:
    table = PAGE.partition("## Every command")[2]
    missing = [name for name in COMMANDS if not re.search(rf"`(bench )?{name}\b|, `{name}`", table)]
    assert not missing


def test_every_public_name_is_listed() -> None:
    assert not [name for name in api.__all__ if f"{name}" not in PAGE and name != "__version__"]


def test_whatever_is_named_exists() -> None:
    for dotted in set(re.findall(r"`(bench(?:\.\w+)+)", PAGE)):
        module, _, name = dotted.rpartition(".")
        assert hasattr(importlib.import_module(module), name) or importlib.import_module(dotted), dotted


def test_every_method_of_results_is_listed() -> None:
    for name in dir(api.Results):
        if not name.startswith("_") and name != "entries":
            assert f".{name}(" in PAGE or f"`{name}`" in PAGE, name
